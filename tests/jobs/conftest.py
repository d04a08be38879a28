import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.process_runner import ProcessRunner
from clary.state.clock import SystemClock
from clary.state.database import Database
from clary.state.sqlite import SqliteDatabase


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = SqliteDatabase(tmp_path / "metadata.db")
    await database.open()
    await database.migrate(DatabaseQueue.migrations)
    yield database
    await database.close()


def modes() -> list[object]:
    """The two ways in which programs run: in a sandbox, and as they are."""
    missing = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
    return [pytest.param(True, id="sandbox", marks=missing), pytest.param(False, id="plain")]


@pytest.fixture(params=modes())
async def runner(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ProcessRunner]:
    runner = ProcessRunner(SystemClock(), hidden=[tmp_path / "data"], sandbox=request.param)
    yield runner
    await runner.close()
