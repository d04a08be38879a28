"""Whatever was put in, and however small the pages: every event comes once, in the order of its time."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.services._base.context import Client
from clary.services._base.principal import Principal, PrincipalKind
from clary.testing import Server

_groups = itertools.count()

#: Stream and times of each batch, in milliseconds; few different ones, so that they often coincide.
Batches = list[tuple[str, list[int]]]
BATCHES = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 8), min_size=1, max_size=6).map(sorted)), max_size=8
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("clary")) as running:
        yield running


class Filled:
    """A fresh group with batches in it; `events` says what is where: (time, stream, number) and message."""

    def __init__(self, server: Server, batches: Batches) -> None:
        self.server, self.name = server, f"group{next(_groups)}"
        self.start = int(server.clock.now() * 1000) - 1000
        self.events: list[tuple[tuple[int, str, int], str]] = []
        account = server.app.platform.account
        root = Principal(PrincipalKind.ROOT, account, f"arn:aws:iam::{account}:root", account)
        self._logs: Client = server.app.platform.context("logs", f"{account}/us-east-1", root).client("logs")
        self.call("create_log_group", logGroupName=self.name)
        for stream in "abc":
            self.call("create_log_stream", logGroupName=self.name, logStreamName=stream)
        for stream, times in batches:
            self._put(stream, times)
        self.events.sort()

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        async def made() -> dict[str, Any]:
            answer: dict[str, Any] = await getattr(self._logs, operation)(**params)
            return answer

        return self.server.run(made())

    def _put(self, stream: str, times: list[int]) -> None:
        batch = []
        for time in times:
            message = f"{stream} {time} {len(self.events)}"
            self.events.append(((time, stream, len(self.events)), message))
            batch.append({"timestamp": self.start + time, "message": message})
        self.call("put_log_events", logGroupName=self.name, logStreamName=stream, logEvents=batch)

    def search(self, limit: int, **query: Any) -> list[str]:
        """Return what FilterLogEvents finds page by page."""
        query |= {"logGroupName": self.name, "limit": limit}
        found: list[str] = []
        while True:
            answer = self.call("filter_log_events", **query)
            assert len(answer["events"]) <= limit
            found += [event["message"] for event in answer["events"]]
            if answer.get("nextToken") is None:
                return found
            query["nextToken"] = answer["nextToken"]

    def read(self, stream: str, limit: int, *, forward: bool) -> list[str]:
        """Return what GetLogEvents gives page by page, in the order of time."""
        query: dict[str, Any] = {"logGroupName": self.name, "logStreamName": stream, "limit": limit}
        token, pages = "nextForwardToken" if forward else "nextBackwardToken", []
        answer = self.call("get_log_events", **query, startFromHead=forward)
        while answer["events"]:
            pages.append([event["message"] for event in answer["events"]])
            answer = self.call("get_log_events", **query, startFromHead=forward, nextToken=answer[token])
        return list(itertools.chain.from_iterable(pages if forward else reversed(pages)))


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, limit=st.integers(1, 7), start=st.integers(0, 9), end=st.integers(0, 9))
def test_search_finds_every_event_once(server: Server, batches: Batches, limit: int, start: int, end: int) -> None:
    filled = Filled(server, batches)
    expected = [message for _, message in filled.events]
    assert filled.search(limit) == expected
    first = filled.start
    assert filled.search(limit, startTime=first, startFromHead=False) == expected[::-1]
    between = [message for (time, _, _), message in filled.events if start <= time <= end]
    assert filled.search(limit, startTime=first + start, endTime=first + end) == between


@settings(max_examples=60, deadline=None)
@given(batches=BATCHES, limit=st.integers(1, 7))
def test_read_gives_every_event_once_in_both_directions(server: Server, batches: Batches, limit: int) -> None:
    filled = Filled(server, batches)
    expected = [message for (_, stream, _), message in filled.events if stream == "a"]
    assert filled.read("a", limit, forward=True) == expected
    assert filled.read("a", limit, forward=False) == expected
