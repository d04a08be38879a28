"""FilterLogEvents over many streams, live tail, and TestMetricFilter."""

import time
from typing import Any

import pytest
from botocore.config import Config
from tests.services.logs.conftest import GROUP, Put
from tests.services.refusal import refused

from clary.testing import FakeClock, Server


def found(logs: Any, **query: Any) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, **query)
    return [event["message"] for page in pages for event in page["events"]]


@pytest.fixture
def streams(logs: Any, group: str, put: Put) -> None:
    """Two streams whose events alternate in time (a1 b1 a2 b2 …), and a later third."""
    for name in ("job-a", "job-b", "other"):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
    put([f"a{number}" for number in range(5)], stream="job-a", ago=11, step=2)
    put([f"b{number}" for number in range(5)], stream="job-b", ago=10, step=2)
    put(["c0", "c1"], stream="other", ago=1)


ALL = ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4", "c0", "c1"]


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_filter_log_events_merges_streams_by_time(logs: Any, size: int) -> None:
    assert found(logs, PaginationConfig={"PageSize": size}) == ALL


@pytest.mark.usefixtures("streams")
@pytest.mark.parametrize("size", [1, 5, 100])
def test_filter_log_events_newest_first(logs: Any, size: int, clock: FakeClock) -> None:
    start = int((clock.now() - 3600) * 1000)
    query = {"startFromHead": False, "startTime": start, "PaginationConfig": {"PageSize": size}}
    assert found(logs, **query) == ALL[::-1]
    answer = refused(logs.filter_log_events, logGroupName=GROUP, startFromHead=False)
    assert answer[0] == "InvalidParameterException"


@pytest.mark.usefixtures("streams")
def test_filter_log_events_of_some_streams_and_times(logs: Any) -> None:
    assert found(logs, logStreamNamePrefix="job-") == ALL[:10]
    assert found(logs, logStreamNames=["other", "job-b", "other"]) == ["b0", "b1", "b2", "b3", "b4", "c0", "c1"]
    times = {event["message"]: event["timestamp"] for event in logs.filter_log_events(logGroupName=GROUP)["events"]}
    assert found(logs, startTime=times["a2"], endTime=times["a3"]) == ["a2", "b2", "a3"]
    assert found(logs, startTime=times["c1"] + 1) == []


@pytest.mark.usefixtures("streams")
def test_filter_log_events_by_pattern_tells_ids_and_streams(logs: Any) -> None:
    answer = logs.filter_log_events(logGroupName=GROUP, filterPattern="?3 ?c1")
    assert [(event["message"], event["logStreamName"]) for event in answer["events"]] == [
        ("a3", "job-a"),
        ("b3", "job-b"),
        ("c1", "other"),
    ]
    ids = [event["eventId"] for event in answer["events"]]
    assert (ids, [len(each) for each in ids]) == (sorted(set(ids)), [56] * 3)
    assert answer["searchedLogStreams"] == []
    assert "nextToken" not in answer


def test_filter_log_events_with_one_time_in_many_streams(logs: Any, group: str, put: Put) -> None:
    for name in "abc":
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put([f"{name}{number}" for number in range(3)], stream=name, step=0, ago=5)
    everything = found(logs)
    assert sorted(everything) == [f"{name}{number}" for name in "abc" for number in range(3)]
    for size in (1, 2, 4):
        assert found(logs, PaginationConfig={"PageSize": size}) == everything


@pytest.mark.usefixtures("streams")
def test_filter_log_events_follows_as_the_command_line_does(logs: Any, put: Put) -> None:
    """`aws logs tail --follow` asks again from the last time on, and passes over the ids that it has shown."""
    seen, shown, start = set(), [], 0
    for step in range(3):
        for event in logs.filter_log_events(logGroupName=GROUP, startTime=start, interleaved=True)["events"]:
            start = event["timestamp"]
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                shown.append(event["message"])
        put([f"new{step}"], stream="other")
    assert shown == [*ALL, "new0", "new1"]


@pytest.mark.usefixtures("streams")
def test_filter_log_events_with_wrong_input(logs: Any) -> None:
    both = {"logGroupName": GROUP, "logStreamNames": ["other"], "logStreamNamePrefix": "o"}
    assert refused(logs.filter_log_events, **both)[0] == "InvalidParameterException"
    missing = {"logGroupName": GROUP, "logStreamNames": ["none"]}
    assert refused(logs.filter_log_events, **missing)[0] == "ResourceNotFoundException"
    token = logs.filter_log_events(logGroupName=GROUP, limit=1)["nextToken"]
    for wrong in ({"nextToken": token, "filterPattern": "x"}, {"nextToken": "x"}, {"nextToken": token[:-6]}):
        answer = refused(logs.filter_log_events, logGroupName=GROUP, **wrong)
        assert answer == ("InvalidParameterException", "The specified nextToken is invalid.")
    code, text = refused(logs.filter_log_events, logGroupName=GROUP, filterPattern="{ $.a = }")
    assert (code, text[:22]) == ("InvalidParameterException", "Invalid filter pattern")


def test_filter_log_events_searches_no_longer_than_it_should(logs: Any, stream: str, put: Put) -> None:
    for _ in range(6):
        put(["x"] * 10_000, step=0.001)
    put(["needle"])
    pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, filterPattern="needle"))
    assert [len(page["events"]) for page in pages] == [0, 1]


def test_live_tail_sends_what_comes_in(server: Server, logs: Any, stream: str, put: Put) -> None:
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    client = server.client("logs", config=Config(inject_host_prefix=False))
    answer = client.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
    updates = iter(answer["responseStream"])
    assert next(updates)["sessionStart"]["logGroupIdentifiers"] == [arn]
    put(["fine", "ERROR one"])
    results: list[dict[str, Any]] = []
    deadline = time.monotonic() + 20
    while not results and time.monotonic() < deadline:
        results = next(updates)["sessionUpdate"]["sessionResults"]
    assert [(each["message"], each["logStreamName"]) for each in results] == [("ERROR one", stream)]
    answer["responseStream"].close()


def test_live_tail_with_wrong_input(server: Server, logs: Any, stream: str) -> None:
    client = server.client("logs", config=Config(inject_host_prefix=False))
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    for wrong in (
        {"logGroupIdentifiers": [GROUP]},
        {"logGroupIdentifiers": [arn + ":*"]},
        {"logGroupIdentifiers": [arn], "logStreamNames": ["a"], "logStreamNamePrefixes": ["b"]},
        {"logGroupIdentifiers": [arn, arn], "logStreamNames": ["a"]},
        {"logGroupIdentifiers": [arn], "logEventFilterPattern": "[a"},
    ):
        assert refused(client.start_live_tail, **wrong)[0] == "InvalidParameterException"
    assert refused(client.start_live_tail, logGroupIdentifiers=[arn + "x"])[0] == "ResourceNotFoundException"


def test_metric_filter_extracts_values(logs: Any) -> None:
    messages = ["127.0.0.1 - ada 200 1534", "127.0.0.1 - bob 404 12", "nonsense"]
    answer = logs.test_metric_filter(filterPattern="[ip, id, user, status = 4*, size]", logEventMessages=messages)
    assert answer["matches"] == [
        {
            "eventNumber": 2,
            "eventMessage": messages[1],
            "extractedValues": {"$ip": "127.0.0.1", "$id": "-", "$user": "bob", "$status": "404", "$size": "12"},
        }
    ]
