"""Users: people and programs with long-term credentials."""

from typing import Any

from clary.services._base.context import Context
from clary.services._base.principal import PrincipalKind
from clary.services.iam.access_keys import keys_of, named_user, rename_owner
from clary.services.iam.account import account_created
from clary.services.iam.boundaries import count_boundary, replace_boundary
from clary.services.iam.entities import USER, account_records, every
from clary.services.iam.errors import delete_conflict
from clary.services.iam.models import described_user
from clary.services.iam.paging import page
from clary.services.iam.roles import refuse_policies
from clary.services.iam.tags import checked_tags


class Users:
    """Operations on users."""

    async def create_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """It has neither credentials nor permissions yet."""
        body: dict[str, Any] = {}
        if "Tags" in req:
            body["Tags"] = checked_tags({}, req["Tags"])
        async with account_records(ctx).write() as records:
            if "PermissionsBoundary" in req:
                body["PermissionsBoundary"] = req["PermissionsBoundary"]
                await count_boundary(records, req["PermissionsBoundary"], 1)
            return {"User": described_user(await USER.insert(records, ctx, req, body))}

    async def get_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Without a name: the caller.

        Approximate: PasswordLastUsed is never there.
        """
        records = account_records(ctx)
        if "UserName" not in req and ctx.principal.kind is PrincipalKind.ROOT:
            created = await account_created(records)
            return {"User": {"UserId": ctx.account, "Arn": ctx.principal.arn, "CreateDate": created}}
        return {"User": described_user(await USER.load(records, named_user(ctx, req)))}

    async def list_users(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their names."""
        prefix = req.get("PathPrefix", "/")
        users = [user for user in await every(account_records(ctx), USER.kind) if user.body["Path"].startswith(prefix)]
        chosen, more = page(users, req, "users", lambda user: user.key)
        listed = [described_user(user) | {"Tags": None, "PermissionsBoundary": None} for user in chosen]
        return {"Users": listed} | more

    async def update_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Access keys, policies and groups stay with a user who is renamed."""
        async with account_records(ctx).write() as records:
            user = await USER.load(records, req["UserName"])
            renamed = await USER.rename(records, ctx, user, req)
            await rename_owner(records, user.key, renamed)
        return {}

    async def delete_user(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Nothing may hang on it any more."""
        async with account_records(ctx).write() as records:
            user = await USER.load(records, req["UserName"])
            if await keys_of(records, user.key):
                raise delete_conflict("Cannot delete entity, must delete access keys first.")
            if user.body.get("Groups"):
                raise delete_conflict("Cannot delete entity, must remove users from group first.")
            refuse_policies(user)
            await replace_boundary(records, user, None)
            await records.delete(USER.kind, user.key)
        return {}
