"""Inline policies: documents that live and die with their role, user or group."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.documents import check_identity_policy, encoded, size_of
from clary.services.iam.entities import GROUP, ROLE, USER, Entity, account_records
from clary.services.iam.errors import limit_exceeded, no_such_entity
from clary.services.iam.models import name_of
from clary.services.iam.paging import page


class InlinePolicies:
    """Operations on inline policies."""

    async def put_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replaces the policy of that name.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _put(ROLE, ctx, req)

    async def get_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The document is percent-encoded."""
        return await _get(ROLE, ctx, req)

    async def list_role_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return their names in order."""
        return await _list(ROLE, ctx, req)

    async def delete_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """There must be such a policy."""
        return await _delete(ROLE, ctx, req)

    async def put_user_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replaces the policy of that name.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _put(USER, ctx, req)

    async def get_user_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The document is percent-encoded."""
        return await _get(USER, ctx, req)

    async def list_user_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return their names in order."""
        return await _list(USER, ctx, req)

    async def delete_user_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """There must be such a policy."""
        return await _delete(USER, ctx, req)

    async def put_group_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replaces the policy of that name.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _put(GROUP, ctx, req)

    async def get_group_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The document is percent-encoded."""
        return await _get(GROUP, ctx, req)

    async def list_group_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return their names in order."""
        return await _list(GROUP, ctx, req)

    async def delete_group_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """There must be such a policy."""
        return await _delete(GROUP, ctx, req)


async def _put(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    document = req["PolicyDocument"]
    check_identity_policy(document)
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        policies = record.body.get("Policies", {}) | {req["PolicyName"]: document}
        if sum(map(size_of, policies.values())) > entity.inline_quota:
            name = name_of(entity, record)
            text = f"Maximum policy size of {entity.inline_quota} bytes exceeded for {entity.kind} {name}"
            raise limit_exceeded(text)
        await entity.change(records, ctx, record, Policies=policies)
    return {}


async def _get(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = await entity.load(account_records(ctx), req[entity.name_member])
    name = req["PolicyName"]
    document = record.body.get("Policies", {}).get(name)
    if document is None:
        raise _absent(entity, name)
    return {entity.name_member: name_of(entity, record), "PolicyName": name, "PolicyDocument": encoded(document)}


async def _list(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = await entity.load(account_records(ctx), req[entity.name_member])
    names, more = page(record.body.get("Policies", {}), req, f"policies of {record.key}", str)
    return {"PolicyNames": names} | more


async def _delete(entity: Entity, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    async with account_records(ctx).write() as records:
        record = await entity.load(records, req[entity.name_member])
        policies = dict(record.body.get("Policies", {}))
        if policies.pop(req["PolicyName"], None) is None:
            raise _absent(entity, req["PolicyName"])
        await entity.change(records, ctx, record, Policies=policies)
    return {}


def _absent(entity: Entity, name: str) -> Exception:
    return no_such_entity(f"The {entity.kind} policy with name {name} cannot be found.")
