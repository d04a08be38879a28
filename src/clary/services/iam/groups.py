"""Groups: users that share policies. Who is in which group stands with the user."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import GROUP, USER, account_records, every
from clary.services.iam.errors import delete_conflict, no_such_entity, quota_exceeded
from clary.services.iam.models import listed
from clary.services.iam.paging import page
from clary.services.iam.roles import refuse_policies
from clary.state.records import Record
from clary.state.store import RecordReader

_GROUPS_PER_USER = 10


class Groups:
    """Operations on groups and their members."""

    async def create_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """It has neither members nor policies yet."""
        async with account_records(ctx).write() as records:
            return {"Group": listed(await GROUP.insert(records, ctx, req, {}), "Group")}

    async def get_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Its members come in pages."""
        records = account_records(ctx)
        group = await GROUP.load(records, req["GroupName"])
        chosen, more = page(await _members(records, group), req, f"users of {group.key}", lambda user: user.key)
        return {"Group": listed(group, "Group"), "Users": [listed(user, "User") for user in chosen]} | more

    async def list_groups(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        prefix = req.get("PathPrefix", "/")
        groups = [
            each for each in await every(account_records(ctx), GROUP.kind) if each.body["Path"].startswith(prefix)
        ]
        chosen, more = page(groups, req, "groups", lambda group: group.key)
        return {"Groups": [listed(group, "Group") for group in chosen]} | more

    async def update_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Members and policies stay with a group that is renamed."""
        async with account_records(ctx).write() as records:
            group = await GROUP.load(records, req["GroupName"])
            members = await _members(records, group)
            renamed = await GROUP.rename(records, ctx, group, req)
            for user in members:
                groups = [renamed.key if each == group.key else each for each in user.body["Groups"]]
                await USER.change(records, ctx, user, Groups=groups)
        return {}

    async def delete_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Nothing may hang on it any more."""
        async with account_records(ctx).write() as records:
            group = await GROUP.load(records, req["GroupName"])
            if await _members(records, group):
                raise delete_conflict("Cannot delete entity, must remove users from group first.")
            refuse_policies(group)
            await records.delete(GROUP.kind, group.key)
        return {}

    async def add_user_to_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Adding a member again changes nothing."""
        async with account_records(ctx).write() as records:
            group = await GROUP.load(records, req["GroupName"])
            user = await USER.load(records, req["UserName"])
            groups = user.body.get("Groups", [])
            if group.key in groups:
                return {}
            if len(groups) >= _GROUPS_PER_USER:
                raise quota_exceeded("GroupsPerUser", _GROUPS_PER_USER)
            await USER.change(records, ctx, user, Groups=sorted([*groups, group.key]))
        return {}

    async def remove_user_from_group(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The user must be a member."""
        async with account_records(ctx).write() as records:
            group = await GROUP.load(records, req["GroupName"])
            user = await USER.load(records, req["UserName"])
            groups = user.body.get("Groups", [])
            if group.key not in groups:
                raise no_such_entity(f"User {req['UserName']} is not in group {req['GroupName']}.")
            await USER.change(records, ctx, user, Groups=[each for each in groups if each != group.key])
        return {}

    async def list_groups_for_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        records = account_records(ctx)
        user = await USER.load(records, req["UserName"])
        keys, more = page(user.body.get("Groups", []), req, f"groups of {user.key}", str)
        return {"Groups": [listed(await GROUP.load(records, key), "Group") for key in keys]} | more


async def _members(records: RecordReader, group: Record) -> list[Record]:
    return [user for user in await every(records, USER.kind) if group.key in user.body.get("Groups", [])]
