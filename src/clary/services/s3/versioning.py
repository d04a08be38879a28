"""Whether a bucket keeps versions."""

from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.catalog import find_bucket
from clary.services.s3.group import Group
from clary.services.s3.locks import bucket_lock
from clary.wire.errors import AwsError

_SET = "UPDATE s3_buckets SET versioning = ? WHERE id = ?"


class Versioning(Group):
    """The operations on a bucket's versioning."""

    async def put_bucket_versioning(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Enable or suspend versioning.

        Approximate: there are no MFA devices, so MFA delete cannot be enabled.
        """
        wanted = req["VersioningConfiguration"]
        if wanted.get("MFADelete") == "Enabled":
            raise errors.not_implemented("x-amz-mfa")
        if "Status" not in wanted:
            raise errors.malformed_versioning()
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            if wanted["Status"] != "Enabled" and bucket_lock(bucket) is not None:
                message = (
                    "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed."
                )
                raise AwsError("InvalidBucketState", message, 409)
            await tx.execute(_SET, wanted["Status"], bucket.id)
        return {}

    async def get_bucket_versioning(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return whether versions are kept; nothing for a bucket that never kept them."""
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        return {"Status": bucket.versioning} if bucket.versioned else {}
