"""What no bucket has here: asking for it is answered as for a bucket without it, and setting it is not implemented."""

from typing import Any

from clary.services._base.context import Context
from clary.services.s3.catalog import find_bucket
from clary.services.s3.group import Group
from clary.wire.errors import AwsError


class Absent(Group):
    """The operations that tell of settings which buckets here cannot have."""

    async def get_bucket_accelerate_configuration(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that transfers were never accelerated."""
        return await self._say(ctx, req, {})

    async def get_bucket_logging(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that access is not logged."""
        return await self._say(ctx, req, {})

    async def get_bucket_request_payment(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that the owner pays."""
        return await self._say(ctx, req, {"Payer": "BucketOwner"})

    async def get_bucket_replication(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that nothing is replicated."""
        message = "The replication configuration was not found"
        return await self._say(ctx, req, AwsError("ReplicationConfigurationNotFoundError", message, 404))

    async def get_bucket_website(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say that there is no website."""
        message = "The specified bucket does not have a website configuration"
        return await self._say(ctx, req, AwsError("NoSuchWebsiteConfiguration", message, 404, BucketName=req["Bucket"]))

    async def _say(self, ctx: Context, req: dict[str, Any], answer: dict[str, Any] | AwsError) -> dict[str, Any]:
        """Answer for a bucket that is there."""
        await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        if isinstance(answer, AwsError):
            raise answer
        return answer
