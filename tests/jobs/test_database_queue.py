import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.program import StopRequest
from clary.jobs.queue import Job, JobKind
from clary.state.clock import Clock, SystemClock
from clary.state.database import Conflict, Database
from clary.testing.clock import FakeClock

KIND, SCOPE, SECONDS = "demo.work", "123/eu-west-1", 10


class Recorder:
    """Handlers that note what they are given, and wait where a test says so."""

    def __init__(self) -> None:
        self.jobs: asyncio.Queue[Job] = asyncio.Queue()
        self.lost: asyncio.Queue[tuple[Job, str]] = asyncio.Queue()
        self.stops: dict[str, StopRequest] = {}
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def handle(self, job: Job, stop: StopRequest) -> None:
        self.stops[job.key] = stop
        self.jobs.put_nowait(job)
        await self.gate.wait()
        if self.error:
            raise self.error

    async def on_lost(self, job: Job, reason: str) -> None:
        self.lost.put_nowait((job, reason))

    def kind(self, concurrency: int | None = None) -> JobKind:
        return JobKind(self.handle, self.on_lost, concurrency)

    async def next(self) -> Job:
        return await asyncio.wait_for(self.jobs.get(), SECONDS)


@asynccontextmanager
async def working(database: Database, recorder: Recorder, clock: Clock | None = None, **arguments: Any) -> Any:
    queue = DatabaseQueue(database, clock or SystemClock(), **arguments)
    queue.register(KIND, recorder.kind())
    await queue.start()
    try:
        yield queue
    finally:
        await queue.close()


async def enqueue(database: Database, queue: DatabaseQueue, key: str, delay: float = 0, kind: str = KIND) -> None:
    async with database.write() as tx:
        await queue.enqueue(tx, kind, scope=SCOPE, key=key, payload={"n": 1}, delay=delay)


async def rows(database: Database) -> list[Any]:
    async with database.read() as reader:
        return await reader.fetch_all("SELECT key, owner, attempt, failures FROM jobs ORDER BY id")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SECONDS):
        while not await condition():  # noqa: ASYNC110  - a database has no event to wait for
            await asyncio.sleep(0.005)


async def until_empty(database: Database) -> None:
    async def empty() -> bool:
        return not await rows(database)

    await until(empty)


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    yield Recorder()


async def test_enqueue_runs_the_job_and_forgets_it(database: Database, recorder: Recorder) -> None:
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a")
        job = await recorder.next()
        assert (job.kind, job.scope, job.key, job.payload, job.attempt) == (KIND, SCOPE, "a", {"n": 1}, 1)
        await until_empty(database)
        await enqueue(database, queue, "a")
        assert (await recorder.next()).key == "a"


async def test_enqueue_of_a_live_key_is_a_conflict(database: Database, recorder: Recorder) -> None:
    recorder.gate.clear()
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a")
        await recorder.next()
        with pytest.raises(Conflict):
            await enqueue(database, queue, "a")


async def test_enqueue_rolled_back_runs_nothing(database: Database, recorder: Recorder) -> None:
    async with working(database, recorder) as queue:
        with pytest.raises(ZeroDivisionError):
            async with database.write() as tx:
                await queue.enqueue(tx, KIND, scope=SCOPE, key="a")
                raise ZeroDivisionError
        await enqueue(database, queue, "b")
        assert (await recorder.next()).key == "b"
        assert recorder.jobs.empty()


async def test_delayed_job_runs_when_its_time_has_come(database: Database, recorder: Recorder) -> None:
    clock = FakeClock()
    async with working(database, recorder, clock) as queue:
        await enqueue(database, queue, "late", delay=3600)
        await enqueue(database, queue, "now")
        assert (await recorder.next()).key == "now"
        assert recorder.jobs.empty()
        clock.advance(3600)
        assert (await recorder.next()).key == "late"


async def test_concurrency_of_a_kind_bounds_it_and_no_other(database: Database, recorder: Recorder) -> None:
    recorder.gate.clear()
    async with working(database, recorder) as queue:
        queue.register("demo.single", recorder.kind(concurrency=1))
        for key in ("a", "b"):
            await enqueue(database, queue, key, kind="demo.single")
        await enqueue(database, queue, "c")
        assert {(await recorder.next()).key, (await recorder.next()).key} == {"a", "c"}
        assert [row[0] for row in await rows(database) if row[1] is None] == ["b"]
        recorder.gate.set()
        assert (await recorder.next()).key == "b"


async def test_concurrency_of_the_queue_bounds_all_and_loses_none(database: Database, recorder: Recorder) -> None:
    running, most = 0, 0

    async def handle(job: Job, stop: StopRequest) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        recorder.jobs.put_nowait(job)

    async with working(database, recorder, concurrency=3) as queue:
        queue.register(KIND, JobKind(handle, recorder.on_lost))
        async with database.write() as tx:
            for index in range(20):
                await queue.enqueue(tx, KIND, scope=SCOPE, key=str(index))
        assert {(await recorder.next()).key for _ in range(20)} == {str(index) for index in range(20)}
        assert most <= 3


async def test_failing_handler_is_tried_three_times_then_lost(database: Database, recorder: Recorder) -> None:
    clock = FakeClock()
    recorder.error = ValueError("no luck")
    async with working(database, recorder, clock) as queue:
        await enqueue(database, queue, "a")
        attempts = []
        for _ in range(3):
            attempts.append((await recorder.next()).attempt)
            clock.advance(30)
        job, reason = await asyncio.wait_for(recorder.lost.get(), SECONDS)
        assert (attempts, job.key, reason) == ([1, 2, 3], "a", "ValueError: no luck")
        await until_empty(database)


async def test_retry_waits_before_it_runs_again(database: Database, recorder: Recorder) -> None:
    recorder.error = ValueError("no luck")
    async with working(database, recorder, FakeClock()) as queue:
        await enqueue(database, queue, "a")
        await recorder.next()

        async def released() -> bool:
            return bool((await rows(database))[0][1:] == (None, 1, 1))

        await until(released)
        assert recorder.jobs.empty()


@pytest.mark.parametrize("error", [None, ValueError("no luck")], ids=["done", "failed"])
async def test_outcome_that_the_database_cannot_keep_at_first_is_kept_later(
    database: Database,
    recorder: Recorder,
    error: Exception | None,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("clary.jobs.database_queue.RETRY_SECONDS", 0.01)
    recorder.error = error
    recorder.gate.clear()

    async def said() -> bool:
        return "is not kept" in caplog.text

    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a")
        await recorder.next()
        async with database.write() as tx:
            await tx.execute("ALTER TABLE jobs RENAME TO jobs_elsewhere")
        recorder.gate.set()
        await until(said)
        async with database.write() as tx:
            await tx.execute("ALTER TABLE jobs_elsewhere RENAME TO jobs")
        await until_empty(database)


async def test_request_stop_sets_the_event_of_a_running_job(database: Database, recorder: Recorder) -> None:
    recorder.gate.clear()
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a")
        await recorder.next()
        async with database.write() as tx:
            assert await queue.request_stop(tx, KIND, scope=SCOPE, key="a")
            assert not recorder.stops["a"].requested
        assert recorder.stops["a"].requested


async def test_request_stop_of_a_waiting_job_runs_it_at_once_with_its_stop_set(
    database: Database, recorder: Recorder
) -> None:
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a", delay=3600)
        async with database.write() as tx:
            assert await queue.request_stop(tx, KIND, scope=SCOPE, key="a")
        await recorder.next()
        assert recorder.stops["a"].requested


async def test_request_stop_right_behind_the_enqueue_is_never_missed(database: Database, recorder: Recorder) -> None:
    recorder.gate.clear()
    async with working(database, recorder) as queue:
        for index in range(50):
            key = str(index)
            await enqueue(database, queue, key)
            for _ in range(index % 5):
                await asyncio.sleep(0)
            async with database.write() as tx:
                await queue.request_stop(tx, KIND, scope=SCOPE, key=key)
            await recorder.next()
            assert recorder.stops[key].requested


async def test_request_stop_without_such_a_job_says_so(database: Database, recorder: Recorder) -> None:
    async with working(database, recorder) as queue, database.write() as tx:
        assert not await queue.request_stop(tx, KIND, scope=SCOPE, key="nothing")


async def test_close_cancels_and_the_next_start_takes_the_job_up_as_the_same_attempt(
    database: Database, recorder: Recorder
) -> None:
    recorder.gate.clear()
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a")
        assert (await recorder.next()).attempt == 1
    assert await rows(database) == [("a", None, 0, 0)]
    async with working(database, recorder):
        assert (await recorder.next()).attempt == 1


async def test_start_takes_up_what_a_killed_run_owned(database: Database, recorder: Recorder) -> None:
    killed = DatabaseQueue(database, SystemClock())
    await enqueue(database, killed, "a")
    async with database.write() as tx:
        await tx.execute("UPDATE jobs SET owner = ?, leased_until = ?, attempt = 1", killed.owner, 2.0**40)
    async with working(database, recorder):
        assert (await recorder.next()).attempt == 2


async def test_finish_ends_the_job_with_its_outcome(database: Database, recorder: Recorder) -> None:
    finished = asyncio.Event()

    async def handle(job: Job, stop: StopRequest) -> None:
        async with database.write() as tx:
            await queue.finish(tx, job)
        finished.set()
        await recorder.gate.wait()

    recorder.gate.clear()
    async with working(database, recorder) as queue:
        queue.register(KIND, JobKind(handle, recorder.on_lost))
        await enqueue(database, queue, "a")
        await asyncio.wait_for(finished.wait(), SECONDS)
        assert await rows(database) == []
        await enqueue(database, queue, "a", delay=60)
    assert [row[0] for row in await rows(database)] == ["a"]


async def test_live_kinds_names_kinds_nobody_registered(database: Database, recorder: Recorder) -> None:
    async with working(database, recorder) as queue:
        await enqueue(database, queue, "a", kind="other.work")
        assert await queue.live_kinds() == {"other.work"}
        queue.register("other.work", recorder.kind())
        assert (await recorder.next()).kind == "other.work"


async def test_shared_database_leaves_a_leased_job_until_its_lease_is_over(
    database: Database, recorder: Recorder
) -> None:
    clock, other = FakeClock(), Recorder()
    other.gate.clear()
    async with working(database, other, clock, shared=True, heartbeat_seconds=3600, concurrency=1) as owner:
        await enqueue(database, owner, "a")
        await other.next()
        async with working(database, recorder, clock, shared=True, heartbeat_seconds=0.01) as queue:
            await enqueue(database, queue, "b")
            assert (await recorder.next()).key == "b"
            assert recorder.jobs.empty()
            clock.advance(31)
            job = await recorder.next()
            assert (job.key, job.attempt) == ("a", 2)


async def test_shared_database_passes_stop_requests_and_lost_leases_on(database: Database, recorder: Recorder) -> None:
    recorder.gate.clear()
    async with working(database, recorder, shared=True, heartbeat_seconds=0.01) as queue:
        await enqueue(database, queue, "a")
        await recorder.next()
        other = DatabaseQueue(database, SystemClock(), shared=True)
        async with database.write() as tx:
            await other.request_stop(tx, KIND, scope=SCOPE, key="a")
        await asyncio.wait_for(recorder.stops["a"].event.wait(), SECONDS)
        async with database.write() as tx:
            await tx.execute("UPDATE jobs SET owner = 'another', leased_until = ?", 2.0**40)

        async def dropped() -> bool:
            return not queue._running

        await until(dropped)
    assert (await rows(database))[0][1] == "another"
