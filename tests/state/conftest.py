"""The backends that the contract suites run over."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.state.backends import open_database
from clary.state.database import Database

from .postgres_server import PostgresServer

_schemas = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/clary.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.schema(f"test{next(_schemas)}")


@pytest.fixture
async def database(address: str) -> AsyncIterator[Database]:
    database = open_database(address)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def file_limit() -> Iterator[Callable[[int], Any]]:
    """Return a function that lets no file grow beyond so many bytes: what a full disk is, without filling one."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
