"""What the tests of CloudWatch Logs share."""

from collections.abc import Callable
from typing import Any

import pytest

from clary.testing import FakeClock

GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "job/algo-1-123"

#: Puts messages into a stream, one second apart; the last is of now.
Put = Callable[..., Any]


@pytest.fixture
def logs(client: Callable[..., Any]) -> Any:
    return client("logs")


@pytest.fixture
def group(logs: Any) -> str:
    logs.create_log_group(logGroupName=GROUP)
    return GROUP


@pytest.fixture
def stream(logs: Any, group: str) -> str:
    logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
    return STREAM


@pytest.fixture
def put(logs: Any, group: str, clock: FakeClock) -> Put:
    def put_messages(messages: list[str], stream: str = STREAM, ago: float = 0, step: float = 1) -> Any:
        last = int((clock.now() - ago) * 1000)
        count = len(messages)
        times = [last - int((count - 1 - place) * step * 1000) for place in range(count)]
        events = [{"timestamp": time, "message": text} for time, text in zip(times, messages, strict=True)]
        return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    return put_messages
