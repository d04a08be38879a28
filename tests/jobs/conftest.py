import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.process_runner import ProcessRunner
from clary.state.backends import open_database
from clary.state.clock import SystemClock
from clary.state.database import Database

from ..state.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        database = open_database(tmp_path / "metadata.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        database = open_database(server.schema(f"jobs{abs(hash(request.node.name))}"))
    await database.open()
    await database.migrate(DatabaseQueue.migrations)
    yield database
    await database.close()


@pytest.fixture(
    params=[
        pytest.param(
            True,
            id="sandbox",
            marks=pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
        ),
        pytest.param(False, id="plain"),
    ]
)
def sandboxed(request: pytest.FixtureRequest) -> bool:
    """The two ways in which programs run: in a sandbox, and as they are."""
    return bool(request.param)


@pytest.fixture
async def runner(sandboxed: bool, tmp_path: Path) -> AsyncIterator[ProcessRunner]:
    runner = ProcessRunner(SystemClock(), hidden=[tmp_path / "data"], sandbox=sandboxed)
    yield runner
    await runner.close()


def _is_locked(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@pytest.fixture
def is_locked() -> Callable[[Path], bool]:
    """Says whether any process, in whatever namespace, holds the lock of a file: whether it is still there."""
    return _is_locked


@pytest.fixture
def unlocked() -> Callable[[Path], Awaitable[None]]:
    """Waits until the process that holds the lock of a file is gone."""

    async def wait(path: Path) -> None:
        async with asyncio.timeout(20):
            while _is_locked(path):  # noqa: ASYNC110  - another process's lock has no event
                await asyncio.sleep(0.005)

    return wait
