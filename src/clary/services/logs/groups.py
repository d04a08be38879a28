"""Log groups: streams that share retention and tags."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import deletion_protected
from clary.services.logs.group_table import (
    delete_group,
    groups_after,
    insert_group,
    load_group,
    named_group,
    update_group,
)
from clary.services.logs.models import LogGroup
from clary.services.logs.stream_table import delete_streams, stored_bytes
from clary.services.logs.tokens import seal, unseal
from clary.services.logs.trimming import Trimmer

_DESCRIBED_AT_ONCE = 50
_READ_AT_ONCE = 500

Wanted = Callable[[LogGroup], bool]


class LogGroups:
    """Operations on log groups."""

    trimmer: Trimmer

    async def create_log_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: groups of every class work as those of the standard class; `kmsKeyId` is not kept."""
        group = LogGroup(
            id=0,
            name=req["logGroupName"],
            created=int(ctx.now() * 1000),
            log_class=req.get("logGroupClass", "STANDARD"),
            retention=None,
            protected=req.get("deletionProtectionEnabled", False),
            tags=req.get("tags", {}),
        )
        async with ctx.platform.database.write() as tx:
            await insert_group(tx, ctx.scope, group)
        return {}

    async def describe_log_groups(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        if "logGroupIdentifiers" in req:
            return await self._describe_identified(ctx, req["logGroupIdentifiers"])
        prefix, pattern = req.get("logGroupNamePrefix", ""), req.get("logGroupNamePattern", "")
        log_class = req.get("logGroupClass")

        def is_wanted(group: LogGroup) -> bool:
            return pattern in group.name and log_class in (None, group.log_class)

        query = ["groups", prefix, pattern, log_class]
        groups, token = await _page(ctx, req, query, prefix, is_wanted, _DESCRIBED_AT_ONCE)
        return {"logGroups": await _described(ctx, groups), "nextToken": token}

    async def _describe_identified(self, ctx: Context, identifiers: list[str]) -> dict[str, Any]:
        database = ctx.platform.database
        groups = [await load_group(database, ctx.scope, named_group(ctx, each)) for each in identifiers]
        return {"logGroups": await _described(ctx, groups)}

    async def list_log_groups(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: `dataSources` and `fieldIndexNames` are not looked at."""
        pattern, log_class, tags = req.get("logGroupNamePattern"), req.get("logGroupClass"), req.get("logGroupTags", [])
        name = re.compile(pattern.replace(".", r"\.") if pattern else "")

        def is_wanted(group: LogGroup) -> bool:
            has_tags = all(_has_tag(group, tag) for tag in tags)
            return bool(name.search(group.name)) and log_class in (None, group.log_class) and has_tags

        groups, token = await _page(ctx, req, ["list", pattern, log_class, tags], "", is_wanted, 50)
        listed = [
            {"logGroupName": group.name, "logGroupArn": group.arn(ctx), "logGroupClass": group.log_class}
            for group in groups
        ]
        return {"logGroups": listed, "nextToken": token}

    async def put_log_group_deletion_protection(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A protected group cannot be deleted, nor can its streams."""
        name = named_group(ctx, req["logGroupIdentifier"])
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, name)
            await update_group(tx, replace(group, protected=req["deletionProtectionEnabled"]))
        return {}

    async def delete_log_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Its streams and events are gone at once; the room they took is freed afterwards."""
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, req["logGroupName"])
            if group.protected:
                raise deletion_protected()
            await delete_streams(tx, group.id)
            await delete_group(tx, group)
            tx.on_commit(self.trimmer.wake)
        return {}


async def _page(
    ctx: Context, req: dict[str, Any], query: list[Any], prefix: str, is_wanted: Wanted, at_once: int
) -> tuple[list[LogGroup], str | None]:
    """Return one page of the groups that are wanted, and the token for the next."""
    place = unseal(req.get("nextToken"), query, str)
    after, limit = place[0] if place else "", req.get("limit", at_once)
    wanted: list[LogGroup] = []
    while True:
        groups = await groups_after(ctx.platform.database, ctx.scope, prefix, after, _READ_AT_ONCE)
        wanted += filter(is_wanted, groups)
        if len(wanted) > limit:
            return wanted[:limit], seal(query, [wanted[limit - 1].name])
        if len(groups) < _READ_AT_ONCE:
            return wanted, None
        after = groups[-1].name


async def _described(ctx: Context, groups: list[LogGroup]) -> list[dict[str, Any]]:
    sizes = await stored_bytes(ctx.platform.database, [group.id for group in groups])
    return [group.described(ctx, sizes.get(group.id, 0)) for group in groups]


def _has_tag(group: LogGroup, wanted: dict[str, Any]) -> bool:
    value = group.tags.get(wanted["key"])
    if value is None or not wanted.get("values"):
        return value is not None
    return any(_fits(value, pattern) for pattern in wanted["values"])


def _fits(value: str, pattern: str) -> bool:
    """Compare with a tag's value: `!` negates, a star at either end stands for anything."""
    bare = pattern.removeprefix("!")
    expression = ".*" * bare.startswith("*") + re.escape(bare.strip("*")) + ".*" * bare.endswith("*")
    return (re.fullmatch(expression, value) is not None) is not pattern.startswith("!")
