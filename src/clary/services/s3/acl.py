"""Access control lists, where a bucket's ownership controls leave them in force.

Clary has one account to a bucket, so whom a list lets in besides is not asked for: lists are stored and returned.
"""

from collections.abc import Mapping
from typing import Any

from clary.services._base.context import Context
from clary.services.s3.catalog import Source, find_bucket, find_named
from clary.services.s3.extras import load_extra, update_extra
from clary.services.s3.grants import canned, is_harmless, read_grants
from clary.services.s3.group import Group
from clary.services.s3.models import Bucket, owner_of
from clary.services.s3.settings import ACL, NEW_OWNERSHIP, OWNERSHIP
from clary.wire.errors import AwsError


class Acl(Group):
    """The operations on access control lists."""

    async def put_bucket_acl(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's ACL.

        Recorded: the ACL is stored and returned; it lets nobody in.
        """
        grants = read_grants(req, ctx.account)
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await check_acl(tx, bucket, req)
            await ACL.write(tx, bucket, grants)
        return {}

    async def get_bucket_acl(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's ACL."""
        async with self.database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            grants = await ACL.find(reader, bucket) or canned("private", bucket.account)
        return {"Owner": owner_of(bucket.account), "Grants": grants}

    async def put_object_acl(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace an object's ACL.

        Recorded: the ACL is stored and returned; it lets nobody in.
        """
        grants = read_grants(req, ctx.account)
        async with self.database.write() as tx:
            bucket, version = await find_named(tx, ctx, req, "PUT")
            await check_acl(tx, bucket, req)
            await update_extra(tx, bucket, version, "acl", grants)
        return {}

    async def get_object_acl(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return an object's ACL."""
        bucket, version = await find_named(self.database, ctx, req, "GET")
        grants = load_extra(version).get("acl") or canned("private", bucket.account)
        return {"Owner": owner_of(bucket.account), "Grants": grants}


async def check_acl(source: Source, bucket: Bucket, req: Mapping[str, Any]) -> None:
    """Refuse an ACL in a bucket whose owner owns everything, which is how buckets are born.

    Raises:
        AwsError: AccessControlListNotSupported.
    """
    if not is_harmless(req) and await OWNERSHIP.find(source, bucket) == NEW_OWNERSHIP:
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs")
