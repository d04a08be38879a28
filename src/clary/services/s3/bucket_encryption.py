"""The encryption that a bucket gives objects by default."""

from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.catalog import find_bucket
from clary.services.s3.defaults import set_default
from clary.services.s3.group import Group
from clary.wire.errors import AwsError


class BucketEncryption(Group):
    """The operations on a bucket's default encryption."""

    async def put_bucket_encryption(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's default encryption.

        Approximate: KMS keys are names; the server's own key stands in for them.
        """
        rules = req["ServerSideEncryptionConfiguration"]["Rules"]
        if len(rules) != 1 or "ApplyServerSideEncryptionByDefault" not in rules[0]:
            raise errors.malformed_xml()
        default = rules[0]["ApplyServerSideEncryptionByDefault"]
        if default["SSEAlgorithm"] not in {"AES256", "aws:kms", "aws:kms:dsse"}:
            raise errors.malformed_xml()
        if default["SSEAlgorithm"] == "AES256" and "KMSMasterKeyID" in default:
            message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
            raise AwsError("InvalidArgument", message)
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await set_default(tx, bucket, "encryption", default)
        return {}

    async def get_bucket_encryption(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's default encryption.

        Approximate: a bucket that was given none has none, and says so.
        """
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        default = None if bucket.defaults is None else orjson.loads(bucket.defaults).get("encryption")
        if default is None:
            code = "ServerSideEncryptionConfigurationNotFoundError"
            message = "The server side encryption configuration was not found"
            raise AwsError(code, message, 404, BucketName=bucket.name)
        rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": False}
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    async def delete_bucket_encryption(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete a bucket's default encryption."""
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await set_default(tx, bucket, "encryption", None)
        return {}
