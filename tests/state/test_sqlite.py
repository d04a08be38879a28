"""What SQLite adds to the contract of a database: failures of the disk, the size of the log, the plans of queries."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from clary.state import sqlite
from clary.state.backends import open_database
from clary.state.database import Migration, Unavailable
from clary.state.record_queries import RECORDS, select
from clary.state.records import Query
from clary.state.sqlite import SqliteDatabase

TABLE = Migration("test/0001_item", ("CREATE TABLE item (name {text} PRIMARY KEY, data {bytes})",))
ADD = "INSERT INTO item (name, data) VALUES (?, ?)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clary.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[SqliteDatabase]:
    database = SqliteDatabase(path)
    await database.open()
    await database.migrate([TABLE])
    yield database
    await database.close()


def log_size(path: Path) -> int:
    return path.with_name(path.name + "-wal").stat().st_size


async def add(database: SqliteDatabase, name: str, size: int = 0) -> None:
    async with database.write() as tx:
        await tx.execute(ADD, name, bytes(size))


async def names(database: SqliteDatabase) -> list[object]:
    return [row[0] for row in await database.fetch_all("SELECT name FROM item ORDER BY name")]


async def test_failed_commit_is_heard_by_the_whole_group(
    database: SqliteDatabase, path: Path, file_limit: Callable[[int], Any]
) -> None:
    await add(database, "before")
    heard: list[str] = []

    async def write(name: str) -> None:
        async with database.write() as tx:
            tx.on_commit(lambda: heard.append(name))
            await tx.execute(ADD, name, bytes(20_000))

    file_limit(log_size(path) + 10_000)
    outcomes = await asyncio.gather(*(write(f"{number}") for number in range(10)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 10
    assert (await names(database), heard) == (["before"], [])
    file_limit(-1)
    await write("after")
    assert (await names(database), heard) == (["after", "before"], ["after"])


async def test_statement_that_costs_the_transaction_fails_its_group(
    database: SqliteDatabase, path: Path, file_limit: Callable[[int], Any]
) -> None:
    async def gather() -> None:
        async with database.write() as tx:
            await tx.execute(ADD, "first", b"")
            await asyncio.sleep(0)  # the others queue up behind it

    async def spill() -> None:
        async with database.write() as tx:
            file_limit(log_size(path) + 1_000_000)
            with pytest.raises(Unavailable):  # more than the cache holds
                for number in range(100):
                    await tx.execute(ADD, f"{number}", bytes(200_000))
            with pytest.raises(Unavailable):
                await tx.execute(ADD, "late", b"")
            file_limit(-1)

    outcomes = await asyncio.gather(gather(), add(database, "second"), spill(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    assert await names(database) == []
    await add(database, "after")
    assert await names(database) == ["after"]


async def test_log_does_not_grow_under_readers_that_always_overlap(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_CHECKPOINT_PAGES", 50)
    monkeypatch.setattr(sqlite, "_LOG_LIMIT", 2**20)
    database = SqliteDatabase(path)
    await database.open()
    await database.migrate([TABLE])
    done = asyncio.Event()

    async def read(delay: int) -> None:
        for _ in range(delay):
            await asyncio.sleep(0)
        while not done.is_set():
            async with database.read() as reader:
                for _ in range(9):
                    await reader.fetch_one("SELECT count(*) FROM item")
                    await asyncio.sleep(0)

    readers = [asyncio.create_task(read(delay)) for delay in (0, 3, 6)]  # one is in its midst when another leaves
    for number in range(150):
        await add(database, f"{number}", 50_000)
    size = log_size(path)
    done.set()
    await asyncio.gather(*readers)
    await database.close()
    assert size < 5 * 2**20  # of the 7.5 MB written


async def test_reopening_takes_up_the_log(database: SqliteDatabase, path: Path, tmp_path: Path) -> None:
    await add(database, "a", 10_000)
    copy = tmp_path / "copy.db"
    for suffix in ("", "-wal"):  # what a power cut leaves
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    again = SqliteDatabase(copy)
    await again.open()
    assert await names(again) == ["a"]
    await again.close()


@pytest.mark.parametrize("address", ["sqlite:///{}", "sqlite://{}", "{}"])
async def test_address_names_a_file(tmp_path: Path, address: str) -> None:
    path = tmp_path / "folder" / "clary.db"
    database = open_database(address.format(path))
    await database.open()
    await database.close()
    assert path.exists()


def test_address_of_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="mysql://x"):
        open_database("mysql://x")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(sort_by="key"), "sqlite_autoindex_record_1 (kind=? AND scope=? AND key>?)"),
        (Query(sort_by="created"), "record_by_created (kind=? AND scope=? AND (created,key)>(?,?))"),
        (Query(sort_by="modified"), "record_by_modified (kind=? AND scope=? AND (modified,key)>(?,?))"),
        (Query(sort_by="status"), "record_by_status (kind=? AND scope=? AND (status,created,key)>(?,?,?))"),
        (Query(sort_by="created", statuses=("A",)), "record_by_status (kind=? AND scope=? AND status=? AND (created"),
        (Query(sort_by="created", statuses=("A", "B")), "record_by_created (kind=? AND scope=? AND (created,key)"),
        (Query(sort_by="key", parent="p"), "record_by_parent_key (kind=? AND scope=? AND parent=? AND key>?)"),
        (Query(sort_by="created", parent="p"), "record_by_parent_created (kind=? AND scope=? AND parent=? AND (cre"),
        (Query(sort_by="modified", parent="p"), "record_by_parent_modified (kind=? AND scope=? AND parent=? AND (m"),
    ],
)
async def test_page_is_found_by_an_index(database: SqliteDatabase, query: Query, index: str, descending: bool) -> None:
    """The cost of a page does not depend on how many records there are: nothing is sorted, nothing passed over."""
    await database.migrate([RECORDS])
    query = dataclasses.replace(query, descending=descending)
    selection = select("kind", "scope", query)
    cursor = selection.cursor_after(("k", b"", "A", 1.0, 1.0, 1))
    selection = select("kind", "scope", dataclasses.replace(query, cursor=cursor))
    plan = await database.fetch_all(f"EXPLAIN QUERY PLAN {selection.sql}", *selection.params)
    assert len(plan) == 1
    assert f"USING INDEX {index}".replace(">", "<" if descending else ">") in str(plan[0][3])
