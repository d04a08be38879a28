"""What is left when a server is killed with signal 9: no process of its programs, and every job."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.program import StopRequest
from clary.jobs.queue import Job, JobKind
from clary.state.clock import SystemClock
from clary.state.sqlite import SqliteDatabase

SERVER = Path(__file__).with_name("server_like.py")


async def test_kill_of_the_server_leaves_no_process_and_every_job(
    tmp_path: Path, sandboxed: bool, unlocked: Callable[[Path], Awaitable[None]]
) -> None:
    root = tmp_path / "ml"
    root.mkdir()
    command = [sys.executable, str(SERVER), str(tmp_path / "jobs.db"), str(root), "sandbox" if sandboxed else "plain"]
    server = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert server.stdout is not None
    assert await server.stdout.readline() == b"running\n"
    server.kill()
    await server.wait()
    await unlocked(root / "lock")
    await unlocked(root / "daemon")

    taken: asyncio.Queue[Job] = asyncio.Queue()

    async def handle(job: Job, stop: StopRequest) -> None:
        taken.put_nowait(job)

    async def on_lost(job: Job, reason: str) -> None: ...

    database = SqliteDatabase(tmp_path / "jobs.db")
    await database.open()
    queue = DatabaseQueue(database, SystemClock())
    assert await queue.live_kinds() == {"demo.work"}
    queue.register("demo.work", JobKind(handle, on_lost))
    await queue.start()
    job = await asyncio.wait_for(taken.get(), 10)
    assert (job.key, job.attempt) == ("a", 2)
    await queue.close()
    await database.close()
