"""Records against a dictionary: Hypothesis looks for a sequence of steps after which they differ."""

import asyncio
import dataclasses
import itertools
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clary.state.backends import open_database
from clary.state.database import Conflict
from clary.state.record_store import RecordStore
from clary.state.records import Query, Record, Stale
from clary.state.store import RecordWriter

from .postgres_server import PostgresServer

KEYS = st.text(st.sampled_from("aA_%ä\\\U0001f600"), max_size=3)
STATUSES = st.sampled_from(("InProgress", "Completed", "Failed"))
TIMES = st.sampled_from((0.0, 1.5, 1.5000001, 1e9, -3.0))
PARENTS = st.sampled_from((None, "p", "q"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", max_size=3), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=3)


def seldom(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly None: a query that narrows by everything finds nothing."""
    return st.sampled_from(range(5)).flatmap(lambda number: values if number == 4 else st.none())


QUERIES = st.builds(
    Query,
    limit=st.integers(1, 3),
    sort_by=st.sampled_from(("key", "created", "modified", "status")),
    descending=st.booleans(),
    key_prefix=seldom(KEYS),
    key_contains=seldom(KEYS),
    statuses=seldom(st.lists(STATUSES, unique=True, max_size=2)).map(lambda statuses: tuple(statuses or ())),
    created_after=seldom(TIMES),
    modified_before=seldom(TIMES),
    parent=seldom(PARENTS),
)


class Undone(Exception):  # noqa: N818  - no error: the test asks for it
    """Leaves a write block, to roll it back."""


class RecordsMachine(RuleBasedStateMachine):
    """One store, a dictionary of what it should hold, and single steps on both."""

    address: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.held: dict[str, tuple[Record, str | None]] = {}

    @initialize()
    def open(self) -> None:
        self.database = open_database(type(self).address())
        self.run(self.database.open())
        self.run(self.database.migrate(RecordStore.migrations))
        self.store = RecordStore(self.database).scoped("service", "scope")

    def teardown(self) -> None:
        self.run(self.database.close())
        self.loop.close()

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def change(self, undone: bool, *steps: Callable[[Any], Any]) -> None:
        async with self.store.write() as records:
            for step in steps:
                await step(records)
            if undone:
                raise Undone

    def attempt(self, undone: bool, step: Callable[[Any], Any]) -> type[Exception] | None:
        try:
            self.run(self.change(undone, step))
        except (Conflict, Stale, Undone) as error:
            return type(error)
        return None

    @rule(keys=st.lists(KEYS, max_size=8, unique=True), at=TIMES, status=STATUSES, parent=PARENTS)
    def insert_many(self, keys: list[str], at: float, status: str, parent: str | None) -> None:
        new = [Record(key, {}, status, at, at) for key in keys if key not in self.held]
        self.run(self.change(False, *(partial(insert, record, parent) for record in new)))
        self.held |= {record.key: (record, parent) for record in new}

    @rule(key=KEYS, body=BODIES, status=STATUSES, created=TIMES, modified=TIMES, parent=PARENTS, undone=st.booleans())
    def insert(
        self,
        key: str,
        body: dict[str, Any],
        status: str,
        created: float,
        modified: float,
        parent: str | None,
        undone: bool,
    ) -> None:
        record = Record(key, body, status, created, modified)
        outcome = self.attempt(undone, partial(insert, record, parent))
        assert outcome is (Conflict if key in self.held else Undone if undone else None)
        if outcome is None:
            self.held[key] = record, parent

    @precondition(lambda self: self.held)
    @rule(data=st.data(), body=BODIES, status=STATUSES, modified=TIMES, stale=st.booleans(), undone=st.booleans())
    def update(
        self, data: st.DataObject, body: dict[str, Any], status: str, modified: float, stale: bool, undone: bool
    ) -> None:
        record, parent = self.held[data.draw(st.sampled_from(sorted(self.held)))]
        changed = dataclasses.replace(record, body=body, status=status, modified=modified)
        given = dataclasses.replace(changed, version=record.version + stale)
        outcome = self.attempt(undone, lambda records: records.update("kind", given))
        assert outcome is (Stale if stale else Undone if undone else None)
        if outcome is None:
            self.held[record.key] = dataclasses.replace(changed, version=record.version + 1), parent

    @rule(key=KEYS, undone=st.booleans())
    def delete(self, key: str, undone: bool) -> None:
        if self.attempt(undone, lambda records: records.delete("kind", key)) is None:
            self.held.pop(key, None)

    @rule(query=QUERIES)
    def read_all_pages(self, query: Query) -> None:
        chosen = [record for record, parent in self.held.values() if matches(query, record, parent)]
        chosen.sort(key=lambda record: rank(query.sort_by, record), reverse=query.descending)
        found: list[Record] = []
        while True:
            page = self.run(self.store.list("kind", query))
            found += page.records
            assert len(found) <= len(self.held)
            assert len(page.records) == query.limit or page.cursor is None
            if page.cursor is None:
                break
            query = dataclasses.replace(query, cursor=page.cursor)
        assert found == chosen

    @invariant()
    def each_record_is_the_one_that_was_written(self) -> None:
        for key, (record, _) in self.held.items():
            assert self.run(self.store.get("kind", key)) == record


async def insert(record: Record, parent: str | None, records: RecordWriter) -> None:
    await records.insert("kind", record, parent=parent)


def matches(query: Query, record: Record, parent: str | None) -> bool:
    return (
        record.key.startswith(query.key_prefix or "")
        and lowered(query.key_contains or "") in lowered(record.key)
        and (not query.statuses or record.status in query.statuses)
        and (query.created_after is None or record.created > query.created_after)
        and (query.modified_before is None or record.modified < query.modified_before)
        and (query.parent is None or parent == query.parent)
    )


def lowered(text: str) -> str:
    """ASCII letters alone, which is what AWS's names are of."""
    return text.encode().lower().decode()


def rank(order: Literal["key", "created", "modified", "status"], record: Record) -> tuple[object, ...]:
    values = {
        "key": (),
        "created": (record.created,),
        "modified": (record.modified,),
        "status": (record.status, record.created),
    }
    return (*values[order], record.key.encode())


@pytest.mark.parametrize(("backend", "examples"), [("sqlite", 25), ("postgres", 10)])
def test_records_are_what_a_dictionary_would_hold(
    backend: str, examples: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    numbers = itertools.count()

    def address() -> str:
        if backend == "sqlite":
            return f"{tmp_path}/{next(numbers)}.db"
        server: PostgresServer = request.getfixturevalue("postgres")
        return server.schema(f"model{next(numbers)}")

    machine = type("Machine", (RecordsMachine,), {"address": staticmethod(address)})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=examples, stateful_step_count=30, deadline=None, database=None),
    )
