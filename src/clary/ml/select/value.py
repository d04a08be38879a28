"""A value in DuckDB's SQL, with what is known of its type, and how it becomes another type.

CSV's fields are text and JSON's are whatever each row has, so most of what an expression compares has no type. A number
makes numbers of what it is compared with, and so on; what cannot become one is unknown (NULL), as in the comparison of
values of two types.
"""

from dataclasses import dataclass
from enum import Enum

from clary.ml.select.errors import SelectError


class Type(Enum):
    """JSON: whatever the row has there. MOMENT: a timestamp, in UTC. UNKNOWN: that of NULL."""

    TEXT = "text"
    JSON = "json"
    INT = "int"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOL = "bool"
    MOMENT = "moment"
    UNKNOWN = "unknown"


NUMBERS = {Type.INT, Type.FLOAT, Type.DECIMAL}
_LOOSE = {Type.TEXT, Type.JSON}
_JSON_NUMBERS = "('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE', 'DECIMAL')"


@dataclass(frozen=True, slots=True)
class Value:
    """SQL of a value. `optional`: a NULL means that the row lacks it (MISSING), rather than that it has NULL there."""

    sql: str
    type: Type
    optional: bool = False


NULL = Value("NULL", Type.UNKNOWN)


def quote(text: str) -> str:
    """Return text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def as_text(value: Value) -> str:
    """Return SQL of the value as text; JSON's null is NULL, a list or an object is its JSON."""
    sql = value.sql
    match value.type:
        case Type.TEXT:
            return sql
        case Type.JSON:
            return f"json_extract_string({sql}, '$')"
        case Type.FLOAT:
            return f"regexp_replace(CAST({sql} AS VARCHAR), '\\.0$', '')"
        case Type.DECIMAL:
            return f"regexp_replace(CAST({sql} AS VARCHAR), '\\.0+$|(\\.\\d*[1-9])0+$', '\\1')"
        case Type.MOMENT:
            seconds = f"regexp_replace(strftime({sql}, '%Y-%m-%dT%H:%M:%S.%f'), '\\.?0+$', '')"
            whole = f"strftime({sql}, '%Y-%m-%dT%H:%M:%S')"
            return f"(CASE WHEN microsecond({sql}) % 1000000 = 0 THEN {whole} ELSE {seconds} END || 'Z')"
        case _:
            return f"CAST({sql} AS VARCHAR)"


def as_json(value: Value) -> str:
    """Return SQL of the value as JSON text; NULL where it is NULL."""
    match value.type:
        case Type.JSON:
            return f"CAST({value.sql} AS VARCHAR)"
        case Type.INT | Type.DECIMAL | Type.BOOL:
            return as_text(value)
        case Type.FLOAT:
            return f"CASE WHEN isfinite({value.sql}) THEN {as_text(value)} ELSE to_json({as_text(value)}) END"
        case _:
            return f"CAST(to_json({as_text(value)}) AS VARCHAR)"


def as_number(value: Value, *, strict: bool = True) -> Value:
    """Return the value as a number; what is no number is an error, or where not `strict` NULL.

    Raises:
        SelectError: its type never is one.
    """
    if value.type in NUMBERS or value.type is Type.UNKNOWN:
        return value
    if value.type not in _LOOSE:
        raise SelectError("InvalidDataType", f"{value.type.value} in place of a number")
    cast = "CAST" if strict else "TRY_CAST"
    return Value(f"{cast}({as_text(value)} AS DOUBLE)", Type.FLOAT)


def as_bool(value: Value) -> str:
    """Return SQL of the value as a truth value.

    Raises:
        SelectError: its type never is one.
    """
    if value.type in {Type.BOOL, Type.UNKNOWN}:
        return f"({value.sql})"
    if value.type not in _LOOSE:
        raise SelectError("InvalidDataType", f"{value.type.value} in place of a condition")
    return f"TRY_CAST({as_text(value)} AS BOOLEAN)"


def as_moment(value: Value, *, strict: bool = True) -> str:
    """Return SQL of the value as a timestamp in UTC, from ISO 8601's forms, `2007T` and `2007-04T` among them.

    Raises:
        SelectError: its type never is one.
    """
    if value.type in {Type.MOMENT, Type.UNKNOWN}:
        return value.sql
    if value.type not in _LOOSE:
        raise SelectError("InvalidDataType", f"{value.type.value} in place of a timestamp")
    text = as_text(value)
    for short, full in (("^(\\d{4})T?$", "\\1-01-01"), ("^(\\d{4}-\\d\\d)T?$", "\\1-01"), ("T$", "")):
        text = f"regexp_replace({text}, '{short}', '{full}')"
    cast = "CAST" if strict else "TRY_CAST"
    return f"CAST({cast}({text} AS TIMESTAMPTZ) AS TIMESTAMP)"


def compare(left: Value, operator: str, right: Value) -> str:
    """Return SQL of a comparison.

    Raises:
        SelectError: the two types have nothing in common.
    """
    types = {left.type, right.type}
    if Type.UNKNOWN in types:
        return "CAST(NULL AS BOOLEAN)"
    if types & NUMBERS:
        return f"({_number_beside(left, right)} {operator} {_number_beside(right, left)})"
    if Type.BOOL in types:
        return f"({as_bool(left)} {operator} {as_bool(right)})"
    if Type.MOMENT in types:
        return f"({as_moment(left, strict=False)} {operator} {as_moment(right, strict=False)})"
    texts = f"({as_text(left)} {operator} {as_text(right)})"
    if types != {Type.JSON}:
        return texts
    both = f"json_type({left.sql}) IN {_JSON_NUMBERS} AND json_type({right.sql}) IN {_JSON_NUMBERS}"
    numbers = f"TRY_CAST({as_text(left)} AS DOUBLE) {operator} TRY_CAST({as_text(right)} AS DOUBLE)"
    return f"(CASE WHEN {both} THEN {numbers} ELSE {texts} END)"


def _number_beside(value: Value, other: Value) -> str:
    """Return a number to be compared with `other`: exact where `other` is a whole number that a float would round."""
    if value.type in _LOOSE and other.type is Type.INT and len(other.sql) > 15 and other.sql.lstrip("-").isdigit():
        return f"TRY_CAST({as_text(value)} AS DECIMAL(38, 9))"
    return as_number(value, strict=False).sql


def unify(values: list[Value]) -> list[Value]:
    """Return the values in one type: their own, numbers, or JSON where they have several."""
    types = {value.type for value in values} - {Type.UNKNOWN}
    if types <= NUMBERS:
        one = Type.FLOAT if Type.FLOAT in types else Type.DECIMAL if Type.DECIMAL in types else Type.INT
        return [value if value.type is Type.UNKNOWN else Value(value.sql, one) for value in values]
    if len(types) == 1 and types != {Type.JSON}:
        return values
    return [Value(f"CAST(nullif({as_json(value)}, 'null') AS JSON)", Type.JSON) for value in values]
