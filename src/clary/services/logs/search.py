"""Searching a group: the events of many streams in one order, and those that a pattern matches.

Decision: streams are merged by time and opened when their turn comes. A stream whose first event is later than what is
read now costs nothing yet, so a group of thousands of streams, of which few overlap, is read one after another.
"""

import asyncio
import heapq
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import invalid_parameter
from clary.services.logs.event_table import PAGE_BYTES, PAGE_EVENTS, events_after, events_before
from clary.services.logs.filters import compile_filter
from clary.services.logs.group_table import load_group
from clary.services.logs.models import LogEvent, LogGroup, LogStream, Position, event_id
from clary.services.logs.schema import END_OF_TIME
from clary.services.logs.stream_table import load_stream, streams_in_time
from clary.services.logs.streams import requested_group
from clary.services.logs.tokens import seal, unseal
from clary.state.database import Database

#: How much one call looks at before it answers with what it has found and a token.
_SCANNED_EVENTS = 50_000
_SCANNED_BYTES = 32 * PAGE_BYTES
_SLICE_EVENTS = 1000
#: 2024-01-01: before it, events can only be read from the oldest on.
_NEWEST_FIRST_SINCE = 1_704_067_200_000


@dataclass(frozen=True, slots=True)
class Found:
    """One event and where it stands."""

    position: Position
    stream: LogStream
    event: LogEvent


class Searching:
    """Operations that look for events by a pattern."""

    async def filter_log_events(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A page may be empty and still have a token: there is more to search."""
        database = ctx.platform.database
        group = await load_group(database, ctx.scope, requested_group(ctx, req))
        pattern = compile_filter(req.get("filterPattern", ""))
        start = max(int(req.get("startTime", 0)), group.oldest(int(ctx.now() * 1000)))
        end = min(int(req.get("endTime", END_OF_TIME)), END_OF_TIME - 1) + 1
        query, descending, position = _resumed(req, group)
        streams = await _streams(database, group, req, start, end)

        events: list[dict[str, Any]] = []
        room, looked, seen = PAGE_BYTES, 0, 0
        limit = req.get("limit", PAGE_EVENTS)
        async for found in merged(database, streams, start, end, position, descending=descending):
            full = len(events) == limit or looked > _SCANNED_BYTES or seen == _SCANNED_EVENTS
            message = found.event.message.decode()
            matches = not full and pattern.matches(message)
            if full or (matches and events and found.event.size > room):
                return {"events": events, "searchedLogStreams": [], "nextToken": _token(query, descending, position)}
            position, looked, seen = found.position, looked + found.event.size, seen + 1
            if matches:
                room -= found.event.size
                identity = {"logStreamName": found.stream.name, "eventId": event_id(found.position)}
                events.append(found.event.described() | identity)
        return {"events": events, "searchedLogStreams": []}

    async def test_metric_filter(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Values are extracted for space-delimited and JSON patterns."""
        pattern = compile_filter(req["filterPattern"])
        matches = [
            {"eventNumber": number, "eventMessage": message, "extractedValues": pattern.extract(message)}
            for number, message in enumerate(req["logEventMessages"], 1)
            if pattern.matches(message)
        ]
        return {"matches": matches}


async def merged(
    database: Database,
    streams: Sequence[LogStream],
    start: int,
    end: int,
    position: Position | None,
    *,
    descending: bool = False,
) -> AsyncIterator[Found]:
    """Yield the events from `start` up to, not including, `end` that come after `position`, in the order of positions.

    Other work gets its turn whenever a slice of a stream has been read.
    """
    sign = -1 if descending else 1
    queue: list[tuple[int, int, int, LogStream, list[LogEvent] | None]] = []
    for stream in streams:
        nearest = min(stream.last_event, end) if descending else max(stream.first_event, start)
        queue.append((sign * nearest, sign * stream.id, -1, stream, None))
    heapq.heapify(queue)
    while queue:
        _, _, _, stream, slice_ = heapq.heappop(queue)
        if slice_:
            event = slice_.pop()
            position = Position(event.time, stream.id, event.number)
            yield Found(position, stream, event)
        if not slice_:
            slice_ = await _next_slice(database, stream, start, end, position, descending=descending)
            slice_.reverse()
            await asyncio.sleep(0)
        if slice_:
            following = slice_[-1]
            heapq.heappush(queue, (sign * following.time, sign * stream.id, sign * following.number, stream, slice_))


async def _next_slice(
    database: Database, stream: LogStream, start: int, end: int, position: Position | None, *, descending: bool
) -> list[LogEvent]:
    """Return the next events of a stream after a position, which may be that of another stream's event."""
    length = max(16, min(_SLICE_EVENTS, PAGE_BYTES // stream.mean_event))
    if descending:
        place = (end, -1)
        if position is not None:
            same = position.number if position.stream_id == stream.id else END_OF_TIME
            place = min(place, (position.time, same if position.stream_id >= stream.id else -1))
        return await events_before(database, stream.id, place, start, length)
    place = (start, -1)
    if position is not None:
        same = position.number if position.stream_id == stream.id else END_OF_TIME
        place = max(place, (position.time, same if position.stream_id >= stream.id else -1))
    return await events_after(database, stream.id, place, end, length)


async def _streams(database: Database, group: LogGroup, req: dict[str, Any], start: int, end: int) -> list[LogStream]:
    """Return the streams that a request asks for.

    Raises:
        AwsError: InvalidParameterException; ResourceNotFoundException when one of those that it names is not there.
    """
    names = req.get("logStreamNames")
    if names and "logStreamNamePrefix" in req:
        raise invalid_parameter("Cannot specify both logStreamNames and logStreamNamePrefix.")
    if names:
        return [await load_stream(database, group.id, name) for name in dict.fromkeys(names)]
    return await streams_in_time(database, group.id, req.get("logStreamNamePrefix", ""), start, end)


def _resumed(req: dict[str, Any], group: LogGroup) -> tuple[list[Any], bool, Position | None]:
    """Return what a token is bound to, and the direction and position that the request's token gives."""
    asked = ("logStreamNames", "logStreamNamePrefix", "startTime", "endTime", "filterPattern")
    query = ["filter", group.id, *(req.get(name) for name in asked)]
    place = unseal(req.get("nextToken"), query, int, int, int, int)
    if place is not None:
        return query, bool(place[0]), Position(*place[1:])
    descending = not req.get("startFromHead", True)
    if descending and req.get("startTime", 0) < _NEWEST_FIRST_SINCE:
        text = "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC."
        raise invalid_parameter(text)
    return query, descending, None


def _token(query: list[Any], descending: bool, position: Position | None) -> str | None:
    if position is None:
        return None
    return seal(query, [int(descending), position.time, position.stream_id, position.number])
