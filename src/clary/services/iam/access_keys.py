"""Access keys: a user's long-term credentials. The secret is derived from the key's id and stored nowhere."""

from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services._base.credentials import ACCESS_KEY_KIND, new_access_key_id
from clary.services._base.principal import PrincipalKind
from clary.services.iam.entities import USER, account_records, every
from clary.services.iam.errors import no_such_entity, quota_exceeded, validation_error
from clary.services.iam.paging import page
from clary.state.records import Record
from clary.state.store import RecordReader, RecordWriter

_QUOTA = 2


class AccessKeys:
    """Operations on access keys."""

    async def create_access_key(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The only answer that holds the secret."""
        async with account_records(ctx).write() as records:
            user = await USER.load(records, named_user(ctx, req))
            if len(await keys_of(records, user.key)) >= _QUOTA:
                raise quota_exceeded("AccessKeysPerUser", _QUOTA)
            key = new_access_key_id("AKIA", ctx.account)
            record = Record(key, {"UserName": user.body["UserName"]}, "Active", ctx.now(), ctx.now())
            await records.insert(ACCESS_KEY_KIND, record, parent=user.key)
        secret = ctx.platform.sealer.long_term_secret(key)
        return {"AccessKey": _described(record) | {"SecretAccessKey": secret}}

    async def list_access_keys(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of a user, without their secrets."""
        records = account_records(ctx)
        user = await USER.load(records, named_user(ctx, req))
        keys = await keys_of(records, user.key)
        chosen, more = page(keys, req, f"keys of {user.key}", lambda key: key.key)
        return {"AccessKeyMetadata": [_described(key) for key in chosen]} | more

    async def update_access_key(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A key that is not active signs nothing from now on."""
        async with account_records(ctx).write() as records:
            key = await _load(records, ctx, req)
            await records.update(ACCESS_KEY_KIND, replace(key, status=req["Status"], modified=ctx.now()))
        return {}

    async def delete_access_key(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Its id is never given again."""
        async with account_records(ctx).write() as records:
            key = await _load(records, ctx, req)
            await records.delete(ACCESS_KEY_KIND, key.key)
        return {}


def named_user(ctx: Context, req: dict[str, Any]) -> str:
    """Return the name of the user a request is about: the caller's own where it names none.

    Raises:
        AwsError: ValidationError when the caller is no user.
    """
    if "UserName" in req:
        return str(req["UserName"])
    if ctx.principal.kind is not PrincipalKind.USER:
        raise validation_error("Must specify userName when calling with non-User credentials")
    return ctx.principal.arn.rpartition("/")[2]


async def keys_of(records: RecordReader, user_key: str) -> list[Record]:
    """Return a user's access keys."""
    return await every(records, ACCESS_KEY_KIND, parent=user_key)


async def rename_owner(records: RecordWriter, user_key: str, renamed: Record) -> None:
    """Move access keys to the record that their user has become."""
    for key in await keys_of(records, user_key):
        moved = replace(key, body={"UserName": renamed.body["UserName"]}, version=1)
        await records.delete(ACCESS_KEY_KIND, key.key)
        await records.insert(ACCESS_KEY_KIND, moved, parent=renamed.key)


async def _load(records: RecordReader, ctx: Context, req: dict[str, Any]) -> Record:
    user = await USER.load(records, named_user(ctx, req))
    key = await records.get(ACCESS_KEY_KIND, req["AccessKeyId"])
    if key is None or key.body["UserName"] != user.body["UserName"]:
        raise no_such_entity(f"The Access Key with id {req['AccessKeyId']} cannot be found.")
    return key


def _described(key: Record) -> dict[str, Any]:
    return {
        "UserName": key.body["UserName"],
        "AccessKeyId": key.key,
        "Status": key.status,
        "CreateDate": key.created,
    }
