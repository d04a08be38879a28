"""Object lock: the default of a bucket, the retention and the legal hold of an object."""

from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.catalog import Source, find_bucket, find_named
from clary.services.s3.defaults import set_default
from clary.services.s3.extras import update_extra
from clary.services.s3.group import Group
from clary.services.s3.locks import bucket_lock, check_retention, lock_of, missing_configuration, retention
from clary.services.s3.models import Bucket, Version
from clary.wire.errors import AwsError


class Locking(Group):
    """The operations on object lock."""

    async def put_object_lock_configuration(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Turn object lock on, and say how long new objects are retained by default."""
        configuration = req.get("ObjectLockConfiguration", {})
        default = configuration.get("Rule", {}).get("DefaultRetention", {})
        if configuration.get("ObjectLockEnabled") != "Enabled":
            raise errors.malformed_xml()
        if default and ("Mode" not in default or ("Days" in default) == ("Years" in default)):
            raise errors.malformed_xml()
        if default.get("Days", 1) < 1 or default.get("Years", 1) < 1:
            message = "Default retention period must be a positive integer value"
            raise AwsError("InvalidRetentionPeriod", message)
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            if bucket.versioning != "Enabled":
                message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
                raise AwsError("InvalidBucketState", message, 409)
            await set_default(tx, bucket, "lock", default)
        return {}

    async def get_object_lock_configuration(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return whether the bucket has object lock, and its default retention."""
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        default = bucket_lock(bucket)
        if default is None:
            message = "Object Lock configuration does not exist for this bucket"
            raise AwsError("ObjectLockConfigurationNotFoundError", message, 404, BucketName=bucket.name)
        rule = {"Rule": {"DefaultRetention": default}} if default else {}
        return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **rule}}

    async def put_object_retention(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Retain a version until a date; what is retained can only be retained longer, unless it is bypassed."""
        wanted, now = req.get("Retention", {}), ctx.now()
        if ("Mode" in wanted) != ("RetainUntilDate" in wanted):
            raise errors.malformed_xml()
        retained = retention(wanted["Mode"], wanted["RetainUntilDate"], now) if wanted else {}
        async with self.database.write() as tx:
            bucket, version = await self._find_lockable(tx, ctx, req)
            lock = lock_of(version)
            check_retention(lock, retained, now, bypass=bool(req.get("BypassGovernanceRetention")))
            hold = {"hold": lock["hold"]} if "hold" in lock else {}
            await update_extra(tx, bucket, version, "lock", retained | hold)
        return {}

    async def get_object_retention(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return until when a version is retained."""
        lock = lock_of((await self._find_lockable(self.database, ctx, req))[1])
        if "mode" not in lock:
            raise _no_lock()
        return {"Retention": {"Mode": lock["mode"], "RetainUntilDate": lock["until"]}}

    async def put_object_legal_hold(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Hold a version, or let go of it."""
        status = req.get("LegalHold", {}).get("Status")
        if status is None:
            raise errors.malformed_xml()
        async with self.database.write() as tx:
            bucket, version = await self._find_lockable(tx, ctx, req)
            lock = {name: value for name, value in lock_of(version).items() if name != "hold"}
            await update_extra(tx, bucket, version, "lock", lock | ({"hold": "ON"} if status == "ON" else {}))
        return {}

    async def get_object_legal_hold(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return whether a version is held."""
        _, version = await self._find_lockable(self.database, ctx, req)
        return {"LegalHold": {"Status": lock_of(version).get("hold", "OFF")}}

    async def _find_lockable(self, source: Source, ctx: Context, req: dict[str, Any]) -> tuple[Bucket, Version]:
        bucket, version = await find_named(source, ctx, req, "PUT")
        if bucket_lock(bucket) is None:
            raise missing_configuration()
        return bucket, version


def _no_lock() -> AwsError:
    message = "The specified object does not have a ObjectLock configuration"
    return AwsError("NoSuchObjectLockConfiguration", message, 404)
