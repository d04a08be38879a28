"""Tags of log groups, by the group's ARN or, in the older form, by its name."""

from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import resource_not_found, too_many_tags
from clary.services.logs.group_table import load_group, named_group, update_group

_QUOTA = 50


class LogGroupTags:
    """Operations on tags."""

    async def tag_resource(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A tag that is there takes the new value."""
        return await _change(ctx, _tagged(ctx, req["resourceArn"]), req["tags"], ())

    async def untag_resource(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keys that are not there are passed over."""
        return await _change(ctx, _tagged(ctx, req["resourceArn"]), {}, req["tagKeys"])

    async def list_tags_for_resource(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return all of them."""
        group = await load_group(ctx.platform.database, ctx.scope, _tagged(ctx, req["resourceArn"]))
        return {"tags": group.tags}

    async def tag_log_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The older form of TagResource."""
        return await _change(ctx, req["logGroupName"], req["tags"], ())

    async def untag_log_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The older form of UntagResource."""
        return await _change(ctx, req["logGroupName"], {}, req["tags"])

    async def list_tags_log_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The older form of ListTagsForResource."""
        return {"tags": (await load_group(ctx.platform.database, ctx.scope, req["logGroupName"])).tags}


def _tagged(ctx: Context, arn: str) -> str:
    if not arn.startswith("arn:"):
        raise resource_not_found("The specified resource does not exist.")
    return named_group(ctx, arn)


async def _change(ctx: Context, name: str, added: dict[str, str], removed: Any) -> dict[str, Any]:
    async with ctx.platform.database.write() as tx:
        group = await load_group(tx, ctx.scope, name)
        tags = {key: value for key, value in (group.tags | added).items() if key not in set(removed)}
        if len(tags) > _QUOTA:
            raise too_many_tags()
        await update_group(tx, replace(group, tags=tags))
    return {}
