"""The contract of `Database`, over every backend."""

import asyncio
from contextvars import Context

import pytest

from clary.state.backends import open_database
from clary.state.database import Conflict, Database, Migration, NewerSchema

TABLE = Migration(
    "test/0001_item",
    ("CREATE TABLE item (id {serial}, name {text} NOT NULL UNIQUE, amount {integer}, weight {float}, data {bytes})",),
)
ADD = "INSERT INTO item (name, amount) VALUES (?, ?)"


@pytest.fixture
async def items(database: Database) -> Database:
    await database.migrate([TABLE])
    return database


async def names(database: Database) -> list[object]:
    return [row[0] for row in await database.fetch_all("SELECT name FROM item ORDER BY name")]


async def add(database: Database, name: str, amount: int = 0) -> None:
    async with database.write() as tx:
        await tx.execute(ADD, name, amount)


async def test_write_is_seen_once_its_block_is_left(items: Database) -> None:
    async with items.write() as tx:
        assert await tx.execute(ADD, "a", 1) == 1
        assert await tx.fetch_one("SELECT amount FROM item") == (1,)
        assert await names(items) == []
    assert await names(items) == ["a"]


async def test_write_survives_reopening(address: str) -> None:
    for expected in ([], ["a"]):
        database = open_database(address)
        await database.open()
        await database.migrate([TABLE])
        assert await names(database) == expected
        if not expected:
            await add(database, "a")
        await database.close()
        await database.close()


async def test_write_that_fails_is_rolled_back_alone(items: Database) -> None:
    async def fail() -> None:
        async with items.write() as tx:
            await tx.execute(ADD, "bad", 1)
            await asyncio.sleep(0)
            raise ZeroDivisionError

    done = await asyncio.gather(add(items, "a"), fail(), add(items, "b"), return_exceptions=True)
    assert [type(outcome) for outcome in done] == [type(None), ZeroDivisionError, type(None)]
    assert await names(items) == ["a", "b"]


async def test_writes_are_serial(items: Database) -> None:
    await add(items, "counter")

    async def increment() -> None:
        async with items.write() as tx:
            row = await tx.fetch_one("SELECT amount FROM item WHERE name = ?", "counter")
            await asyncio.sleep(0)
            assert row is not None
            assert isinstance(row[0], int)
            await tx.execute("UPDATE item SET amount = ? WHERE name = ?", row[0] + 1, "counter")

    await asyncio.gather(*(increment() for _ in range(40)))
    assert await items.fetch_one("SELECT amount FROM item") == (40,)


async def test_conflict_leaves_the_block_usable(items: Database) -> None:
    await add(items, "a")
    async with items.write() as tx:
        await tx.execute(ADD, "b", 1)
        with pytest.raises(Conflict):
            await tx.execute(ADD, "a", 2)
        await tx.execute(ADD, "c", 3)
    assert await names(items) == ["a", "b", "c"]


async def test_conflict_of_execute_many_undoes_all_its_rows(items: Database) -> None:
    async with items.write() as tx:
        await tx.execute_many(ADD, [("a", 1), ("b", 2)])
        with pytest.raises(Conflict):
            await tx.execute_many(ADD, [("c", 3), ("a", 4)])
    assert await names(items) == ["a", "b"]


async def test_conflict_of_a_returning_insert(items: Database) -> None:
    async with items.write() as tx:
        first = await tx.fetch_one(f"{ADD} RETURNING id", "a", 1)
        with pytest.raises(Conflict):
            await tx.fetch_one(f"{ADD} RETURNING id", "a", 1)
        second = await tx.fetch_one(f"{ADD} RETURNING id", "b", 1)
    assert first is not None and second is not None
    assert first < second


async def test_statement_that_fails_leaves_the_block_usable(items: Database) -> None:
    async with items.write() as tx:
        await tx.execute(ADD, "a", 1)
        with pytest.raises(UnicodeEncodeError):
            await tx.execute(ADD, "\ud800", 1)
        with pytest.raises(Exception, match="nonsense"):
            await tx.execute("SELECT nonsense FROM item")
        await tx.execute(ADD, "b", 1)
    assert await names(items) == ["a", "b"]


async def test_read_block_sees_one_state(items: Database) -> None:
    async with items.read() as reader:
        assert await reader.fetch_all("SELECT name FROM item") == []
        await add(items, "a")
        assert await reader.fetch_all("SELECT name FROM item") == []
        assert await reader.fetch_one("SELECT count(*) FROM item") == (0,)
    assert await names(items) == ["a"]


async def test_read_blocks_side_by_side(items: Database) -> None:
    async def read() -> object:
        async with items.read() as reader:
            await reader.fetch_one("SELECT 1")
            await asyncio.sleep(0)
            return await reader.fetch_one("SELECT count(*) FROM item")

    assert await asyncio.gather(*(read() for _ in range(20))) == [(0,)] * 20


async def test_statements_side_by_side_within_a_block(items: Database) -> None:
    async with items.write() as tx:
        await asyncio.gather(*(tx.execute(ADD, f"{number}", number) for number in range(9)))
    async with items.read() as reader:
        query = "SELECT amount FROM item WHERE name = ?"
        found = await asyncio.gather(*(reader.fetch_one(query, f"{number}") for number in range(9)))
    assert found == [(number,) for number in range(9)]


async def test_read_block_cannot_write(items: Database) -> None:
    async with items.read() as reader:
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await reader.fetch_all(ADD, "a", 1)
    assert await names(items) == []


async def test_block_that_was_left_is_over(items: Database) -> None:
    async with items.write() as tx:
        pass
    async with items.read() as reader:
        pass
    with pytest.raises(RuntimeError, match="has been left"):
        await tx.execute(ADD, "a", 1)
    with pytest.raises(RuntimeError, match="has been left"):
        await reader.fetch_one("SELECT 1")


async def test_write_inside_a_write_is_refused(items: Database) -> None:
    async with items.write() as tx:
        with pytest.raises(RuntimeError, match="wait for itself"):
            await add(items, "inner")
        with pytest.raises(RuntimeError, match="wait for itself"):
            await asyncio.gather(add(items, "inner in a task"))
        await tx.execute(ADD, "outer", 1)
    await add(items, "after")
    assert await names(items) == ["after", "outer"]


async def test_cancelled_inside_its_block_it_is_rolled_back(items: Database) -> None:
    inside = asyncio.Event()

    async def write() -> None:
        async with items.write() as tx:
            await tx.execute(ADD, "a", 1)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, add(items, "b"), return_exceptions=True)
    assert task.cancelled()
    assert await names(items) == ["b"]


async def test_cancelled_in_a_statement_the_others_go_on(items: Database) -> None:
    tasks = [asyncio.create_task(add(items, f"{number:02}")) for number in range(30)]
    for step, task in enumerate(tasks[::3]):
        for _ in range(step):
            await asyncio.sleep(0)
        task.cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    kept = {f"{number:02}" for number, outcome in enumerate(done) if outcome is None}
    # One that was cancelled while it waited for the flush may be there; one that went through must be.
    assert kept <= set(map(str, await names(items)))
    assert kept >= {f"{number:02}" for number in range(30) if number % 3}
    await add(items, "after")


async def test_cancelled_while_it_waits_for_its_turn_it_writes_nothing(items: Database) -> None:
    async with items.write() as tx:
        waiting = asyncio.get_running_loop().create_task(add(items, "waiting"), context=Context())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        await tx.execute(ADD, "first", 1)
    await add(items, "last")
    assert await names(items) == ["first", "last"]


async def test_cancelled_as_it_gets_its_turn_it_passes_it_on(items: Database) -> None:
    async with items.write() as tx:
        waiting = asyncio.get_running_loop().create_task(add(items, "waiting"), context=Context())
        await asyncio.sleep(0)
        await tx.execute(ADD, "first", 1)
        asyncio.get_running_loop().call_soon(waiting.cancel)  # before the task hears of its turn
    await asyncio.wait_for(add(items, "last"), 5)
    assert waiting.cancelled()
    assert await names(items) == ["first", "last"]


async def test_on_commit_is_called_once_the_block_is_durable(items: Database) -> None:
    heard: list[str] = []
    async with items.write() as tx:
        tx.on_commit(lambda: heard.append("kept"))
        await tx.execute(ADD, "a", 1)
        assert heard == []
    assert heard == ["kept"]
    with pytest.raises(ZeroDivisionError):
        async with items.write() as tx:
            tx.on_commit(lambda: heard.append("rolled back"))
            raise ZeroDivisionError
    await add(items, "b")
    assert heard == ["kept"]


async def test_values_come_back_as_they_were(items: Database) -> None:
    row = ("naïve \N{SNOWMAN} 'quoted' %s ? \\", 2**63 - 1, 0.1 + 0.2, bytes(range(256)))
    async with items.write() as tx:
        await tx.execute("INSERT INTO item (name, amount, weight, data) VALUES (?, ?, ?, ?)", *row)
        await tx.execute("INSERT INTO item (name) VALUES (?)", "empty")
    found = await items.fetch_all("SELECT name, amount, weight, data FROM item ORDER BY id")
    assert found == [row, ("empty", None, None, None)]
    assert [type(value) for value in found[0]] == [str, int, float, bytes]


async def test_placeholders_are_not_looked_for_in_literals(items: Database) -> None:
    sql = """SELECT '?%', 'it''s ?' /* what? */, ? AS "why?" -- really?"""
    assert await items.fetch_one(sql, "x") == ("?%", "it's ?", "x")


async def test_text_is_ordered_by_its_bytes(items: Database) -> None:
    for name in ("b", "B", "a", "ä", "_", "\U0001f600", "\uffff"):
        await add(items, name)
    assert await names(items) == ["B", "_", "a", "b", "ä", "\uffff", "\U0001f600"]


async def test_sums_and_truths_are_numbers(items: Database) -> None:
    for name, amount in (("a", 2**40), ("b", 2**40)):
        await add(items, name, amount)
    row = await items.fetch_one("SELECT sum(amount), count(*), EXISTS (SELECT 1 FROM item), sum(weight) FROM item")
    assert row == (2**41, 2, 1, None)
    assert [type(value) for value in row[:3]] == [int, int, int]


async def test_migration_runs_once(database: Database) -> None:
    more = Migration("test/0002_more", ("ALTER TABLE item ADD COLUMN more {text}",))
    await database.migrate([TABLE])
    await database.migrate([TABLE, more])
    await database.migrate([TABLE, more])
    assert await database.fetch_all("SELECT more FROM item") == []


async def test_migration_that_fails_leaves_nothing(database: Database) -> None:
    bad = Migration("test/0001_bad", ("CREATE TABLE half (id {serial})", "CREATE nonsense"))
    with pytest.raises(Exception, match="nonsense"):
        await database.migrate([bad])
    await database.migrate([Migration("test/0001_bad", ("CREATE TABLE half (id {serial})",))])


async def test_migrations_of_a_newer_release_are_refused(database: Database) -> None:
    await database.migrate([TABLE, Migration("test/0002_future", ("CREATE TABLE future (id {serial})",))])
    await database.migrate([Migration("other/0001", ("CREATE TABLE other (id {serial})",))])
    with pytest.raises(NewerSchema, match="test/0002_future"):
        await database.migrate([TABLE])


async def test_closed_database_refuses(address: str) -> None:
    database = open_database(address)
    with pytest.raises(RuntimeError, match="not open"):
        database.read()
    await database.open()
    await database.close()
    with pytest.raises(RuntimeError, match="not open"):
        database.write()


async def test_closing_waits_for_writers(address: str) -> None:
    database = open_database(address)
    await database.open()
    await database.migrate([TABLE])
    writers = [asyncio.create_task(add(database, f"{number}")) for number in range(5)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writers)
    await database.open()
    assert len(await names(database)) == 5
    await database.close()
