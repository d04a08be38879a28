"""S3 Select's functions in DuckDB's SQL. What is not named here does not exist.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference-sql-functions.html
"""

import re
from collections.abc import Callable, Mapping, Sequence

from clary.ml.select.errors import SelectError
from clary.ml.select.value import (
    NUMBERS,
    Type,
    Value,
    as_moment,
    as_number,
    as_text,
    compare,
    quote,
    unify,
)

_Function = Callable[[Sequence[Value]], Value]

#: What a pattern of TO_STRING may have, and strftime's word for it.
_PATTERN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']")
_FIELDS = {
    "yy": "%y", "y": "%Y", "yyyy": "%Y", "M": "%-m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%-d", "dd": "%d",
    "a": "%p", "h": "%-I", "hh": "%I", "H": "%-H", "HH": "%H", "m": "%-M", "mm": "%M", "s": "%-S", "ss": "%S",
    "SSS": "%g", "SSSSSS": "%f", "n": "%n", "X": "Z", "XX": "Z", "XXX": "Z", "XXXXX": "Z", "x": "+00", "xx": "+0000",
    "xxx": "+00:00", "xxxxx": "+00:00",
}  # fmt: skip


def call(name: str, arguments: Sequence[Value]) -> Value:
    """Return what a function gives.

    Raises:
        SelectError: there is no such function, or it does not take such arguments.
    """
    if name not in _FUNCTIONS:
        raise SelectError("UnsupportedFunction", name)
    function, least, most = _FUNCTIONS[name]
    if not least <= len(arguments) <= most:
        raise SelectError("EvaluatorInvalidArguments", name)
    return function(arguments)


def cast(value: Value, name: str, params: Sequence[int]) -> Value:
    """Return a value as another type, which is an error for a row where it cannot be.

    Raises:
        SelectError: there is no such type.
    """
    if name in {"STRING", "CHAR", "VARCHAR", "CHARACTER"}:
        return Value(as_text(value), Type.TEXT)
    if name == "TIMESTAMP":
        return Value(as_moment(value), Type.MOMENT)
    source = value.sql if value.type in NUMBERS | {Type.BOOL} else as_text(value)
    if name in {"INT", "INTEGER"}:
        return Value(f"CAST({source} AS BIGINT)", Type.INT)
    if name in {"FLOAT", "DOUBLE", "REAL"}:
        return Value(f"CAST({source} AS DOUBLE)", Type.FLOAT)
    if name in {"DECIMAL", "NUMERIC"}:
        precision, scale = ((*params, 0) if params else (38, 9))[:2]
        if len(params) > 2 or not 1 <= precision <= 38 or scale > precision:
            raise SelectError("ParseInvalidTypeParam", f"{name}({', '.join(map(str, params))})")
        return Value(f"CAST({source} AS DECIMAL({precision}, {scale}))", Type.DECIMAL)
    if name in {"BOOL", "BOOLEAN"}:
        return Value(f"CAST({source} AS BOOLEAN)", Type.BOOL)
    raise SelectError("ParseExpectedTypeName", name)


def aggregate(name: str, value: Value | None) -> Value:
    """Return an aggregate of all rows; None is the `*` of COUNT."""
    if value is None:
        return Value("count(*)", Type.INT)
    if name == "COUNT":
        return Value(f"count({as_text(value)})", Type.INT)
    if value.type is not Type.MOMENT or name in {"SUM", "AVG"}:
        value = as_number(value)
    return Value(f"{name.lower()}({value.sql})", Type.FLOAT if name == "AVG" else value.type)


AGGREGATES = ("COUNT", "SUM", "AVG", "MIN", "MAX")


def _coalesce(arguments: Sequence[Value]) -> Value:
    values = unify(list(arguments))
    known = next((value.type for value in values if value.type is not Type.UNKNOWN), Type.UNKNOWN)
    return Value(f"coalesce({', '.join(value.sql for value in values)})", known)


def _nullif(arguments: Sequence[Value]) -> Value:
    left, right = arguments
    return Value(f"(CASE WHEN {compare(left, '=', right)} THEN NULL ELSE {left.sql} END)", left.type)


def _length(arguments: Sequence[Value]) -> Value:
    return Value(f"length({as_text(arguments[0])})", Type.INT)


def _lower(arguments: Sequence[Value]) -> Value:
    return Value(f"lower({as_text(arguments[0])})", Type.TEXT)


def _upper(arguments: Sequence[Value]) -> Value:
    return Value(f"upper({as_text(arguments[0])})", Type.TEXT)


def _substring(arguments: Sequence[Value]) -> Value:
    """Count from 1; what lies before the text counts for the length, as SQL has it."""
    text, start = as_text(arguments[0]), _whole(arguments[1])
    if len(arguments) == 2:
        return Value(f"substring({text}, greatest({start}, 1))", Type.TEXT)
    length = _whole(arguments[2])
    return Value(
        f"substring({text}, greatest({start}, 1), greatest({start} + {length} - greatest({start}, 1), 0))", Type.TEXT
    )


def _trim(arguments: Sequence[Value]) -> Value:
    side, text, *characters = arguments
    function = {"'LEADING'": "ltrim", "'TRAILING'": "rtrim"}.get(side.sql, "trim")
    return Value(f"{function}({', '.join(map(as_text, (text, *characters)))})", Type.TEXT)


def _date_add(arguments: Sequence[Value]) -> Value:
    part, quantity, moment = arguments
    if part.sql.startswith("'TIMEZONE"):
        raise SelectError("ParseExpectedDatePart", part.sql)
    interval = f"to_{part.sql.strip(chr(39)).lower()}s({_whole(quantity)})"
    return Value(f"({as_moment(moment)} + {interval})", Type.MOMENT)


def _date_diff(arguments: Sequence[Value]) -> Value:
    """Count whole intervals: an hour around midnight is no day."""
    part, first, second = arguments
    if part.sql.startswith("'TIMEZONE"):
        raise SelectError("ParseExpectedDatePart", part.sql)
    return Value(f"datesub({part.sql.lower()}, {as_moment(first)}, {as_moment(second)})", Type.INT)


def _extract(arguments: Sequence[Value]) -> Value:
    part, moment = arguments
    if part.sql.startswith("'TIMEZONE"):  # every timestamp is in UTC
        return Value(f"(CASE WHEN {as_moment(moment)} IS NOT NULL THEN 0 END)", Type.INT)
    return Value(f"date_part({part.sql.lower()}, {as_moment(moment)})", Type.INT)


def _to_string(arguments: Sequence[Value]) -> Value:
    moment, pattern = arguments
    if not (pattern.type is Type.TEXT and pattern.sql.startswith("'")):
        raise SelectError("EvaluatorInvalidArguments", "TO_STRING takes a constant pattern")
    return Value(
        f"strftime({as_moment(moment)}, {quote(_strftime(pattern.sql[1:-1].replace(chr(39) * 2, chr(39))))})", Type.TEXT
    )


def _strftime(pattern: str) -> str:
    result, at = "", 0
    while at < len(pattern):
        match = _PATTERN.match(pattern, at)
        field = match[0] if match else ""
        if match is None or (match[2] and field not in _FIELDS):
            raise SelectError("EvaluatorInvalidTimestampFormatPattern", pattern)
        result += _FIELDS[field] if match[2] else (match[1] if match[1] is not None else field).replace("%", "%%")
        at = match.end()
    return result


def _to_timestamp(arguments: Sequence[Value]) -> Value:
    return Value(as_moment(arguments[0]), Type.MOMENT)


def _utcnow(_: Sequence[Value]) -> Value:
    return Value("CAST(now() AS TIMESTAMP)", Type.MOMENT)


def _whole(value: Value) -> str:
    return f"CAST({as_number(value).sql} AS BIGINT)"


#: Each with the fewest and the most arguments it takes.
_FUNCTIONS: Mapping[str, tuple[_Function, int, int]] = {
    "COALESCE": (_coalesce, 1, 1000),
    "NULLIF": (_nullif, 2, 2),
    "CHAR_LENGTH": (_length, 1, 1),
    "CHARACTER_LENGTH": (_length, 1, 1),
    "LOWER": (_lower, 1, 1),
    "UPPER": (_upper, 1, 1),
    "SUBSTRING": (_substring, 2, 3),
    "TRIM": (_trim, 2, 3),
    "DATE_ADD": (_date_add, 3, 3),
    "DATE_DIFF": (_date_diff, 3, 3),
    "EXTRACT": (_extract, 2, 2),
    "TO_STRING": (_to_string, 2, 2),
    "TO_TIMESTAMP": (_to_timestamp, 1, 1),
    "UTCNOW": (_utcnow, 0, 0),
}
