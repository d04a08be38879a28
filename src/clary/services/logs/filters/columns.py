"""Patterns of messages in columns: `[ip, user, ..., status = 4* || status = 5*, size > 1000]`."""

import re

from clary.services.logs.filters.conditions import Conditions
from clary.services.logs.filters.pattern import invalid_pattern

_REST = "..."
_NAME = re.compile(r"[\w\-]+")
_COLUMN = re.compile(r'((?:"(?:[^"\\]|\\.)*"|%[^%]*%|[^,"%])*)(,|$)')
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|\[([^\]]*)\]|(\S+)')


class ColumnFilter:
    """Columns by position, parted by white space; what stands in quotes or brackets is one column.

    The number of columns must be that of the pattern, except where `...` stands for any number.
    """

    def __init__(self, pattern: str) -> None:
        if not pattern.endswith("]"):
            raise invalid_pattern("a bracket is not closed")
        columns = _columns(pattern[1:-1])
        if not all(columns) or columns.count(_REST) > 1:
            raise invalid_pattern("columns are names with or without conditions, and at most one ...")
        self._columns = [None if column == _REST else _Column(column) for column in columns]

    def matches(self, message: str) -> bool:
        """Say whether every column fits."""
        pairs = self._paired(message)
        return pairs is not None and all(column.fits(value) for column, value in pairs)

    def extract(self, message: str) -> dict[str, str]:
        """Return the columns by their names, those under `...` by their numbers."""
        fields = _fields(message)
        pairs = self._paired(message) or []
        named = {f"${column.name}": value for column, value in pairs}
        if None not in self._columns:
            return named
        place = self._columns.index(None)
        hidden = len(fields) - len(pairs)
        return named | {f"${place + number + 1}": fields[place + number] for number in range(hidden)}

    def _paired(self, message: str) -> list[tuple["_Column", str]] | None:
        """Return each column with its value; None when the numbers do not fit."""
        fields = _fields(message)
        if None not in self._columns:
            columns = [column for column in self._columns if column]
            return list(zip(columns, fields, strict=True)) if len(columns) == len(fields) else None
        place = self._columns.index(None)
        head = [column for column in self._columns[:place] if column]
        tail = [column for column in self._columns[place + 1 :] if column]
        if len(fields) < len(head) + len(tail):
            return None
        last = len(fields) - len(tail)
        return [*zip(head, fields, strict=False), *zip(tail, fields[last:], strict=True)]


class _Column:
    def __init__(self, text: str) -> None:
        if _NAME.fullmatch(text):
            self.name, self._conditions = text, None
            return
        self._conditions = Conditions(text)
        names = set(self._conditions.selectors)
        if len(names) > 1:
            raise invalid_pattern(f"{text} speaks of more than one column")
        self.name = names.pop()

    def fits(self, value: str) -> bool:
        return self._conditions is None or self._conditions.holds(lambda _: [value])


def _columns(text: str) -> list[str]:
    """Split at the commas that stand neither in quotes nor in percent signs."""
    columns, end, comma = [], 0, ","
    while comma:
        column = _COLUMN.match(text, end)
        if column is None:
            raise invalid_pattern(f"cannot read {text[end:].strip()!r}")
        columns.append(column[1].strip())
        comma, end = column[2], column.end()
    return columns


def _fields(message: str) -> list[str]:
    return [quoted or bracketed or bare for quoted, bracketed, bare in _FIELD.findall(message)]
