"""Log events: put them into a stream, and page through one stream in both directions."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import invalid_parameter, invalid_token
from clary.services.logs.event_table import PAGE_BYTES, PAGE_EVENTS, Place, append_events, read_page
from clary.services.logs.group_table import load_group
from clary.services.logs.live_tail import LiveTails
from clary.services.logs.models import DAY, EVENT_OVERHEAD, LogEvent, LogGroup, sequence_token
from clary.services.logs.schema import END_OF_TIME
from clary.services.logs.stream_table import load_stream, take_numbers
from clary.services.logs.streams import requested_group
from clary.services.logs.trimming import Trimmer, expire

_BATCH_BYTES = PAGE_BYTES
_FUTURE = 2 * 3_600_000
_PAST = 14 * DAY
_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})")


class LogEvents:
    """Operations on the events of one stream."""

    trimmer: Trimmer
    live_tails: LiveTails

    async def put_log_events(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The events are on disk and can be read when this answers. `entity` is not kept."""
        now = int(ctx.now() * 1000)
        name, stream_name = req["logGroupName"], req["logStreamName"]
        events = [(int(event["timestamp"]), event["message"].encode()) for event in req["logEvents"]]
        _check_batch(events)
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, name)
            accepted, rejected = _accepted(events, group, now)
            if not accepted:
                stream = await load_stream(tx, group.id, stream_name)
                return {"nextSequenceToken": sequence_token(stream.next_number), "rejectedLogEventsInfo": rejected}
            stream_id, next_number = await take_numbers(
                tx,
                group.id,
                stream_name,
                count=len(accepted),
                first=accepted[0][0],
                last=accepted[-1][0],
                size=sum(len(message) + EVENT_OVERHEAD for _, message in accepted),
                now=now,
            )
            number = next_number - len(accepted)
            stored = [LogEvent(time, number + place, now, message) for place, (time, message) in enumerate(accepted)]
            await append_events(tx, stream_id, stored)
            if self.trimmer.is_due(now):
                await expire(tx, now)
                tx.on_commit(self.trimmer.wake)
            if self.live_tails:
                arn = group.arn(ctx)
                tx.on_commit(lambda: self.live_tails.offer(arn, stream_name, stored))
        return {"nextSequenceToken": sequence_token(next_number), "rejectedLogEventsInfo": rejected}

    async def get_log_events(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A token that is passed back unchanged at the end of the stream finds events that come later."""
        database = ctx.platform.database
        group = await load_group(database, ctx.scope, requested_group(ctx, req))
        stream = await load_stream(database, group.id, req["logStreamName"])
        start = max(int(req.get("startTime", 0)), group.oldest(int(ctx.now() * 1000)))
        end = min(int(req.get("endTime", END_OF_TIME)), END_OF_TIME)
        backward, place = _direction(req, start, end)
        limit, bound = req.get("limit", PAGE_EVENTS), start if backward else end
        place = min(place, (end, 0)) if backward else max(place, (start, -1))
        page = await read_page(database, stream, place, bound, limit, backward=backward)
        if backward:
            page.reverse()
        if page:
            before, after = (page[0].time, page[0].number), (page[-1].time, page[-1].number)
        elif backward and "nextToken" in req:
            before, after = place, (place[0], max(place[1] - 1, -1))
        else:
            after = (start, -1) if backward else place
            before = (after[0], after[1] + 1)
        tokens = {"nextForwardToken": _token("f", after), "nextBackwardToken": _token("b", before)}
        if not page and "nextToken" in req:
            tokens["nextBackwardToken" if backward else "nextForwardToken"] = req["nextToken"]
        return {"events": [event.described() for event in page]} | tokens


def _check_batch(events: Sequence[tuple[int, bytes]]) -> None:
    """Refuse a batch that is too large or not in order.

    Raises:
        AwsError: InvalidParameterException.
    """
    size = sum(len(message) + EVENT_OVERHEAD for _, message in events)
    if size > _BATCH_BYTES:
        raise invalid_parameter(f"Upload too large: {size} bytes exceeds limit of {_BATCH_BYTES}")
    times = [time for time, _ in events]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise invalid_parameter("Log events in a single PutLogEvents request must be in chronological order.")


def _accepted(
    events: Sequence[tuple[int, bytes]], group: LogGroup, now: int
) -> tuple[Sequence[tuple[int, bytes]], dict[str, int] | None]:
    """Return the events that are neither too old nor too new, and what AWS says of the others.

    Raises:
        AwsError: InvalidParameterException when those that are left span more than a day.
    """
    times = [time for time, _ in events]
    expired, too_old = bisect_left(times, group.oldest(now)), bisect_left(times, now - _PAST)
    too_new = bisect_left(times, now + _FUTURE + 1)
    accepted = events[max(expired, too_old) : too_new]
    if accepted and accepted[-1][0] - accepted[0][0] > DAY:
        text = "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        raise invalid_parameter(text)
    rejected = {}
    if too_new < len(events):
        rejected["tooNewLogEventStartIndex"] = too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired:
        rejected["expiredLogEventEndIndex"] = expired
    return accepted, rejected or None


def _direction(req: dict[str, Any], start: int, end: int) -> tuple[bool, Place]:
    """Return whether to read backward, and from which place on, by the request's token or else from an end."""
    if "nextToken" not in req:
        return (False, (start, -1)) if req.get("startFromHead") else (True, (end, 0))
    token = _TOKEN.fullmatch(req["nextToken"])
    if token is None:
        raise invalid_token()
    time, number = int(token[2]), int(token[3]) - 1
    if max(time, number) > END_OF_TIME:
        raise invalid_token()
    return token[1] == "b", (time, number)


def _token(direction: str, place: Place) -> str:
    time, number = place
    return f"{direction}/{time:020d}{number + 1:036d}"
