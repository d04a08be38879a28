"""Buckets: create, find, list, delete."""

import re
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.catalog import find_bucket
from clary.services.s3.grants import is_harmless, read_grants
from clary.services.s3.group import Group
from clary.services.s3.models import owner_of
from clary.services.s3.names import check_bucket_name
from clary.services.s3.settings import ACL, BLOCK, NEW_BLOCK, NEW_OWNERSHIP, OWNERSHIP, TAGGING
from clary.services.s3.tags import BUCKET_TAGS, read_tag_set
from clary.services.s3.tokens import new_token, read_token
from clary.services.s3.versions import Versions
from clary.wire.errors import AwsError

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_HOME_REGION = "us-east-1"
#: What tokens of ListBuckets are sealed with; no bucket's name.
_LISTING = ""

_FIND_OWNER = "SELECT account FROM s3_buckets WHERE name = ?"
_FIND_REGION = "SELECT region FROM s3_buckets WHERE id = ?"
_INSERT = """
    INSERT INTO s3_buckets (name, account, region, created, versioning, defaults) VALUES (?, ?, ?, ?, ?, ?)
"""
_LIST = """
    SELECT name, created, region FROM s3_buckets WHERE account = ? AND name >= ? AND name < ? AND (region = ? OR ? = '')
    ORDER BY name LIMIT ?
"""
_IN_USE = """
    SELECT 1 WHERE EXISTS (SELECT 1 FROM s3_objects WHERE bucket = ?)
    OR EXISTS (SELECT 1 FROM s3_versions WHERE bucket = ?)
"""


class Buckets(Group):
    """The operations on buckets themselves."""

    async def create_bucket(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Make a bucket.

        Approximate: ACLs let nobody in, and directory buckets do not exist.
        """
        name = req["Bucket"]
        check_bucket_name(name)
        if req.get("ObjectOwnership", NEW_OWNERSHIP) == NEW_OWNERSHIP and not is_harmless(req):
            message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
            raise AwsError("InvalidBucketAclWithObjectOwnership", message)
        region = _new_region(ctx, req.get("CreateBucketConfiguration", {}).get("LocationConstraint"))
        locked = bool(req.get("ObjectLockEnabledForBucket"))
        async with self.database.write() as tx:
            owner = await tx.fetch_one(_FIND_OWNER, name)
            if owner is None:
                versioning, defaults = ("Enabled", '{"lock":{}}') if locked else ("", None)
                await tx.execute(_INSERT, name, ctx.account, region, ctx.now(), versioning, defaults)
                bucket = await find_bucket(tx, ctx, name)
                await BLOCK.write(tx, bucket, NEW_BLOCK)
                await OWNERSHIP.write(tx, bucket, req.get("ObjectOwnership", NEW_OWNERSHIP))
                if not is_harmless(req):
                    await ACL.write(tx, bucket, read_grants(req, ctx.account))
                if tags := req.get("CreateBucketConfiguration", {}).get("Tags"):
                    await TAGGING.write(tx, bucket, read_tag_set(tags, BUCKET_TAGS))
            elif owner != (ctx.account,):
                raise errors.bucket_exists(name)
            elif ctx.region != _HOME_REGION:
                raise errors.bucket_owned(name)
        location = f"/{name}" if region == _HOME_REGION else f"http://{name}.s3.amazonaws.com/"
        return {"Location": location, "BucketArn": _arn(name)}

    async def head_bucket(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that the bucket is there, and in which region."""
        region = await self._region(ctx, req)
        return {"BucketRegion": region, "BucketArn": _arn(req["Bucket"]), "AccessPointAlias": False}

    async def get_bucket_location(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Name the region, which for us-east-1 is nothing."""
        region = await self._region(ctx, req)
        return {"LocationConstraint": None if region == _HOME_REGION else region}

    async def _region(self, ctx: Context, req: dict[str, Any]) -> str:
        async with self.database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            (row,) = await reader.fetch_all(_FIND_REGION, bucket.id)
        return str(row[0])

    async def list_buckets(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List the account's buckets by name."""
        limit, prefix = req.get("MaxBuckets", 10_000), req.get("Prefix", "")
        token = req.get("ContinuationToken")
        start = prefix if token is None else max(prefix, read_token(_LISTING, token).decode())
        region = req.get("BucketRegion", "")
        # Names are ASCII, so `\x7f` sorts behind all that begin with the prefix.
        rows = await self.database.fetch_all(_LIST, ctx.account, start, prefix + "\x7f", region, region, limit + 1)
        listed = [
            {"Name": name, "CreationDate": created, "BucketRegion": region, "BucketArn": _arn(name)}
            for name, created, region in rows[:limit]
        ]
        result = {"Buckets": listed, "Owner": owner_of(ctx.account), "Prefix": req.get("Prefix")}
        if len(rows) > limit:
            result["ContinuationToken"] = new_token(_LISTING, rows[limit][0].encode())
        return result

    async def delete_bucket(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete an empty bucket, with its settings and the uploads that were never completed."""
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            if await tx.fetch_one(_IN_USE, bucket.id, bucket.id):
                raise errors.bucket_not_empty(bucket.name)
            versions = Versions(tx, self.contents, bucket)
            for (upload,) in await tx.fetch_all("SELECT id FROM s3_uploads WHERE bucket = ?", bucket.id):
                await versions.retire(str(upload))
            await tx.execute("DELETE FROM s3_uploads WHERE bucket = ?", bucket.id)
            await tx.execute("DELETE FROM s3_settings WHERE bucket = ?", bucket.id)
            await tx.execute("DELETE FROM s3_buckets WHERE id = ?", bucket.id)
        return {}


def _new_region(ctx: Context, constraint: str | None) -> str:
    """Return the new bucket's region: the one that the request was sent to, or, from us-east-1, any."""
    if not constraint:
        if ctx.region != _HOME_REGION:
            raise errors.illegal_location("unspecified")
        return _HOME_REGION
    region = "eu-west-1" if constraint == "EU" else constraint
    if ctx.region == _HOME_REGION:
        if region == _HOME_REGION or not _REGION.fullmatch(region):
            raise errors.invalid_location(constraint)
    elif region != ctx.region:
        raise errors.illegal_location(constraint)
    return region


def _arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"
