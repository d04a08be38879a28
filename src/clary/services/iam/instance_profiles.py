"""Instance profiles: the box in which a role is handed to a machine. One holds at most one role."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import INSTANCE_PROFILE, ROLE, account_records, every
from clary.services.iam.errors import delete_conflict, no_such_entity, quota_exceeded
from clary.services.iam.models import described_profile
from clary.services.iam.paging import page
from clary.services.iam.roles import profiles_of
from clary.services.iam.tags import checked_tags
from clary.state.records import Record
from clary.state.store import RecordReader


class InstanceProfiles:
    """Operations on instance profiles."""

    async def create_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """It is empty until a role is added."""
        body: dict[str, Any] = {"Roles": []}
        if "Tags" in req:
            body["Tags"] = checked_tags({}, req["Tags"])
        async with account_records(ctx).write() as records:
            return {"InstanceProfile": described_profile(await INSTANCE_PROFILE.insert(records, ctx, req, body), [])}

    async def get_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return it with its role."""
        records = account_records(ctx)
        profile = await INSTANCE_PROFILE.load(records, req["InstanceProfileName"])
        return {"InstanceProfile": await described_with_roles(records, profile)}

    async def list_instance_profiles(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        records, prefix = account_records(ctx), req.get("PathPrefix", "/")
        profiles = [
            each for each in await every(records, INSTANCE_PROFILE.kind) if each.body["Path"].startswith(prefix)
        ]
        chosen, more = page(profiles, req, "instance profiles", lambda profile: profile.key)
        return {
            "InstanceProfiles": [await described_with_roles(records, each) | {"Tags": None} for each in chosen]
        } | more

    async def list_instance_profiles_for_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        records = account_records(ctx)
        role = await ROLE.load(records, req["RoleName"])
        chosen, more = page(await profiles_of(records, role), req, f"profiles of {role.key}", lambda each: each.key)
        return {
            "InstanceProfiles": [await described_with_roles(records, each) | {"Tags": None} for each in chosen]
        } | more

    async def add_role_to_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The profile must be empty."""
        async with account_records(ctx).write() as records:
            profile = await INSTANCE_PROFILE.load(records, req["InstanceProfileName"])
            role = await ROLE.load(records, req["RoleName"])
            if profile.body["Roles"]:
                raise quota_exceeded("InstanceSessionsPerInstanceProfile", 1)
            await INSTANCE_PROFILE.change(records, ctx, profile, Roles=[role.body["RoleName"]])
        return {}

    async def remove_role_from_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The role must be in it."""
        async with account_records(ctx).write() as records:
            profile = await INSTANCE_PROFILE.load(records, req["InstanceProfileName"])
            role = await ROLE.load(records, req["RoleName"])
            if role.body["RoleName"] not in profile.body["Roles"]:
                raise no_such_entity(ROLE.absent.format(kind=ROLE.kind, name=req["RoleName"]))
            await INSTANCE_PROFILE.change(records, ctx, profile, Roles=[])
        return {}

    async def delete_instance_profile(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """It must be empty."""
        async with account_records(ctx).write() as records:
            profile = await INSTANCE_PROFILE.load(records, req["InstanceProfileName"])
            if profile.body["Roles"]:
                raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
            await records.delete(INSTANCE_PROFILE.kind, profile.key)
        return {}


async def described_with_roles(records: RecordReader, profile: Record) -> dict[str, Any]:
    """Return an instance profile with its roles."""
    return described_profile(profile, [await ROLE.load(records, name) for name in profile.body["Roles"]])
