from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from clary.jobs.database_queue import DatabaseQueue
from clary.state.database import Database
from clary.state.sqlite import SqliteDatabase


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = SqliteDatabase(tmp_path / "metadata.db")
    await database.open()
    await database.migrate(DatabaseQueue.migrations)
    yield database
    await database.close()
