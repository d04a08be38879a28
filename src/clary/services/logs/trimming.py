"""Removing events whose stream is deleted or whose time is over: in slices, behind the answers.

What is to go stands in `log_trim`, so that the next start goes on where this one ended.
"""

import asyncio

from clary.services.logs.models import DAY, EVENT_OVERHEAD
from clary.services.logs.schema import END_OF_TIME
from clary.state.database import Database, Transaction

_SLICE = 2000
#: Milliseconds between two looks for events that have outlived their retention.
_INTERVAL = 3_600_000


class Trimmer:
    """The one task that removes events. It runs while there is something to remove."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._task: asyncio.Task[None] | None = None
        self._looked = 0
        self._wanted = False

    def wake(self) -> None:
        """Remove what `log_trim` names, soon."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def is_due(self, now: int) -> bool:
        """Say, once an hour, that it is time to look for expired events."""
        if now - self._looked < _INTERVAL:
            return False
        self._looked = now
        return True

    async def finish(self) -> None:
        """Wait until nothing is left to remove."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Leave the rest to the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            while row := await self._database.fetch_one("SELECT stream_id, before FROM log_trim LIMIT 1"):
                async with self._database.write() as tx:
                    await _trim(tx, *row)


async def expire(tx: Transaction, now: int) -> None:
    """Name in `log_trim` what has outlived its group's retention at time `now`."""
    sql = """INSERT INTO log_trim (stream_id, before)
        SELECT s.id, ? - g.retention * ? FROM log_stream s JOIN log_group g ON g.id = s.group_id
        WHERE g.retention IS NOT NULL AND s.first_event < ? - g.retention * ?
        ON CONFLICT (stream_id) DO UPDATE SET before = excluded.before WHERE excluded.before > log_trim.before"""
    await tx.execute(sql, now, DAY, now, DAY)


async def _trim(tx: Transaction, stream_id: int, before: int) -> None:
    """Remove one slice of a stream's events before a time; forget the stream once there are none."""
    sql = """SELECT time, number, LENGTH(message) FROM log_event
        WHERE stream_id = ? AND time < ? ORDER BY time, number LIMIT ?"""
    rows = await tx.fetch_all(sql, stream_id, before, _SLICE)
    if not rows:
        await tx.execute("DELETE FROM log_trim WHERE stream_id = ? AND before = ?", stream_id, before)
        return
    last_time, last_number, _ = rows[-1]
    sql = "DELETE FROM log_event WHERE stream_id = ? AND (time, number) <= (?, ?)"
    await tx.execute(sql, stream_id, last_time, last_number)
    sql = """UPDATE log_stream SET size = size - ?,
        first_event = COALESCE((SELECT MIN(time) FROM log_event WHERE stream_id = ?), ?)
        WHERE id = ?"""
    await tx.execute(sql, sum(row[2] + EVENT_OVERHEAD for row in rows), stream_id, END_OF_TIME, stream_id)
