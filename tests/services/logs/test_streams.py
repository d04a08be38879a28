"""Log streams and their lists."""

from typing import Any

import pytest
from tests.services.logs.conftest import Put
from tests.services.refusal import refused

from clary.testing import FakeClock


def names(logs: Any, group: str, **query: Any) -> list[list[str]]:
    paginator = logs.get_paginator("describe_log_streams")
    pages = paginator.paginate(logGroupName=group, **query, PaginationConfig={"PageSize": 2})
    return [[stream["logStreamName"] for stream in page["logStreams"]] for page in pages]


@pytest.fixture
def streams(logs: Any, group: str, put: Put) -> None:
    """Four streams; `b` has the newest event, then `d`, then `a`; `c` has none."""
    for name in ("d", "b", "a", "c"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    for ago, name in ((30, "a"), (20, "d"), (10, "b")):
        put(["x"], stream=name, ago=ago)


def test_create_log_stream_twice_or_without_a_group(logs: Any, group: str, stream: str) -> None:
    answer = refused(logs.create_log_stream, logGroupName=group, logStreamName=stream)
    assert answer == ("ResourceAlreadyExistsException", "The specified log stream already exists")
    answer = refused(logs.create_log_stream, logGroupName="none", logStreamName=stream)
    assert answer == ("ResourceNotFoundException", "The specified log group does not exist.")


def test_describe_log_streams_tells_times_and_size(
    logs: Any, group: str, stream: str, put: Put, clock: FakeClock
) -> None:
    (empty,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert not {"firstEventTimestamp", "lastEventTimestamp", "lastIngestionTime"} & empty.keys()
    put(["one", "two", "three"], ago=100)
    put(["zero"], ago=200)
    (described,) = logs.describe_log_streams(logGroupIdentifier=group)["logStreams"]
    assert described["lastEventTimestamp"] - described["firstEventTimestamp"] in range(99_000, 101_000)
    assert abs(described["lastIngestionTime"] / 1000 - clock.now()) < 60
    assert described["arn"].endswith(f":log-group:{group}:log-stream:{stream}")
    stored = logs.describe_log_groups()["logGroups"][0]["storedBytes"]
    assert stored == sum(len(text) + 26 for text in ("one", "two", "three", "zero"))


@pytest.mark.usefixtures("streams")
def test_describe_log_streams_by_name(logs: Any, group: str) -> None:
    assert names(logs, group) == [["a", "b"], ["c", "d"]]
    assert names(logs, group, descending=True) == [["d", "c"], ["b", "a"]]
    assert names(logs, group, orderBy="LogStreamName", logStreamNamePrefix="b") == [["b"]]


@pytest.mark.usefixtures("streams")
def test_describe_log_streams_by_time(logs: Any, group: str) -> None:
    assert names(logs, group, orderBy="LastEventTime") == [["c", "a"], ["d", "b"]]
    assert names(logs, group, orderBy="LastEventTime", descending=True) == [["b", "d"], ["a", "c"]]


def test_describe_log_streams_with_what_does_not_go_together(logs: Any, group: str) -> None:
    both = {"logGroupName": group, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"}
    text = "Cannot order by LastEventTime with a logStreamNamePrefix."
    assert refused(logs.describe_log_streams, **both) == ("InvalidParameterException", text)
    assert refused(logs.describe_log_streams)[0] == "InvalidParameterException"
    twice = {"logGroupName": group, "logGroupIdentifier": group}
    assert refused(logs.describe_log_streams, **twice)[0] == "InvalidParameterException"
    assert refused(logs.describe_log_streams, logGroupName=group, nextToken="x")[0] == "InvalidParameterException"


def test_delete_log_stream(logs: Any, group: str, stream: str, put: Put) -> None:
    put(["one"])
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    answer = refused(logs.delete_log_stream, logGroupName=group, logStreamName=stream)
    assert answer == ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert logs.filter_log_events(logGroupName=group)["events"] == []


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/../b", "x\\y", "[$LATEST]é %s"])
def test_stream_names_are_only_names(logs: Any, group: str, put: Put, name: str) -> None:
    logs.create_log_stream(logGroupName=group, logStreamName=name)
    put(["hello"], stream=name)
    assert logs.get_log_events(logGroupName=group, logStreamName=name)["events"][0]["message"] == "hello"


def test_stream_name_with_nul(logs: Any, group: str) -> None:
    for call in (logs.create_log_stream, logs.delete_log_stream, logs.get_log_events):
        assert refused(call, logGroupName=group, logStreamName="a\0b")[0] == "InvalidParameterException"
    for call in (logs.describe_log_streams, logs.filter_log_events):
        assert refused(call, logGroupName=group, logStreamNamePrefix="\0")[0] == "InvalidParameterException"
