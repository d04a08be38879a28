"""The contract of `Store`, over every backend."""

import dataclasses
from typing import Any, Literal

import pytest

from clary.state.database import Conflict, Database
from clary.state.record_store import RecordStore
from clary.state.records import Query, Record, Stale, StaleCursor
from clary.state.store import Store

Order = Literal["key", "created", "modified", "status"]


@pytest.fixture
async def records(database: Database) -> RecordStore:
    await database.migrate(RecordStore.migrations)
    return RecordStore(database)


@pytest.fixture
def store(records: RecordStore) -> Store:
    return records.scoped("sagemaker", "1/us-east-1")


def record(key: str, at: float = 0.0, status: str = "InProgress", **body: Any) -> Record:
    return Record(key, body, status, at, at)


async def insert(store: Store, *new: Record, kind: str = "job", parent: str | None = None) -> None:
    async with store.write() as records:
        for one in new:
            await records.insert(kind, one, parent=parent)


async def keys(store: Store, query: Query, kind: str = "job") -> list[str]:
    """Return the keys of all pages."""
    found: list[str] = []
    while True:
        page = await store.list(kind, query)
        assert len(page.records) <= query.limit
        found += [one.key for one in page.records]
        if page.cursor is None:
            return found
        query = dataclasses.replace(query, cursor=page.cursor)


async def test_record_comes_back_as_it_was(store: Store) -> None:
    body = {
        "Text": "naïve \x00",
        "Float": 0.1 + 0.2,
        "Small": 5e-324,
        "Int": 2**53 + 1,
        "List": [None, True, {"a": []}],
    }
    new = Record("a", body, "Completed", 1.25, 1700000000.123456)
    async with store.write() as records:
        await records.insert("job", new)
        assert await records.get("job", "a") == new
    assert await store.get("job", "a") == new


async def test_body_that_is_not_json_is_refused(store: Store) -> None:
    for value in (b"bytes", object(), 2**70):
        with pytest.raises(TypeError):
            await insert(store, record("a", Value=value))
    assert await store.get("job", "a") is None


async def test_key_is_taken_once_for_each_service_kind_and_scope(records: RecordStore, store: Store) -> None:
    await insert(store, record("a"))
    with pytest.raises(Conflict):
        await insert(store, record("a"))
    await insert(store, record("a"), kind="model")
    await insert(records.scoped("sagemaker", "1/eu-west-1"), record("a"))
    await insert(records.scoped("kinesis", "1/us-east-1"), record("a"))
    assert await keys(store, Query()) == ["a"]


async def test_scopes_that_hold_a_kind(records: RecordStore) -> None:
    for scope in ("2/b", "1/a", "2/c"):
        await insert(records.scoped("sagemaker", scope), record("a"), record("b"))
    await insert(records.scoped("sagemaker", "3/d"), record("a"), kind="model")
    assert await records.scopes("sagemaker", "job") == ["1/a", "2/b", "2/c"]


async def test_update_counts_versions_and_refuses_a_stale_one(store: Store) -> None:
    await insert(store, record("a"))
    first = record("a")
    async with store.write() as records:
        second = await records.update("job", dataclasses.replace(first, status="Completed", modified=2.0))
        assert second.version == 2
        with pytest.raises(Stale):
            await records.update("job", first)
        with pytest.raises(Stale):
            await records.update("job", record("b"))
    assert await store.get("job", "a") == second


async def test_delete_says_whether_it_was_there(store: Store) -> None:
    await insert(store, record("a"))
    async with store.write() as records:
        assert await records.delete("job", "a")
        assert not await records.delete("job", "a")
    assert await store.get("job", "a") is None


async def test_block_that_fails_leaves_no_record(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        async with store.write() as records:
            await records.insert("job", record("a"))
            raise ZeroDivisionError
    assert await store.get("job", "a") is None


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", ["key", "created", "modified", "status"])
async def test_list_pages_in_order(store: Store, order: Order, descending: bool) -> None:
    new = [
        Record(f"{number * 7 % 23:02}", {}, "AB"[number % 2], float(number % 5), float(number % 3))
        for number in range(23)
    ]
    await insert(store, *new)
    ranked = sorted(new, key=lambda one: (getattr(one, order), one.created if order == "status" else 0, one.key))
    expected = [one.key for one in ranked]
    for limit in (1, 4, 23, 100):
        query = Query(limit=limit, sort_by=order, descending=descending)
        assert await keys(store, query) == (expected[::-1] if descending else expected)


async def test_list_narrows(store: Store) -> None:
    await insert(store, *(record(f"Train-{number}", float(number), "ABC"[number % 3]) for number in range(9)))
    await insert(store, record("other_1%", 4.5, "A"))
    everything = [f"Train-{number}" for number in range(9)]
    for query, expected in (
        (Query(key_prefix="Train-"), everything),
        (Query(key_contains="RAIN-3"), ["Train-3"]),
        (Query(key_contains="1%"), ["other_1%"]),
        (Query(key_contains="r_1"), ["other_1%"]),
        (Query(key_contains="n_3"), []),
        (Query(statuses=("B",)), ["Train-1", "Train-4", "Train-7"]),
        (Query(statuses=("B", "C"), sort_by="created"), [key for key in everything if key[-1] not in "036"]),
        (Query(created_after=4.0, created_before=6.0), ["Train-5", "other_1%"]),
        (Query(modified_after=7.0), ["Train-8"]),
        (Query(modified_before=1.0), ["Train-0"]),
        (Query(key_prefix="Train-", statuses=("A",), created_after=0.0, limit=1), ["Train-3", "Train-6"]),
        (Query(key_prefix="nothing"), []),
    ):
        assert await keys(store, query) == expected


async def test_list_of_the_children_of_a_parent(store: Store) -> None:
    await insert(store, record("1", 3.0), record("2", 2.0), parent="a")
    await insert(store, record("3", 1.0), parent="b")
    await insert(store, record("4", 1.0))
    assert await keys(store, Query(parent="a", limit=1)) == ["1", "2"]
    assert await keys(store, Query(parent="a", sort_by="created", limit=1)) == ["2", "1"]
    assert await keys(store, Query()) == ["1", "2", "3", "4"]


async def test_list_inside_a_block_sees_its_changes(store: Store) -> None:
    async with store.write() as records:
        await records.insert("job", record("a"))
        assert [one.key for one in (await records.list("job", Query())).records] == ["a"]
        assert (await store.list("job", Query())).records == []


async def test_page_begins_behind_the_last_though_records_come_and_go(store: Store) -> None:
    await insert(store, *(record(key) for key in "bdf"))
    page = await store.list("job", Query(limit=2))
    async with store.write() as records:
        await records.delete("job", "d")
        await records.insert("job", record("a"))
        await records.insert("job", record("e"))
    assert await keys(store, Query(limit=2, cursor=page.cursor)) == ["e", "f"]


@pytest.mark.parametrize("cursor", ["", "x", "ä", "e30", "W10", "WyJhIl0", "bnVsbA", "////", "A" * 5000])
async def test_cursor_that_was_never_ours_is_stale(store: Store, cursor: str) -> None:
    with pytest.raises(StaleCursor):
        await store.list("job", Query(cursor=cursor))


@pytest.mark.parametrize(
    "other",
    [
        Query(sort_by="created"),
        Query(descending=True),
        Query(key_prefix="a"),
        Query(statuses=("InProgress",)),
        Query(created_after=1.0),
        Query(parent="a"),
    ],
)
async def test_cursor_of_another_query_is_stale(store: Store, other: Query) -> None:
    await insert(store, record("a"), record("b"))
    cursor = (await store.list("job", Query(limit=1))).cursor
    assert cursor is not None
    with pytest.raises(StaleCursor):
        await store.list("job", dataclasses.replace(other, cursor=cursor))
    with pytest.raises(StaleCursor):
        await store.list("model", Query(cursor=cursor))
    assert await keys(store, Query(limit=50, cursor=cursor)) == ["b"]
