"""Lines of a program on their way to CloudWatch Logs.

One PutLogEvents call is under way at a time and takes everything that came meanwhile: the first line is there as soon
as it can be, and a program that prints fast costs few calls.
"""

import asyncio
from collections.abc import Sequence

from clary.jobs.program import Line
from clary.services._base.context import Client
from clary.services.sagemaker.models import Document
from clary.wire.errors import AwsError

#: PutLogEvents takes this many events and bytes, and counts 26 bytes for each event.
_MOST_EVENTS = 10_000
_MOST_BYTES = 1_048_576
_EVENT_BYTES = 26
#: A program that prints faster than its lines are stored waits once this many are on their way.
_MOST_WAITING = 20_000


class LogStream:
    """One stream of a log group. `logs` is the client of the role that writes; a role that may not write loses the log
    and nothing else, as on AWS."""

    def __init__(self, logs: Client, group: str, name: str) -> None:
        self._logs = logs
        self._names = {"logGroupName": group, "logStreamName": name}
        self._waiting: list[Document] = []
        self._sending: asyncio.Task[None] | None = None
        self.last_line = ""

    async def open(self) -> None:
        """Create the group and the stream, unless they are there."""
        group = {"logGroupName": self._names["logGroupName"]}
        for operation, names in (("create_log_group", group), ("create_log_stream", self._names)):
            try:
                await getattr(self._logs, operation)(**names)
            except AwsError as error:
                if error.code != "ResourceAlreadyExistsException":
                    return

    async def write(self, lines: Sequence[Line]) -> None:
        """Send lines. CloudWatch knows no empty events: empty lines are passed over."""
        events = [{"timestamp": int(line.at * 1000), "message": line.text} for line in lines if line.text]
        if not events:
            return
        self.last_line = str(events[-1]["message"])
        self._waiting += events
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())
        elif len(self._waiting) > _MOST_WAITING:
            await self._sending

    async def close(self) -> None:
        """Wait until all lines are stored."""
        if self._sending is not None:
            await self._sending

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = _first_batch(self._waiting)
            try:
                await self._logs.put_log_events(**self._names, logEvents=batch)
            except AwsError:
                self._waiting.clear()


def _first_batch(events: list[Document]) -> tuple[list[Document], list[Document]]:
    """Split off as many events as one call takes."""
    size = 0
    for count, event in enumerate(events):
        size += len(event["message"].encode()) + _EVENT_BYTES
        if count == _MOST_EVENTS or size > _MOST_BYTES:
            return events[:count], events[count:]
    return events, []
