"""Log streams: events of one source in one group."""

from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import deletion_protected, invalid_parameter
from clary.services.logs.group_table import load_group, named_group
from clary.services.logs.stream_table import (
    delete_streams,
    insert_stream,
    load_stream,
    streams_by_name,
    streams_by_time,
)
from clary.services.logs.tokens import seal, unseal
from clary.services.logs.trimming import Trimmer

_DESCRIBED_AT_ONCE = 50


class LogStreams:
    """Operations on log streams."""

    trimmer: Trimmer

    async def create_log_stream(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """It takes events at once."""
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, req["logGroupName"])
            await insert_stream(tx, group.id, req["logStreamName"], int(ctx.now() * 1000))
        return {}

    async def describe_log_streams(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The times of events are those of this moment, not of an hour ago."""
        database = ctx.platform.database
        group = await load_group(database, ctx.scope, requested_group(ctx, req))
        descending, limit = req.get("descending", False), req.get("limit", _DESCRIBED_AT_ONCE)
        prefix, by_time = req.get("logStreamNamePrefix", ""), req.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
        query = ["streams", group.id, prefix, by_time, descending]
        after = unseal(req.get("nextToken"), query, int, str)
        if by_time:
            streams = await streams_by_time(database, group.id, after=after, descending=descending, limit=limit + 1)
        else:
            name = after[1] if after else None
            streams = await streams_by_name(
                database, group.id, prefix=prefix, after=name, descending=descending, limit=limit + 1
            )
        shown = streams[:limit]
        more = len(streams) > limit
        token = seal(query, [shown[-1].last_event, shown[-1].name]) if more else None
        return {"logStreams": [stream.described(ctx, group) for stream in shown], "nextToken": token}

    async def delete_log_stream(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Its events are gone at once; the room they took is freed afterwards."""
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, req["logGroupName"])
            if group.protected:
                raise deletion_protected()
            await load_stream(tx, group.id, req["logStreamName"])
            await delete_streams(tx, group.id, req["logStreamName"])
            tx.on_commit(self.trimmer.wake)
        return {}


def requested_group(ctx: Context, req: dict[str, Any]) -> str:
    """Return the name of the group that a request names by `logGroupName` or `logGroupIdentifier`.

    Raises:
        AwsError: InvalidParameterException when it names none, or both ways.
    """
    if ("logGroupName" in req) == ("logGroupIdentifier" in req):
        raise invalid_parameter("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    return named_group(ctx, req.get("logGroupName") or req["logGroupIdentifier"])
