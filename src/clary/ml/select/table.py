"""The rows that an expression sees: their SQL, and what its names refer to."""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from clary.ml.select.errors import SelectError
from clary.ml.select.syntax import Key, Path, Query, Star, Step
from clary.ml.select.value import Type, Value, quote

_POSITION = re.compile(r"_(\d{1,6})")
_SIMPLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)
#: DuckDB's types that need no more than their name to be ours.
_PARQUET_TYPES = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), Type.INT),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), Type.INT),
    **dict.fromkeys(("FLOAT", "DOUBLE"), Type.FLOAT),
    **dict.fromkeys(("VARCHAR", "UUID", "TIME", "ENUM"), Type.TEXT),
    "BOOLEAN": Type.BOOL,
}


class Table(ABC):
    """What stands behind `S3Object`. `sql` is what to select FROM."""

    sql: str

    @abstractmethod
    def resolve(self, steps: Sequence[Step]) -> Value:
        """Return what a path, without the table's alias, refers to.

        Raises:
            SelectError: nothing.
        """

    @abstractmethod
    def columns(self) -> Sequence[tuple[str, Value]]:
        """Return what `*` stands for; nothing where every row has fields of its own, which `row` then is."""

    @property
    def row(self) -> Value | None:
        """The whole row, where that is one value."""
        return None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the object, and the SQL of its value."""

    name: str
    value: Value


class NamedColumns(Table):
    """Columns that are known before the first row: those of CSV and Parquet."""

    def __init__(self, sql: str, columns: Sequence[Column], unknown: str, *, positions: bool) -> None:
        """`unknown` is the error for a name that no column has; `positions` says whether `_1` is the first column."""
        self.sql = sql
        self._columns = columns
        self._unknown = unknown
        self._positions = positions

    def resolve(self, steps: Sequence[Step]) -> Value:
        """Return a column; unquoted names are found whatever their capitals."""
        key = steps[0]
        if len(steps) > 1 or not isinstance(key, Key):
            raise SelectError("InvalidKeyPath")
        if self._positions and (position := position_of(key)) is not None:
            if not 1 <= position <= len(self._columns):
                raise SelectError("InvalidColumnIndex", key.name)
            return self._columns[position - 1].value
        exact = [column for column in self._columns if column.name == key.name]
        name = key.name.lower()
        found = exact if key.exact else [column for column in self._columns if column.name.lower() == name]
        if not found:
            raise SelectError(self._unknown, key.name)
        if len(found) > 1:
            raise SelectError("AmbiguousFieldName", key.name)
        return found[0].value

    def columns(self) -> Sequence[tuple[str, Value]]:
        """Return all."""
        return [(column.name, column.value) for column in self._columns]


class Documents(Table):
    """Rows of JSON: each is one value, `row`."""

    def __init__(self, reader: str, source: Sequence[Step], alias: str | None) -> None:
        """`reader` selects the object's values as `row`; `source` leads from each of them to the rows."""
        rows = reader
        taken: list[Step] = []
        for step in source:
            if isinstance(step, Star):
                rows = f"(SELECT unnest(json_extract({_extract('row', taken)}, '$[*]')) AS row FROM {rows})"  # noqa: S608 - quoted
                taken = []
            else:
                taken.append(step)
        if taken:
            rows = f"(SELECT {_extract('row', taken)} AS row FROM {rows})"  # noqa: S608 - quoted
        self.sql = rows
        last = source[-1] if source else None
        #: A path that ends in a name gives the rows that name.
        self.name = alias or (last.name if isinstance(last, Key) else None)

    @property
    def row(self) -> Value:
        """The row, as JSON."""
        return Value("row", Type.JSON, optional=True)

    def resolve(self, steps: Sequence[Step]) -> Value:
        """Return what the row has there; `_1` and the rows' name are the row itself."""
        first = steps[0]
        if isinstance(first, Key) and first.name in {"_1", self.name}:
            steps = steps[1:]
        if Star.STAR in steps:
            raise SelectError("ParseInvalidPathComponent", "[*]")
        return Value(_extract("row", steps), Type.JSON, optional=True)

    def columns(self) -> Sequence[tuple[str, Value]]:
        """Each row has its own."""
        return []


def parquet_table(sql: str, described: Sequence[tuple[str, str]]) -> NamedColumns:
    """Return the table of a Parquet file: `described` are its columns' names and DuckDB's types of them."""
    columns = [Column(name, _parquet_value(f'"{name.replace(chr(34), chr(34) * 2)}"', of)) for name, of in described]
    return NamedColumns(sql, columns, "EvaluatorBindingDoesNotExist", positions=False)


def position_of(key: Key) -> int | None:
    """Return the number of a column that is named by it (`_3`)."""
    match = _POSITION.fullmatch(key.name)
    return int(match[1]) if match and not key.exact else None


def highest_position(query: Query) -> int:
    """Return the highest number that a column is named by; rows may have more columns than the first one."""
    found = [1]
    pending: list[object] = [query]
    while pending:
        node = pending.pop()
        if isinstance(node, Path):
            found += [position_of(step) or 0 for step in node.steps if isinstance(step, Key)]
        elif isinstance(node, (list, tuple)):
            pending += node
        elif hasattr(node, "__dataclass_fields__"):
            pending += [getattr(node, name) for name in node.__dataclass_fields__]
    return max(found)


def _extract(row: str, steps: Sequence[Step]) -> str:
    """Return SQL of what JSON has at a path: a name in an object, a place in a list."""
    path = "$"
    for step in steps:
        if isinstance(step, Key) and not _SIMPLE.fullmatch(step.name):
            pointer = "/" + step.name.replace("~", "~0").replace("/", "~1")
            row, path = f"json_extract({_at(row, path)}, {quote(pointer)})", "$"
        else:
            path += f".{step.name}" if isinstance(step, Key) else f"[{step}]"
    return _at(row, path)


def _at(row: str, path: str) -> str:
    return row if path == "$" else f"json_extract({row}, '{path}')"


def _parquet_value(sql: str, of: str) -> Value:
    if known := _PARQUET_TYPES.get(of.partition("(")[0]):
        if of.startswith(("UUID", "TIME", "ENUM")):
            sql = f"CAST({sql} AS VARCHAR)"
        return Value(sql, known)
    if of.startswith("DECIMAL") and not of.endswith("[]"):
        return Value(sql, Type.DECIMAL)
    if of in {"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}:
        return Value(f"CAST({sql} AS TIMESTAMP)", Type.MOMENT)
    if of == "BLOB":
        return Value(f"decode({sql})", Type.TEXT)
    return Value(f"to_json({sql})", Type.JSON)
