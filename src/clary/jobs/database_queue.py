"""The job queue in the metadata database.

Decision: a job is a row, a running job a task of the event loop. Enqueueing wakes the dispatcher when the caller's
transaction commits, so a job starts within milliseconds and nothing is polled. A server that has its database for
itself needs neither lease nor heartbeat: whatever is owned when it starts belonged to a run that is over. Servers that
share a PostgreSQL database lease jobs for `LEASE_SECONDS`, renew them, and look for each other's jobs now and then.
"""

import asyncio
import contextlib
import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clary.jobs import job_table as table
from clary.jobs.job_table import JobRow
from clary.jobs.program import StopRequest
from clary.jobs.queue import Job, JobKind, Queue
from clary.state.clock import Clock
from clary.state.database import Database, Transaction

logger = logging.getLogger(__name__)

#: Failures of its handler after which a job is lost.
ATTEMPTS = 3
#: Pause after the first failure; each further one waits four times as long.
RETRY_SECONDS = 1.0
#: Pause before `on_lost` is tried again when it failed itself.
LOST_RETRY_SECONDS = 60.0
LEASE_SECONDS = 30.0
#: How often the clock is looked at while delayed jobs wait. The clock is not the event loop's: tests move it.
DELAY_TICK_SECONDS = 0.1
#: How long handlers may take to clean up when they are cancelled.
CLOSE_SECONDS = 30.0


class DatabaseQueue(Queue):
    """A queue over the metadata database; at most `concurrency` jobs run at once.

    Create its table with `database.migrate(DatabaseQueue.migrations)` before anything else. `shared`: other servers
    work on the same database; leases are then renewed, and others' jobs looked for, every `heartbeat_seconds`.
    """

    migrations = table.MIGRATIONS

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        shared: bool = False,
        heartbeat_seconds: float = 5.0,
        concurrency: int = 256,
    ) -> None:
        self.owner = uuid.uuid4().hex
        self._database = database
        self._clock = clock
        self._shared = shared
        self._heartbeat_seconds = heartbeat_seconds
        self._concurrency = concurrency
        self._kinds: dict[str, JobKind] = {}
        self._running: dict[int, _Run] = {}
        self._busy: dict[str, int] = {}
        #: Kinds of which a job may be due.
        self._ready: set[str] = set()
        self._next_due: float | None = None
        self._wake = asyncio.Event()
        self._work: list[asyncio.Task[None]] = []

    def register(self, kind: str, job_kind: JobKind) -> None:
        """Say how jobs of `kind` run."""
        self._kinds[kind] = job_kind
        self._look(kind)

    async def enqueue(
        self,
        tx: Transaction,
        kind: str,
        *,
        scope: str,
        key: str,
        payload: dict[str, Any] | None = None,
        delay: float = 0,
    ) -> None:
        """Add a job to the caller's transaction."""
        now = self._clock.now()
        await tx.execute(table.INSERT, kind, scope, key, json.dumps(payload or {}), now, now + delay)
        tx.on_commit(lambda: self._expect(kind, now + delay))

    async def request_stop(self, tx: Transaction, kind: str, *, scope: str, key: str) -> bool:
        """Ask the job to stop. The event of one that runs here is set when `tx` commits."""
        now = self._clock.now()
        found = await tx.execute(table.REQUEST_STOP, now, now, kind, scope, key)
        if found:
            tx.on_commit(lambda: self._stop_local(kind, scope, key))
        return found > 0

    async def finish(self, tx: Transaction, job: Job) -> None:
        """End `job` in the transaction that records its outcome."""
        await tx.execute(table.DELETE_OWNED, job.id, self.owner)
        tx.on_commit(lambda: self._mark_finished(job.id))

    async def live_kinds(self) -> set[str]:
        """Return the kinds of which live jobs exist."""
        async with self._database.read() as reader:
            return {str(row[0]) for row in await reader.fetch_all(table.KINDS)}

    async def start(self) -> None:
        """Take up what an earlier run left, then work."""
        if not self._shared:
            async with self._database.write() as tx:
                await tx.execute(table.TAKE_BACK, self.owner)
        self._look(*self._kinds)
        self._work.append(asyncio.create_task(self._dispatch(), name="jobs"))
        if self._shared:
            self._work.append(asyncio.create_task(self._heartbeat(), name="jobs-heartbeat"))

    async def close(self) -> None:
        """Stop taking jobs, cancel handlers, give leases back."""
        if not self._work:
            return
        tasks = [*self._work, *(run.task for run in self._running.values())]
        self._work = []
        for task in tasks:
            task.cancel()
        _, late = await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        for task in late:
            logger.error("a job did not end when it was cancelled: %s", task.get_name())
        async with self._database.write() as tx:
            await tx.execute(table.GIVE_BACK, self.owner)

    def _mark_finished(self, job_id: int) -> None:
        run = self._running.get(job_id)
        if run is not None:
            run.finished = True

    def _look(self, *kinds: str) -> None:
        self._ready.update(kind for kind in kinds if kind in self._kinds)
        self._wake.set()

    def _expect(self, kind: str, due: float) -> None:
        if due <= self._clock.now():
            self._look(kind)
        elif self._next_due is None or due < self._next_due:
            self._next_due = due
            self._wake.set()

    def _stop_local(self, kind: str, scope: str, key: str) -> None:
        for run in self._running.values():
            if (run.job.kind, run.job.scope, run.job.key) == (kind, scope, key):
                run.stop.event.set()
                return
        self._look(kind)

    async def _dispatch(self) -> None:
        while True:
            await self._wait()
            kinds, self._ready = self._ready, set()
            try:
                await self._claim(kinds)
            except Exception:
                logger.exception("jobs cannot be taken from the database; trying again")
                await asyncio.sleep(RETRY_SECONDS)
                self._look(*kinds)

    async def _wait(self) -> None:
        """Wait until jobs may be due: something was enqueued, a job ended, a delay has passed."""
        while not self._wake.is_set():
            if self._next_due is not None and self._clock.now() >= self._next_due:
                self._look(*self._kinds)
                break
            # Not `wait_for`: that of Python 3.11 swallows a cancellation that comes with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._next_due is None else DELAY_TICK_SECONDS):
                    await self._wake.wait()
        self._wake.clear()

    async def _claim(self, kinds: Iterable[str]) -> None:
        """Make due jobs ours and run them, as far as there is room."""
        now = self._clock.now()
        claimed: list[JobRow] = []
        async with self._database.write() as tx:
            for kind in sorted(kinds):
                room = self._room(kind, len(claimed))
                if room > 0:
                    claimed += await self._claim_kind(tx, kind, now, room)
            row = await tx.fetch_one(table.NEXT_DUE, now)
            # In the callback, which comes in the order of commits, so that a stop request right behind this block
            # finds its job running, and a delayed job right behind it is not forgotten.
            tx.on_commit(lambda: self._take_up(claimed, row[0] if row else None))

    async def _claim_kind(self, tx: Transaction, kind: str, now: float, room: int) -> list[JobRow]:
        rows = await tx.fetch_all(table.SELECT_DUE, kind, now, now, self.owner, room)
        lease = now + LEASE_SECONDS
        return [table.job_row(row) for row in rows if await tx.execute(table.CLAIM, self.owner, lease, row[0], now)]

    def _room(self, kind: str, claimed: int) -> int:
        """Return how many more jobs of `kind` may run, `claimed` of any kind being about to."""
        room = self._concurrency - len(self._running) - claimed
        bound = self._kinds[kind].concurrency
        return room if bound is None else min(room, bound - self._busy.get(kind, 0))

    def _take_up(self, claimed: list[JobRow], next_due: float | None) -> None:
        if not self._work:
            return  # closing: the commit came when `close` had cancelled us already, and it gives the jobs back
        self._next_due = next_due
        for row in claimed:
            stop = StopRequest()
            if row.stop:
                stop.event.set()
            task = asyncio.create_task(self._run(row, stop), name=f"{row.job.kind} {row.job.scope} {row.job.key}")
            self._running[row.job.id] = _Run(row.job, stop, task)
            self._busy[row.job.kind] = self._busy.get(row.job.kind, 0) + 1

    async def _run(self, row: JobRow, stop: StopRequest) -> None:
        try:
            if await self._attempt(row, stop):
                await self._record(row.job, table.DELETE_OWNED, row.job.id, self.owner)
        finally:
            del self._running[row.job.id]
            self._busy[row.job.kind] -= 1
            # The slot may be what any kind waits for.
            self._look(*self._kinds)

    async def _attempt(self, row: JobRow, stop: StopRequest) -> bool:
        """Run the handler once, and say whether the job is over."""
        job, kind, failures = row.job, self._kinds[row.job.kind], row.failures
        reason = "it failed too often"
        if failures < ATTEMPTS:
            try:
                await kind.handler(job, stop)
            except Exception as error:
                logger.exception("job %s (%s) failed in attempt %d", job.key, job.kind, job.attempt)
                failures += 1
                reason = f"{type(error).__name__}: {error}"
            else:
                return True
            if failures < ATTEMPTS:
                await self._retry(job, RETRY_SECONDS * 4 ** (failures - 1))
                return False
        try:
            await kind.on_lost(job, reason)
        except Exception:
            logger.exception("job %s (%s) is lost, and this cannot be recorded", job.key, job.kind)
            await self._retry(job, LOST_RETRY_SECONDS)
            return False
        return True

    async def _retry(self, job: Job, pause: float) -> None:
        due = self._clock.now() + pause
        await self._record(job, table.RETRY, due, job.id, self.owner)
        self._expect(job.kind, due)

    async def _record(self, job: Job, statement: str, *parameters: Any) -> None:
        """Write what becomes of a job that has ended, again and again while that is not kept (the disk is full, say).

        A job that is ours and does not run would else never run again.
        """
        while True:
            try:
                async with self._database.write() as tx:
                    await tx.execute(statement, *parameters)
            except Exception as error:
                logger.warning("what becomes of job %s (%s) is not kept; trying again: %s", job.key, job.kind, error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            try:
                await self._renew()
            except Exception:
                logger.exception("leases cannot be renewed; trying again")

    async def _renew(self) -> None:
        """Renew our leases, hear of stop requests, drop jobs that another server has taken, look for others' jobs."""
        running = list(self._running.values())
        async with self._database.write() as tx:
            await tx.execute(table.RENEW, self._clock.now() + LEASE_SECONDS, self.owner)
            owned = {row[0]: row[1] for row in await tx.fetch_all(table.OWNED, self.owner)}
        for run in running:
            if owned.get(run.job.id):
                run.stop.event.set()
            elif run.job.id not in owned and not run.finished:
                logger.warning("job %s (%s) was taken by another server", run.job.key, run.job.kind)
                run.task.cancel()
        self._look(*self._kinds)


@dataclass(slots=True)
class _Run:
    """A job that runs here. `finished`: its row is gone, its handler may still be tidying up."""

    job: Job
    stop: StopRequest
    task: asyncio.Task[None]
    finished: bool = False
