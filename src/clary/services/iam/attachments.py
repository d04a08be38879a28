"""Attachments: managed policies on roles, users and groups."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import GROUP, ROLE, USER, Entity, account_records
from clary.services.iam.errors import no_such_entity, quota_exceeded
from clary.services.iam.models import attached_policies
from clary.services.iam.paging import page
from clary.services.iam.usage import ATTACHED, count_use, find_policy

_QUOTA = 10


class Attachments:
    """Operations on attachments."""

    async def attach_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Attaching a policy again changes nothing.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _attach(ROLE, ctx, req)

    async def detach_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The policy must be attached."""
        return await _detach(ROLE, ctx, req)

    async def list_attached_role_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        return await _list(ROLE, ctx, req)

    async def attach_user_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Attaching a policy again changes nothing.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _attach(USER, ctx, req)

    async def detach_user_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The policy must be attached."""
        return await _detach(USER, ctx, req)

    async def list_attached_user_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        return await _list(USER, ctx, req)

    async def attach_group_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Attaching a policy again changes nothing.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _attach(GROUP, ctx, req)

    async def detach_group_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The policy must be attached."""
        return await _detach(GROUP, ctx, req)

    async def list_attached_group_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        return await _list(GROUP, ctx, req)


async def _attach(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = req["PolicyArn"]
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        await find_policy(records, arn)
        attached = record.body.get("Attached", [])
        if arn in attached:
            return {}
        if len(attached) >= _QUOTA:
            raise quota_exceeded(f"PoliciesPer{entity.title}", _QUOTA)
        await entity.change(records, ctx, record, Attached=[*attached, arn])
        await count_use(records, arn, ATTACHED, 1)
    return {}


async def _detach(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = req["PolicyArn"]
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        attached = record.body.get("Attached", [])
        if arn not in attached:
            raise no_such_entity(f"Policy {arn} was not found.")
        await entity.change(records, ctx, record, Attached=[each for each in attached if each != arn])
        await count_use(records, arn, ATTACHED, -1)
    return {}


async def _list(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = account_records(ctx)
    record = await entity.load(records, req[entity.name_member])
    policies = attached_policies(record)
    if req.get("PathPrefix", "/") != "/":
        within = [await find_policy(records, each["PolicyArn"]) for each in policies]
        arns = {each.key for each in within if each.body["Path"].startswith(req["PathPrefix"])}
        policies = [each for each in policies if each["PolicyArn"] in arns]
    chosen, more = page(policies, req, f"attached to {record.key}", lambda policy: policy["PolicyName"])
    return {"AttachedPolicies": chosen} | more
