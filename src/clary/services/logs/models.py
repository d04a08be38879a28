"""Log groups, streams and events as they are kept, and how AWS describes them."""

from dataclasses import dataclass
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.schema import BEFORE_TIME, END_OF_TIME

DAY = 86_400_000

#: Bytes that AWS counts for each event besides its message.
EVENT_OVERHEAD = 26


@dataclass(frozen=True, slots=True)
class LogGroup:
    """One group. `retention` is in days, None for ever; `created` in milliseconds."""

    id: int
    name: str
    created: int
    log_class: str
    retention: int | None
    protected: bool
    tags: dict[str, str]

    def oldest(self, now: int) -> int:
        """Return the time before which events have expired."""
        return 0 if self.retention is None else now - self.retention * DAY

    def arn(self, ctx: Context) -> str:
        """Return the group's ARN, without the `:*` that stands for its streams."""
        return ctx.arn("logs", f"log-group:{self.name}")

    def described(self, ctx: Context, stored: int) -> dict[str, Any]:
        """Return it as DescribeLogGroups does; `stored` is the size of its streams in bytes."""
        arn = self.arn(ctx)
        return {
            "logGroupName": self.name,
            "creationTime": self.created,
            "retentionInDays": self.retention,
            "metricFilterCount": 0,
            "arn": f"{arn}:*",
            "logGroupArn": arn,
            "logGroupClass": self.log_class,
            "storedBytes": stored,
            "deletionProtectionEnabled": self.protected,
        }


@dataclass(frozen=True, slots=True)
class LogStream:
    """One stream. Times are in milliseconds; `size` is in bytes as AWS counts them.

    While there is no event, the first is at `END_OF_TIME`, the last at `BEFORE_TIME`, and nothing was ingested.
    """

    id: int
    group_id: int
    name: str
    created: int
    first_event: int
    last_event: int
    ingested: int | None
    size: int
    next_number: int

    @property
    def mean_event(self) -> int:
        """The mean size of an event in bytes, for deciding how many to read at once."""
        return max(EVENT_OVERHEAD, self.size // max(1, self.next_number))

    def described(self, ctx: Context, group: LogGroup) -> dict[str, Any]:
        """Return it as DescribeLogStreams does."""
        return {
            "logStreamName": self.name,
            "creationTime": self.created,
            "firstEventTimestamp": None if self.first_event == END_OF_TIME else self.first_event,
            "lastEventTimestamp": None if self.last_event == BEFORE_TIME else self.last_event,
            "lastIngestionTime": self.ingested,
            "uploadSequenceToken": sequence_token(self.next_number),
            "arn": f"{group.arn(ctx)}:log-stream:{self.name}",
            # AWS has answered 0 here since 2019; the group has the sum.
            "storedBytes": 0,
        }


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The place of an event among those of all streams: the order of FilterLogEvents."""

    time: int
    stream_id: int
    number: int


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event. Times are in milliseconds."""

    time: int
    number: int
    ingested: int
    message: bytes

    @property
    def size(self) -> int:
        """The bytes that AWS counts for it."""
        return len(self.message) + EVENT_OVERHEAD

    def described(self) -> dict[str, Any]:
        """Return it as GetLogEvents does."""
        return {"timestamp": self.time, "message": self.message.decode(), "ingestionTime": self.ingested}


def sequence_token(number: int) -> str:
    """Return a token for PutLogEvents: 56 digits, which AWS gives and nobody has to pass back."""
    return f"49{number:054d}"


def event_id(position: Position) -> str:
    """Return the id of an event: 56 digits, unique in the server, rising with the event's place."""
    return f"{position.time:018d}{position.stream_id:019d}{position.number:019d}"
