"""Roles: identities that services, jobs and other accounts take on."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.boundaries import count_boundary, replace_boundary
from clary.services.iam.documents import check_trust_policy, size_of
from clary.services.iam.entities import INSTANCE_PROFILE, ROLE, account_records, every
from clary.services.iam.errors import delete_conflict, quota_exceeded
from clary.services.iam.models import described_role, listed_role
from clary.services.iam.paging import page
from clary.services.iam.tags import checked_tags
from clary.state.records import Record
from clary.state.store import RecordReader, RecordWriter

_TRUST_POLICY_QUOTA = 2048
_MAX_SESSION_DURATION = 3600


class Roles:
    """Operations on roles."""

    async def create_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The role can be assumed as soon as this has answered."""
        document = checked_trust_policy(req["AssumeRolePolicyDocument"])
        body = {
            "AssumeRolePolicyDocument": document,
            "MaxSessionDuration": req.get("MaxSessionDuration", _MAX_SESSION_DURATION),
        }
        if "Description" in req:
            body["Description"] = req["Description"]
        if "Tags" in req:
            body["Tags"] = checked_tags({}, req["Tags"])
        async with account_records(ctx).write() as records:
            if "PermissionsBoundary" in req:
                body["PermissionsBoundary"] = req["PermissionsBoundary"]
                await count_boundary(records, req["PermissionsBoundary"], 1)
            return {"Role": described_role(await ROLE.insert(records, ctx, req, body))}

    async def get_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: RoleLastUsed is always empty."""
        return {"Role": described_role(await ROLE.load(account_records(ctx), req["RoleName"]))}

    async def list_roles(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        prefix = req.get("PathPrefix", "/")
        roles = [role for role in await every(account_records(ctx), ROLE.kind) if role.body["Path"].startswith(prefix)]
        chosen, more = page(roles, req, "roles", lambda role: role.key)
        return {"Roles": [listed_role(role) for role in chosen]} | more

    async def update_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """What the request leaves out stays."""
        members = {name: req[name] for name in ("Description", "MaxSessionDuration") if name in req}
        async with account_records(ctx).write() as records:
            role = await ROLE.load(records, req["RoleName"])
            await ROLE.change(records, ctx, role, **members)
        return {}

    async def update_role_description(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The older form of UpdateRole."""
        async with account_records(ctx).write() as records:
            role = await ROLE.load(records, req["RoleName"])
            return {"Role": described_role(await ROLE.change(records, ctx, role, Description=req["Description"]))}

    async def update_assume_role_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Sessions that were issued before stay valid.

        Recorded: AssumeRole does not ask trust policies yet.
        """
        document = checked_trust_policy(req["PolicyDocument"])
        async with account_records(ctx).write() as records:
            role = await ROLE.load(records, req["RoleName"])
            await ROLE.change(records, ctx, role, AssumeRolePolicyDocument=document)
        return {}

    async def delete_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Nothing may hang on it any more."""
        async with account_records(ctx).write() as records:
            role = await ROLE.load(records, req["RoleName"])
            await ROLE.change(records, ctx, role)
            if await profiles_of(records, role):
                raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
            refuse_policies(role)
            await delete_role(records, role)
        return {}


def refuse_policies(record: Record) -> None:
    """Refuse to delete a role, user or group that has policies.

    Raises:
        AwsError: DeleteConflict.
    """
    if record.body.get("Attached"):
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if record.body.get("Policies"):
        raise delete_conflict("Cannot delete entity, must delete policies first.")


async def delete_role(records: RecordWriter, role: Record) -> None:
    """Remove a role that nothing hangs on."""
    await replace_boundary(records, role, None)
    await records.delete(ROLE.kind, role.key)


async def profiles_of(records: RecordReader, role: Record) -> list[Record]:
    """Return the instance profiles that a role is in."""
    name = role.body["RoleName"]
    return [each for each in await every(records, INSTANCE_PROFILE.kind) if name in each.body["Roles"]]


def checked_trust_policy(document: str) -> str:
    """Return the document.

    Raises:
        AwsError: MalformedPolicyDocument, LimitExceeded.
    """
    check_trust_policy(document)
    if size_of(document) > _TRUST_POLICY_QUOTA:
        raise quota_exceeded("ACLSizePerRole", _TRUST_POLICY_QUOTA)
    return document
