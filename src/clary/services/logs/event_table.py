"""The table of log events: append, and read a range of one stream."""

from collections.abc import Sequence

from clary.services.logs.models import LogEvent, LogStream
from clary.state.database import Database, Reader, Transaction

_INSERT = "INSERT INTO log_event (stream_id, time, number, ingested, message) VALUES (?, ?, ?, ?, ?)"

#: Bytes of events that one answer holds at most.
PAGE_BYTES = 1_048_576
#: Events that one answer holds at most.
PAGE_EVENTS = 10_000

#: The place of an event in its stream: time and number.
Place = tuple[int, int]


async def append_events(tx: Transaction, stream_id: int, events: Sequence[LogEvent]) -> None:
    """Add events that have their numbers."""
    rows = [(stream_id, event.time, event.number, event.ingested, event.message) for event in events]
    if len(rows) == 1:
        await tx.execute(_INSERT, *rows[0])
    else:
        await tx.execute_many(_INSERT, rows)


async def events_after(reader: Reader | Database, stream_id: int, place: Place, end: int, limit: int) -> list[LogEvent]:
    """Return the first events after `place` and before time `end`, the oldest first."""
    sql = """SELECT time, number, ingested, message FROM log_event
        WHERE stream_id = ? AND (time, number) > (?, ?) AND time < ? ORDER BY time, number LIMIT ?"""
    return [LogEvent(*row) for row in await reader.fetch_all(sql, stream_id, *place, end, limit)]


async def events_before(
    reader: Reader | Database, stream_id: int, place: Place, start: int, limit: int
) -> list[LogEvent]:
    """Return the last events before `place` and not before time `start`, the newest first."""
    sql = """SELECT time, number, ingested, message FROM log_event
        WHERE stream_id = ? AND (time, number) < (?, ?) AND time >= ? ORDER BY time DESC, number DESC LIMIT ?"""
    return [LogEvent(*row) for row in await reader.fetch_all(sql, stream_id, *place, start, limit)]


async def read_page(
    reader: Reader | Database, stream: LogStream, place: Place, bound: int, limit: int, *, backward: bool
) -> list[LogEvent]:
    """Return up to `limit` events and 1 MiB from `place` on, in the order that they are read in.

    `bound` is the time to stop before (forward) or the earliest that counts (backward). Events are fetched in slices
    made after the stream's mean event, so that large ones do not fill the memory.
    """
    read = events_before if backward else events_after
    page: list[LogEvent] = []
    room = PAGE_BYTES
    while True:
        slice_length = min(limit - len(page), max(16, room // stream.mean_event + 1))
        events = await read(reader, stream.id, place, bound, slice_length)
        for event in events:
            room -= event.size
            if room < 0 and page:
                return page
            page.append(event)
        if len(events) < slice_length or len(page) == limit:
            return page
        place = (page[-1].time, page[-1].number)
