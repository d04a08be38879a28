"""A process with a queue and a runner, as a server is one, for tests to kill: DATABASE FOLDER SANDBOX|PLAIN."""

import asyncio
import sys
from pathlib import Path

from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.process_runner import ProcessRunner
from clary.jobs.program import Program, StopRequest
from clary.jobs.queue import Job, JobKind
from clary.state.clock import SystemClock
from clary.state.sqlite import SqliteDatabase


async def main(path: Path, root: Path, sandbox: bool) -> None:
    database = SqliteDatabase(path)
    await database.open()
    await database.migrate(DatabaseQueue.migrations)
    queue = DatabaseQueue(database, SystemClock())
    runner = ProcessRunner(SystemClock(), sandbox=sandbox)

    async def handle(job: Job, stop: StopRequest) -> None:
        # In plain mode the daemon is no child of the program any more when the server is killed.
        script = "(setsid flock daemon sleep 1000 &); exec flock lock sh -c 'echo running; exec sleep 1000'"
        process = await runner.start(Program("algo-1", root, argv=["sh", "-c", script]))
        async for line in process.output():
            sys.stdout.write(f"{line.text}\n")
            sys.stdout.flush()

    async def on_lost(job: Job, reason: str) -> None: ...

    queue.register("demo.work", JobKind(handle, on_lost))
    async with database.write() as tx:
        await queue.enqueue(tx, "demo.work", scope="123/eu-west-1", key="a")
    await queue.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "sandbox"))
