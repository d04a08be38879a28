"""What PostgreSQL adds to the contract of a database: a server that restarts, several of ours at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from clary.state.backends import open_database
from clary.state.database import Database, Migration, Unavailable

from .postgres_server import PostgresServer

TABLE = Migration("test/0001_item", ("CREATE TABLE item (name {text} PRIMARY KEY, amount {integer})",))
ADD = "INSERT INTO item (name, amount) VALUES (?, ?)"


@pytest.fixture
def url(request: pytest.FixtureRequest, postgres: PostgresServer) -> str:
    return postgres.schema(f"own{abs(hash(request.node.name))}")


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.open()
    await database.migrate([TABLE])
    yield database
    await database.close()


async def add(database: Database, name: str) -> None:
    async with database.write() as tx:
        await tx.execute(ADD, name, 0)


async def names(database: Database) -> list[object]:
    return [row[0] for row in await database.fetch_all("SELECT name FROM item ORDER BY name")]


def restart(server: PostgresServer) -> None:
    server.stop()
    server.start()


async def test_restart_of_the_server_is_not_noticed(database: Database, postgres: PostgresServer) -> None:
    await asyncio.gather(*(names(database) for _ in range(5)))  # several connections
    await add(database, "before")
    restart(postgres)
    await add(database, "between")
    restart(postgres)
    async with database.read() as reader:
        assert await reader.fetch_one("SELECT count(*) FROM item") == (2,)
    restart(postgres)
    assert await names(database) == ["before", "between"]


async def test_block_under_way_at_a_restart_is_lost_and_says_so(database: Database, postgres: PostgresServer) -> None:
    async def gather() -> None:
        async with database.write() as tx:
            await tx.execute(ADD, "first", 0)
            await asyncio.sleep(0)  # the other queues up behind it

    async def interrupted() -> None:
        async with database.write() as tx:
            await tx.execute(ADD, "second", 0)
            restart(postgres)
            with pytest.raises(Unavailable):
                await tx.execute(ADD, "third", 0)

    outcomes = await asyncio.gather(gather(), interrupted(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    await add(database, "after")
    assert await names(database) == ["after"]


async def test_read_block_under_way_at_a_restart_says_so(database: Database, postgres: PostgresServer) -> None:
    with pytest.raises(Unavailable):
        async with database.read() as reader:
            await reader.fetch_one("SELECT 1")
            restart(postgres)
            await reader.fetch_one("SELECT 1")
    assert await names(database) == []


async def test_server_that_is_down(database: Database, url: str, postgres: PostgresServer) -> None:
    await add(database, "a")
    postgres.stop()
    try:
        with pytest.raises(Unavailable):
            await add(database, "lost")
        with pytest.raises(Unavailable):
            await names(database)
        with pytest.raises(Unavailable, match="cannot be reached"):
            await open_database(url).open()
    finally:
        postgres.start()
    await add(database, "b")
    assert await names(database) == ["a", "b"]


async def test_commit_that_the_server_refuses_fails_the_group(database: Database) -> None:
    deferred = "ALTER TABLE item ADD UNIQUE (amount) DEFERRABLE INITIALLY DEFERRED"
    await database.migrate([Migration("other/0001", (deferred,))])
    outcomes = await asyncio.gather(*(add(database, name) for name in ("a", "b", "c")), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    await add(database, "after")
    assert await names(database) == ["after"]


async def test_writes_of_several_servers_are_serial(database: Database, url: str) -> None:
    other = open_database(url)
    await other.open()
    await add(database, "counter")

    async def increment(on: Database) -> None:
        async with on.write() as tx:
            row = await tx.fetch_one("SELECT amount FROM item")
            assert row is not None
            assert isinstance(row[0], int)
            await tx.execute("UPDATE item SET amount = ?", row[0] + 1)

    await asyncio.gather(*(increment(on) for on in (database, other) for _ in range(20)))
    assert await other.fetch_one("SELECT amount FROM item") == (40,)
    await other.close()
