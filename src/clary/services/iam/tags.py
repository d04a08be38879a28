"""Tags of roles, users, managed policies and instance profiles."""

from collections.abc import Sequence
from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import INSTANCE_PROFILE, ROLE, USER, Entity, account_records
from clary.services.iam.errors import invalid_input, quota_exceeded
from clary.services.iam.paging import page
from clary.state.records import Record

_QUOTA = 50

Tags = list[dict[str, str]]


class EntityTags:
    """Operations on the tags of roles, users and instance profiles."""

    async def tag_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A tag that is there takes the new value."""
        return await _tag(ROLE, ctx, req)

    async def untag_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keys that are not there are passed over."""
        return await _untag(ROLE, ctx, req)

    async def list_role_tags(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their keys."""
        return await _list(ROLE, ctx, req)

    async def tag_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A tag that is there takes the new value."""
        return await _tag(USER, ctx, req)

    async def untag_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keys that are not there are passed over."""
        return await _untag(USER, ctx, req)

    async def list_user_tags(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their keys."""
        return await _list(USER, ctx, req)

    async def tag_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A tag that is there takes the new value."""
        return await _tag(INSTANCE_PROFILE, ctx, req)

    async def untag_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keys that are not there are passed over."""
        return await _untag(INSTANCE_PROFILE, ctx, req)

    async def list_instance_profile_tags(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their keys."""
        return await _list(INSTANCE_PROFILE, ctx, req)


def checked_tags(body: dict[str, Any], added: Tags) -> Tags:
    """Return the tags of `body` with those of a request put in. Keys that differ only in case are one key.

    Raises:
        AwsError: InvalidInput, LimitExceeded.
    """
    keys = [tag["Key"].lower() for tag in added]
    if len(set(keys)) < len(keys):
        raise invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in keys):
        raise invalid_input("Tag keys beginning with aws: are reserved for system use.")
    merged = {tag["Key"].lower(): tag for tag in [*body.get("Tags", []), *added]}
    if len(merged) > _QUOTA:
        raise quota_exceeded("TagsPerEntity", _QUOTA)
    return [{"Key": tag["Key"], "Value": tag["Value"]} for _, tag in sorted(merged.items())]


def without_tags(body: dict[str, Any], keys: Sequence[str]) -> Tags:
    """Return the tags of `body` but those with these keys."""
    removed = {key.lower() for key in keys}
    return [tag for tag in body.get("Tags", []) if tag["Key"].lower() not in removed]


def listed_tags(record: Record, req: dict[str, Any]) -> dict[str, Any]:
    """Return one page of a record's tags."""
    chosen, more = page(record.body.get("Tags", []), req, f"tags of {record.key}", lambda tag: tag["Key"].lower())
    return {"Tags": chosen} | more


async def _tag(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        await entity.change(records, ctx, record, Tags=checked_tags(record.body, req["Tags"]))
    return {}


async def _untag(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        await entity.change(records, ctx, record, Tags=without_tags(record.body, req["TagKeys"]))
    return {}


async def _list(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed_tags(await entity.load(account_records(ctx), req[entity.name_member]), req)
