"""Settings of a bucket that stand by themselves: a JSON document each."""

from dataclasses import dataclass
from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3.catalog import Source, find_bucket
from clary.services.s3.models import Bucket
from clary.state.database import Database, Transaction
from clary.wire.errors import AwsError

_PUT = """
    INSERT INTO s3_settings (bucket, kind, body) VALUES (?, ?, ?)
    ON CONFLICT (bucket, kind) DO UPDATE SET body = excluded.body
"""
_FIND = "SELECT body FROM s3_settings WHERE bucket = ? AND kind = ?"
_DELETE = "DELETE FROM s3_settings WHERE bucket = ? AND kind = ?"


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of setting; `code` and `message` are the error (404) for a bucket that has none."""

    kind: str
    code: str
    message: str

    async def put(self, database: Database, ctx: Context, req: dict[str, Any], body: Any) -> None:
        """Replace the setting of the bucket that the request names."""
        async with database.write() as tx:
            await self.write(tx, await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner")), body)

    async def write(self, tx: Transaction, bucket: Bucket, body: Any) -> None:
        """Replace a bucket's setting."""
        await tx.execute(_PUT, bucket.id, self.kind, orjson.dumps(body).decode())

    async def get(self, database: Database, ctx: Context, req: dict[str, Any]) -> Any:
        """Return the setting of the bucket that the request names.

        Raises:
            AwsError: the bucket has none, or is not there.
        """
        async with database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            body = await self.find(reader, bucket)
        if body is None:
            raise AwsError(self.code, self.message, 404, BucketName=bucket.name)
        return body

    async def find(self, source: Source, bucket: Bucket) -> Any:
        """Return a bucket's setting, None when it has none."""
        row = await source.fetch_one(_FIND, bucket.id, self.kind)
        return None if row is None else orjson.loads(row[0])

    async def delete(self, database: Database, ctx: Context, req: dict[str, Any]) -> None:
        """Delete the setting of the bucket that the request names, if it has it."""
        async with database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await tx.execute(_DELETE, bucket.id, self.kind)


ACL = Setting("acl", "NoSuchBucketAcl", "The bucket has no access control list")
BLOCK = Setting(
    "public-access-block",
    "NoSuchPublicAccessBlockConfiguration",
    "The public access block configuration was not found",
)
CORS = Setting("cors", "NoSuchCORSConfiguration", "The CORS configuration does not exist")
LIFECYCLE = Setting("lifecycle", "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")
OWNERSHIP = Setting(
    "ownership-controls", "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"
)
POLICY = Setting("policy", "NoSuchBucketPolicy", "The bucket policy does not exist")
TAGGING = Setting("tagging", "NoSuchTagSet", "The TagSet does not exist")

#: What a new bucket has, as on AWS since April 2023.
NEW_BLOCK = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
NEW_OWNERSHIP = "BucketOwnerEnforced"
