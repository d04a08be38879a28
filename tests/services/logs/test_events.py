"""Log events: what PutLogEvents takes and refuses, and how GetLogEvents pages in both directions."""

from pathlib import Path
from typing import Any

import pytest
from tests.services.logs.conftest import GROUP, STREAM, Put
from tests.services.refusal import refused

from clary.services.logs.service import Logs
from clary.testing import FakeClock, Server

DAY = 24 * 3600


def read(logs: Any, **query: Any) -> dict[str, Any]:
    answer: dict[str, Any] = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, **query)
    return answer


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def kept(server: Server) -> list[bytes]:
    """Return what is in the database once nothing is left to remove."""
    service = server.run(server.app.services.get("logs"))
    assert isinstance(service, Logs)
    server.run(service.trimmer.finish())
    return [
        bytes(row[0]) for row in server.run(server.app.platform.database.fetch_all("SELECT message FROM log_event"))
    ]


@pytest.fixture
def ten(stream: str, put: Put) -> None:
    """Ten events, `0` to `9`, of which `3` and `4` have one time."""
    put([str(number) for number in range(4)], ago=7)
    put([str(number) for number in range(4, 10)], ago=2)


def test_put_log_events_then_get_them(logs: Any, stream: str, put: Put, clock: FakeClock) -> None:
    text = "Zeile ä\n\ttab \x00 \U0001f600"
    answer = put([text])
    assert len(answer["nextSequenceToken"]) == 56
    assert "rejectedLogEventsInfo" not in answer
    (event,) = read(logs)["events"]
    assert event["message"] == text
    assert abs(event["ingestionTime"] / 1000 - clock.now()) < 60


def test_put_log_events_survives_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path) as first:
        logs = first.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        now = int(first.clock.now() * 1000)
        event = {"timestamp": now, "message": "kept"}
        logs.put_log_events(logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])
    with Server(tmp_path) as second:
        assert messages(read(second.client("logs"))) == ["kept"]


def test_put_log_events_ignores_sequence_tokens(logs: Any, stream: str, clock: FakeClock) -> None:
    event = {"timestamp": int(clock.now() * 1000), "message": "x"}
    query = {"logGroupName": GROUP, "logStreamName": STREAM, "logEvents": [event]}
    tokens = [logs.put_log_events(**query, sequenceToken="wrong")["nextSequenceToken"] for _ in range(2)]
    assert tokens[0] < tokens[1]
    assert messages(read(logs)) == ["x", "x"]


def test_put_log_events_into_what_is_not_there(logs: Any, group: str, clock: FakeClock) -> None:
    events = [{"timestamp": int(clock.now() * 1000), "message": "x"}]
    query = {"logGroupName": group, "logStreamName": "none", "logEvents": events}
    assert refused(logs.put_log_events, **query)[1] == "The specified log stream does not exist."
    assert (
        refused(logs.put_log_events, **query | {"logGroupName": "none"})[1] == "The specified log group does not exist."
    )
    old = [{"timestamp": 1, "message": "x"}]
    assert refused(logs.put_log_events, **query | {"logEvents": old})[0] == "ResourceNotFoundException"


def test_put_log_events_out_of_order(put: Put, stream: str) -> None:
    answer = refused(put, messages=["a", "b"], step=-1)
    text = "Log events in a single PutLogEvents request must be in chronological order."
    assert answer == ("InvalidParameterException", text)


def test_put_log_events_over_a_day(put: Put, stream: str) -> None:
    code, text = refused(put, messages=["a", "b"], step=DAY + 1)
    assert (code, "cannot span more than 24 hours" in text) == ("InvalidParameterException", True)


def test_put_log_events_of_the_largest_size_and_one_more(logs: Any, put: Put, stream: str) -> None:
    largest = "x" * (1_048_576 - 26)
    put([largest])
    assert messages(read(logs)) == [largest]
    answer = refused(put, messages=[largest + "x"])
    assert answer == ("InvalidParameterException", "Upload too large: 1048577 bytes exceeds limit of 1048576")


def test_put_log_events_too_old_and_too_new(logs: Any, stream: str, clock: FakeClock) -> None:
    hours = (-15 * 24, -14 * 24 - 0.1, -1, 0, 1.9, 2.1, 48)
    events = [{"timestamp": int((clock.now() + hour * 3600) * 1000), "message": str(hour)} for hour in hours]
    query = {"logGroupName": GROUP, "logStreamName": STREAM, "logEvents": events}
    info = logs.put_log_events(**query)["rejectedLogEventsInfo"]
    assert info == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 5}
    assert messages(read(logs)) == ["-1", "0", "1.9"]
    query["logEvents"] = events[:1] + events[-1:]
    info = logs.put_log_events(**query)["rejectedLogEventsInfo"]
    assert info == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 1}


@pytest.mark.usefixtures("ten")
def test_get_log_events_forward_to_the_end_and_on(logs: Any, put: Put) -> None:
    page = read(logs, startFromHead=True, limit=4)
    seen: list[str] = []
    sizes = []
    while page["events"]:
        seen += messages(page)
        sizes.append(len(page["events"]))
        token = page["nextForwardToken"]
        page = read(logs, startFromHead=True, limit=4, nextToken=token)
    assert (seen, sizes) == ([str(number) for number in range(10)], [4, 4, 2])
    assert page["nextForwardToken"] == token, "at the end the token stays"
    put(["new"])
    assert messages(read(logs, nextToken=token)) == ["new"], "and finds what comes later"


@pytest.mark.usefixtures("ten")
def test_get_log_events_backward_from_the_end(logs: Any) -> None:
    page, seen = read(logs, limit=4), []
    while page["events"]:
        seen.append(messages(page))
        token = page["nextBackwardToken"]
        page = read(logs, limit=4, nextToken=token)
    assert seen == [["6", "7", "8", "9"], ["2", "3", "4", "5"], ["0", "1"]]
    assert page["nextBackwardToken"] == token
    assert messages(read(logs, nextToken=page["nextForwardToken"], limit=2)) == ["0", "1"]


@pytest.mark.usefixtures("ten")
def test_get_log_events_turns_round(logs: Any) -> None:
    second = read(logs, nextToken=read(logs, startFromHead=True, limit=3)["nextForwardToken"], limit=3)
    assert messages(second) == ["3", "4", "5"]
    assert messages(read(logs, nextToken=second["nextBackwardToken"], limit=3)) == ["0", "1", "2"]


@pytest.mark.usefixtures("ten")
def test_get_log_events_between_times(logs: Any) -> None:
    events = read(logs)["events"]
    start, end = events[2]["timestamp"], events[7]["timestamp"]
    for head in (True, False):
        assert messages(read(logs, startTime=start, endTime=end, startFromHead=head)) == ["2", "3", "4", "5", "6"]
    assert messages(read(logs, startTime=start, limit=1, startFromHead=True)) == ["2"]
    assert messages(read(logs, endTime=end, limit=1)) == ["6"]
    assert read(logs, startTime=end, endTime=start)["events"] == []


@pytest.mark.parametrize("head", [True, False])
def test_get_log_events_of_an_empty_stream_finds_the_first(logs: Any, stream: str, put: Put, head: bool) -> None:
    empty = read(logs, startFromHead=head)
    assert empty["events"] == []
    again = read(logs, startFromHead=head, nextToken=empty["nextForwardToken"])
    assert again["nextForwardToken"] == empty["nextForwardToken"]
    put(["first"])
    assert messages(read(logs, startFromHead=True, nextToken=empty["nextForwardToken"])) == ["first"]


@pytest.mark.parametrize("token", ["x", "f/12", "g/" + "0" * 56, "f/" + "9" * 56, "b/" + "٣" * 56])
def test_get_log_events_with_a_token_of_nobodys(logs: Any, stream: str, token: str) -> None:
    answer = refused(read, logs=logs, nextToken=token)
    assert answer == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_get_log_events_holds_a_mebibyte_a_page(logs: Any, stream: str, put: Put) -> None:
    for _ in range(5):
        put(["x" * 300_000])
    put(["small"])
    forward = read(logs, startFromHead=True)
    assert len(forward["events"]) == 3
    rest = read(logs, nextToken=forward["nextForwardToken"])
    assert [len(text) for text in messages(rest)] == [300_000, 300_000, 5]
    assert [len(text) for text in messages(read(logs))] == [300_000, 300_000, 300_000, 5]


def test_get_log_events_orders_late_events_by_their_time(logs: Any, stream: str, put: Put) -> None:
    put(["later"], ago=10)
    put(["earlier"], ago=20)
    assert messages(read(logs)) == ["earlier", "later"]


def test_get_log_events_by_arn(logs: Any, stream: str, put: Put) -> None:
    put(["x"])
    arn = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
    assert messages(logs.get_log_events(logGroupIdentifier=arn, logStreamName=stream)) == ["x"]


def test_retention_ends_events(server: Server, logs: Any, stream: str, put: Put, clock: FakeClock) -> None:
    put(["old"], ago=2 * DAY)
    put(["new"])
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=3)
    assert messages(read(logs, startFromHead=True)) == ["old", "new"]
    clock.advance(2 * DAY)
    assert messages(read(logs)) == messages(read(logs, startFromHead=True)) == ["new"]
    found = logs.filter_log_events(logGroupName=GROUP)
    assert messages(found) == ["new"]
    info = put(["expired"], ago=4 * DAY)["rejectedLogEventsInfo"]
    assert info == {"expiredLogEventEndIndex": 1}


def test_retention_frees_the_room(server: Server, logs: Any, stream: str, put: Put, clock: FakeClock) -> None:
    put(["old"] * 5, ago=2 * DAY)
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    put(["new"])
    assert kept(server) == [b"new"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert (group["storedBytes"], group["retentionInDays"]) == (29, 1)
    (described,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
    assert described["firstEventTimestamp"] == described["lastEventTimestamp"]


def test_deletion_frees_the_room(server: Server, logs: Any, stream: str, put: Put) -> None:
    put(["x"] * 5000, step=0.001)
    logs.create_log_stream(logGroupName=GROUP, logStreamName="other")
    put(["stays"], stream="other")
    logs.delete_log_stream(logGroupName=GROUP, logStreamName=stream)
    assert kept(server) == [b"stays"]


def test_put_retention_policy_of_days_that_are_not_offered(logs: Any, group: str) -> None:
    code, text = refused(logs.put_retention_policy, logGroupName=group, retentionInDays=2)
    assert (code, text[:60]) == (
        "InvalidParameterException",
        "1 validation error detected: Value '2' at 'retentionInDays' ",
    )
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
