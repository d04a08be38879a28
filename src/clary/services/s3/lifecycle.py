"""The lifecycle configuration of a bucket."""

from typing import Any

from clary.jobs.queue import JobKind
from clary.services._base.context import Context, Platform
from clary.services.s3.catalog import find_bucket
from clary.services.s3.expiry import JOB, Expiry, wake
from clary.services.s3.group import Group
from clary.services.s3.rules import check_rules
from clary.services.s3.settings import LIFECYCLE


class Lifecycle(Group):
    """The operations on lifecycle configurations, and the job that does what they say."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._expiry = Expiry(platform, self.contents)
        platform.queue.register(JOB, JobKind(self._expiry.run, self._expiry.give_up, concurrency=1))

    async def put_bucket_lifecycle_configuration(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's lifecycle configuration; it is acted on at once, then at every midnight UTC.

        Approximate: transitions between storage classes are stored and returned, and not made.
        """
        rules = check_rules(req.get("LifecycleConfiguration", {}).get("Rules", []))
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await LIFECYCLE.write(tx, bucket, rules)
            await wake(tx, self.platform.queue, bucket)
        return {"TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}

    async def get_bucket_lifecycle_configuration(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's lifecycle configuration."""
        rules = await LIFECYCLE.get(self.database, ctx, req)
        return {"Rules": rules, "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}

    async def delete_bucket_lifecycle(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete a bucket's lifecycle configuration."""
        await LIFECYCLE.delete(self.database, ctx, req)
        return {}
