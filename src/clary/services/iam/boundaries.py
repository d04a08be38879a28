"""Permissions boundaries: the managed policy that limits what a role's or a user's other policies can allow."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import ROLE, USER, Entity, account_records
from clary.services.iam.errors import no_such_entity
from clary.services.iam.usage import BOUNDARY, count_use, find_policy
from clary.state.records import Record
from clary.state.store import RecordWriter


class Boundaries:
    """Operations on permissions boundaries."""

    async def put_role_permissions_boundary(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replaces the boundary that was there.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _put(ROLE, ctx, req["RoleName"], req["PermissionsBoundary"])

    async def delete_role_permissions_boundary(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The role may again do all that its policies allow."""
        return await _delete(ROLE, ctx, req["RoleName"])

    async def put_user_permissions_boundary(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replaces the boundary that was there.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        return await _put(USER, ctx, req["UserName"], req["PermissionsBoundary"])

    async def delete_user_permissions_boundary(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The user may again do all that its policies allow."""
        return await _delete(USER, ctx, req["UserName"])


async def count_boundary(records: RecordWriter, arn: str, change: int) -> None:
    """Count one use more or less of a policy as a boundary.

    Raises:
        AwsError: NoSuchEntity.
    """
    await find_policy(records, arn)
    await count_use(records, arn, BOUNDARY, change)


async def replace_boundary(records: RecordWriter, record: Record, arn: str | None) -> None:
    """Count the uses when a record's boundary becomes `arn`; the record itself is left alone."""
    if "PermissionsBoundary" in record.body:
        await count_use(records, record.body["PermissionsBoundary"], BOUNDARY, -1)
    if arn is not None:
        await count_boundary(records, arn, 1)


async def _put(entity: Entity, ctx: Context, name: str, arn: str) -> dict[str, Any]:
    async with account_records(ctx).write() as records:
        record = await entity.load(records, name)
        await replace_boundary(records, record, arn)
        await entity.change(records, ctx, record, PermissionsBoundary=arn)
    return {}


async def _delete(entity: Entity, ctx: Context, name: str) -> dict[str, Any]:
    async with account_records(ctx).write() as records:
        record = await entity.load(records, name)
        if "PermissionsBoundary" not in record.body:
            raise no_such_entity(f"The permissions boundary of {entity.kind} {name} cannot be found.")
        await replace_boundary(records, record, None)
        await entity.change(records, ctx, record, PermissionsBoundary=None)
    return {}
