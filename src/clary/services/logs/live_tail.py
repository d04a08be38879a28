"""Live tail: new events of some groups, sent while they come in."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import invalid_parameter
from clary.services.logs.filters import Filter, compile_filter
from clary.services.logs.group_table import load_group, named_group
from clary.services.logs.models import LogEvent

#: Seconds from one update to the next.
_INTERVAL = 1.0
_SESSION_SECONDS = 3 * 3600
_EVENTS_AN_UPDATE = 500
_EVENTS_HELD = 5000

Result = dict[str, Any]


@dataclass(eq=False)
class LiveTail:
    """One session: what it wants, and what has come in since the last update."""

    groups: frozenset[str]
    stream_names: Sequence[str]
    stream_prefixes: tuple[str, ...]
    pattern: Filter
    held: deque[Result] = field(default_factory=lambda: deque(maxlen=_EVENTS_HELD))

    def offer(self, group_arn: str, stream: str, events: Sequence[LogEvent]) -> None:
        """Keep those of the events that the session wants; the oldest give way when its client is slow."""
        if group_arn not in self.groups or not self._wants(stream):
            return
        for event in events:
            described = event.described()
            if self.pattern.matches(described["message"]):
                self.held.append(described | {"logStreamName": stream, "logGroupIdentifier": group_arn})

    def _wants(self, stream: str) -> bool:
        if self.stream_names:
            return stream in self.stream_names
        return not self.stream_prefixes or stream.startswith(self.stream_prefixes)

    def update(self) -> dict[str, Any]:
        """Return what has come in, thinned out to 500 events."""
        events, sampled = list(self.held), len(self.held) > _EVENTS_AN_UPDATE
        self.held.clear()
        if sampled:
            events = [events[place * len(events) // _EVENTS_AN_UPDATE] for place in range(_EVENTS_AN_UPDATE)]
        return {"sessionUpdate": {"sessionMetadata": {"sampled": sampled}, "sessionResults": events}}


class LiveTails(set[LiveTail]):
    """The sessions that are open in this server."""

    def offer(self, group_arn: str, stream: str, events: Sequence[LogEvent]) -> None:
        """Give events to every session that wants them."""
        for session in self:
            session.offer(group_arn, stream, events)


class LiveTailing:
    """The operation that opens a session."""

    live_tails: LiveTails

    async def start_live_tail(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The session ends with its connection, or after three hours."""
        # Differs from AWS: where several servers share a database, it sends what comes in through this one.
        names, prefixes = req.get("logStreamNames", []), tuple(req.get("logStreamNamePrefixes", ()))
        if names and prefixes:
            raise invalid_parameter("logStreamNames and logStreamNamePrefixes cannot be specified together.")
        if (names or prefixes) and len(req["logGroupIdentifiers"]) > 1:
            raise invalid_parameter("Log streams can only be specified for a single log group.")
        pattern = compile_filter(req.get("logEventFilterPattern", ""))
        arns = [await _group_arn(ctx, each) for each in req["logGroupIdentifiers"]]
        session = LiveTail(frozenset(arns), names, prefixes, pattern)
        start = {"requestId": ctx.request_id, "sessionId": str(uuid.uuid4()), "logGroupIdentifiers": arns}
        asked = ("logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern")
        start |= {name: req[name] for name in asked if name in req}
        return {"responseStream": self._updates(session, {"sessionStart": start})}

    async def _updates(self, session: LiveTail, start: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        self.live_tails.add(session)
        try:
            yield start
            for _ in range(int(_SESSION_SECONDS / _INTERVAL)):
                await asyncio.sleep(_INTERVAL)
                yield session.update()
            yield {"SessionTimeoutException": {"message": "The session has been open for three hours."}}
        finally:
            self.live_tails.discard(session)


async def _group_arn(ctx: Context, identifier: str) -> str:
    if not identifier.startswith("arn:"):
        raise invalid_parameter("Log groups of a Live Tail session are specified by their ARNs.")
    if identifier.endswith("*"):
        raise invalid_parameter("The ARN of a log group cannot end with an asterisk.")
    return (await load_group(ctx.platform.database, ctx.scope, named_group(ctx, identifier))).arn(ctx)
