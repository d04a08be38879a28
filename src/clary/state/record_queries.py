"""A `Query` as SQL: keyset pages over the table `record`.

A page is found by an index in the order asked for, beginning behind the last record of the page before: its cost does
not depend on how many records there are. What narrows further within that order (`key_contains`, the bounds of another
column, several statuses) is looked at record by record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clary.state.cursors import Position, decode, digest, encode
from clary.state.database import Migration, Row, Value
from clary.state.records import Query

RECORDS = Migration(
    "state/0001_records",
    (
        """CREATE TABLE record (
            kind {text} NOT NULL, scope {text} NOT NULL, key {text} NOT NULL, parent {text}, status {text} NOT NULL,
            created {float} NOT NULL, modified {float} NOT NULL, version {integer} NOT NULL, body {bytes} NOT NULL,
            PRIMARY KEY (kind, scope, key))""",
        "CREATE INDEX record_by_created ON record (kind, scope, created, key)",
        "CREATE INDEX record_by_modified ON record (kind, scope, modified, key)",
        "CREATE INDEX record_by_status ON record (kind, scope, status, created, key)",
        *(
            f"CREATE INDEX record_by_parent_{name} ON record (kind, scope, parent, {columns}) WHERE parent IS NOT NULL"
            for name, columns in (("key", "key"), ("created", "created, key"), ("modified", "modified, key"))
        ),
    ),
)

#: The columns by which each order sorts, so that it is total, with the types of their values.
_ORDERS: dict[str, dict[str, type]] = {
    "key": {"key": str},
    "created": {"created": float, "key": str},
    "modified": {"modified": float, "key": str},
    "status": {"status": str, "created": float, "key": str},
}
_COLUMNS = ("key", "body", "status", "created", "modified", "version")


@dataclass(frozen=True, slots=True)
class Selection:
    """One page's SELECT. It asks for one row more than the page holds, which tells whether another page follows."""

    sql: str
    params: tuple[Value, ...]
    query_digest: str
    sort_columns: tuple[str, ...]

    def cursor_after(self, row: Row) -> str:
        """Return the cursor to what follows `row`."""
        position: Position = [row[_COLUMNS.index(column)] for column in self.sort_columns]
        return encode(self.query_digest, position)


def select(kind: str, scope: str, query: Query) -> Selection:
    """Return the SELECT for one page of `query`.

    Raises:
        StaleCursor: its cursor belongs to another query.
    """
    order = _ORDERS[query.sort_by]
    what = replace(query, limit=0, cursor=None)
    query_digest = digest(kind, scope, *(getattr(what, name) for name in what.__slots__))
    where, params = _narrow(kind, scope, query)
    if query.cursor is not None:
        marks = ", ".join("?" for _ in order)
        where.append(f"({', '.join(order)}) {'<' if query.descending else '>'} ({marks})")
        params += decode(query.cursor, query_digest, list(order.values()))
    direction = " DESC" if query.descending else ""
    ordering = ", ".join(column + direction for column in order)
    sql = f"SELECT {', '.join(_COLUMNS)} FROM record WHERE {' AND '.join(where)} ORDER BY {ordering} LIMIT ?"  # noqa: S608
    return Selection(sql, (*params, query.limit + 1), query_digest, tuple(order))


def _narrow(kind: str, scope: str, query: Query) -> tuple[list[str], list[Value]]:
    """Return the conditions and their parameters, those that an index begins with first."""
    conditions: list[tuple[str, Sequence[Value | None]]] = [("kind = ?", (kind,)), ("scope = ?", (scope,))]
    conditions += [
        ("parent = ?", (query.parent,)),
        ("created > ?", (query.created_after,)),
        ("created < ?", (query.created_before,)),
        ("modified > ?", (query.modified_after,)),
        ("modified < ?", (query.modified_before,)),
    ]
    if query.key_prefix:
        conditions += [("key >= ?", (query.key_prefix,)), ("key < ?", (after_prefix(query.key_prefix),))]
    if query.key_contains:
        conditions.append((r"lower(key) LIKE ? ESCAPE '\'", (f"%{_literal(query.key_contains.lower())}%",)))
    if len(query.statuses) == 1:
        conditions.append(("status = ?", query.statuses))
    elif query.statuses:
        marks = ", ".join("?" for _ in query.statuses)
        # An expression, so that no index on status is taken for it: that one is in another order.
        conditions.append((f"status || '' IN ({marks})", query.statuses))
    asked = [(condition, values) for condition, values in conditions if None not in values]
    return [condition for condition, _ in asked], [value for _, values in asked for value in values]


def after_prefix(prefix: str) -> str | None:
    """Return the least text that is greater, by its UTF-8 bytes, than every text that begins with `prefix`."""
    for length in range(len(prefix), 0, -1):
        point = ord(prefix[length - 1])
        if point < 0x10FFFF:
            following = 0xE000 if point == 0xD7FF else point + 1  # surrogates have no UTF-8
            return prefix[: length - 1] + chr(following)
    return None


def _literal(text: str) -> str:
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
