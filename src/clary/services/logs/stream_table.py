"""The table of log streams."""

from collections.abc import Sequence

from clary.services.logs.errors import invalid_parameter, stream_exists, stream_not_found
from clary.services.logs.models import LogStream
from clary.services.logs.schema import BEFORE_TIME, END_OF_TIME
from clary.state.database import Conflict, Database, Reader, Row, Transaction

_SELECT = """SELECT id, group_id, name, created, first_event, last_event, ingested, size, next_number
    FROM log_stream """
_SIZES = "SELECT group_id, SUM(size) FROM log_stream "
_DELETE = "DELETE FROM log_stream "
_TRIM = "INSERT INTO log_trim (stream_id, before) SELECT id, ? FROM log_stream "
_TRIM_ALL = " ON CONFLICT (stream_id) DO UPDATE SET before = excluded.before"
#: Sorts after every other character.
_HIGHEST = "\U0010ffff"


async def insert_stream(tx: Transaction, group_id: int, name: str, created: int) -> None:
    """Add an empty stream.

    Raises:
        AwsError: ResourceAlreadyExistsException.
    """
    sql = """INSERT INTO log_stream (group_id, name, created, first_event, last_event, size, next_number)
        VALUES (?, ?, ?, ?, ?, 0, 0)"""
    try:
        await tx.execute(sql, group_id, _checked(name), created, END_OF_TIME, BEFORE_TIME)
    except Conflict:
        raise stream_exists() from None


async def load_stream(reader: Reader | Database, group_id: int, name: str) -> LogStream:
    """Return a stream.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    row = await reader.fetch_one(_SELECT + "WHERE group_id = ? AND name = ?", group_id, _checked(name))
    if row is None:
        raise stream_not_found()
    return LogStream(*row)


async def streams_by_name(
    reader: Reader | Database, group_id: int, *, prefix: str, after: str | None, descending: bool, limit: int
) -> list[LogStream]:
    """Return streams whose names begin with `prefix`, in the order of their names, from `after` on."""
    beyond, order = ("<", "DESC") if descending else (">", "ASC")
    highest = _checked(prefix) + _HIGHEST
    if after is None:
        after = highest + _HIGHEST if descending else ""
    which = f"""WHERE group_id = ? AND name {beyond} ? AND name >= ? AND name <= ? AND substr(name, 1, ?) = ?
        ORDER BY name {order} LIMIT ?"""
    params = (group_id, after, prefix, highest, len(prefix), prefix, limit)
    return [LogStream(*row) for row in await reader.fetch_all(_SELECT + which, *params)]


async def streams_by_time(
    reader: Reader | Database, group_id: int, *, after: Sequence[int | str] | None, descending: bool, limit: int
) -> list[LogStream]:
    """Return streams in the order of their last events, the empty ones as the oldest, from `after` (time, name) on."""
    beyond, order = ("<", "DESC") if descending else (">", "ASC")
    time, name = after or (END_OF_TIME if descending else BEFORE_TIME, "")
    which = f"""WHERE group_id = ? AND (last_event, name) {beyond} (?, ?)
        ORDER BY last_event {order}, name {order} LIMIT ?"""
    return [LogStream(*row) for row in await reader.fetch_all(_SELECT + which, group_id, time, name, limit)]


async def streams_in_time(
    reader: Reader | Database, group_id: int, prefix: str, start: int, end: int
) -> list[LogStream]:
    """Return the streams that may hold events from `start` up to, not including, `end`."""
    which = "WHERE group_id = ? AND last_event >= ? AND first_event < ? AND substr(name, 1, ?) = ?"
    return [
        LogStream(*row)
        for row in await reader.fetch_all(_SELECT + which, group_id, start, end, len(prefix), _checked(prefix))
    ]


async def take_numbers(
    tx: Transaction, group_id: int, name: str, *, count: int, first: int, last: int, size: int, now: int
) -> Row:
    """Count `count` events from time `first` to `last` into a stream; return its id and the next free number.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    sql = """UPDATE log_stream SET next_number = next_number + ?, size = size + ?, ingested = ?,
        first_event = CASE WHEN first_event < ? THEN first_event ELSE ? END,
        last_event = CASE WHEN last_event > ? THEN last_event ELSE ? END
        WHERE group_id = ? AND name = ? RETURNING id, next_number"""
    row = await tx.fetch_one(sql, count, size, now, first, first, last, last, group_id, _checked(name))
    if row is None:
        raise stream_not_found()
    return row


async def stored_bytes(reader: Reader | Database, group_ids: Sequence[int]) -> dict[int, int]:
    """Return the size of each group's streams together, in bytes."""
    if not group_ids:
        return {}
    which = f"WHERE group_id IN ({', '.join('?' * len(group_ids))}) GROUP BY group_id"
    rows = await reader.fetch_all(_SIZES + which, *group_ids)
    return {row[0]: int(row[1]) for row in rows}


async def delete_streams(tx: Transaction, group_id: int, name: str | None = None) -> None:
    """Remove one stream of a group or all; their events are left to the trimming."""
    which = "WHERE group_id = ?" if name is None else "WHERE group_id = ? AND name = ?"
    params = [group_id] if name is None else [group_id, name]
    await tx.execute(_TRIM + which + _TRIM_ALL, END_OF_TIME, *params)
    await tx.execute(_DELETE + which, *params)


def _checked(name: str) -> str:
    """Return a name, or the beginning of one, that every database can hold.

    Raises:
        AwsError: InvalidParameterException for one with NUL in it.
    """
    if "\0" in name:
        raise invalid_parameter("A log stream name must not contain NUL characters.")
    return name
