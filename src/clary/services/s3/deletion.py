"""Objects: delete one, delete many."""

from collections.abc import Mapping
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.catalog import find_bucket, find_current
from clary.services.s3.conditions import matches
from clary.services.s3.group import Group
from clary.services.s3.models import Bucket, Version
from clary.services.s3.names import encode_key
from clary.services.s3.versions import Versions
from clary.state.database import Transaction
from clary.wire.errors import AwsError

_MOST_KEYS = 1000


class Deletion(Group):
    """The operations that delete objects and versions."""

    async def delete_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete an object, or one version for good; what is not there is deleted already."""
        key = encode_key(req["Key"])
        async with self.database.write() as tx:
            bucket, current = await find_current(tx, ctx, req["Bucket"], key, req.get("ExpectedBucketOwner"))
            _check_conditions(req, current)
            return await self._delete(ctx, tx, bucket, key, current, req)

    async def delete_objects(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete up to 1,000 objects or versions; each fails or succeeds by itself."""
        entries = req["Delete"]["Objects"]
        if not 1 <= len(entries) <= _MOST_KEYS:
            raise errors.malformed_xml()
        deleted, failed = [], []
        async with self.database.write() as tx:
            await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            for entry in entries:
                named = {name: entry[name] for name in ("Key", "VersionId") if name in entry}
                try:
                    result = await self._delete_entry(ctx, tx, req, entry)
                except AwsError as error:
                    failed.append({**named, "Code": error.code, "Message": error.message})
                else:
                    deleted.append({**named, **result})
        if req["Delete"].get("Quiet"):
            deleted = []
        return {"Deleted": deleted, "Errors": failed}

    async def _delete_entry(
        self, ctx: Context, tx: Transaction, req: dict[str, Any], entry: dict[str, Any]
    ) -> dict[str, Any]:
        key = encode_key(entry["Key"])
        bucket, current = await find_current(tx, ctx, req["Bucket"], key)
        conditions = {"IfMatch": "ETag", "IfMatchSize": "Size", "IfMatchLastModifiedTime": "LastModifiedTime"}
        named = {condition: entry[name] for condition, name in conditions.items() if name in entry}
        _check_conditions({"Key": entry["Key"], **named}, current)
        bypass = {"BypassGovernanceRetention": req.get("BypassGovernanceRetention")}
        result = await self._delete(ctx, tx, bucket, key, current, entry | bypass)
        # Here VersionId repeats the request's; the marker's own id has a member of its own.
        marker = result.pop("VersionId", None)
        if result.get("DeleteMarker"):
            result["DeleteMarkerVersionId"] = marker
        return result

    async def _delete(
        self,
        ctx: Context,
        tx: Transaction,
        bucket: Bucket,
        key: bytes,
        current: Version | None,
        req: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Delete what `req`, a request or an entry of one, names by its VersionId, or the key without one."""
        versions = Versions(tx, self.contents, bucket)
        version = req.get("VersionId")
        if version is None:
            marker = await versions.mark(key, current, ctx.now())
            return {} if marker is None else {"DeleteMarker": True, "VersionId": marker.version}
        bypass = bool(req.get("BypassGovernanceRetention"))
        removed = await versions.remove(key, current, version, ctx.now(), bypass=bypass)
        result: dict[str, Any] = {"VersionId": version}
        if removed is not None and removed.is_marker:
            result["DeleteMarker"] = True
        return result


def _check_conditions(req: dict[str, Any], current: Version | None) -> None:
    """Check If-Match and its kin.

    Raises:
        AwsError: PreconditionFailed; NoSuchKey where a condition stands and nothing is there.
    """
    etag, size, time = (req.get(name) for name in ("IfMatch", "IfMatchSize", "IfMatchLastModifiedTime"))
    if etag is None and size is None and time is None:
        return
    if current is None:
        raise errors.no_such_key(req["Key"])
    if etag is not None and not matches(etag, current.etag):
        raise errors.precondition_failed("If-Match")
    if size is not None and size != current.size:
        raise errors.precondition_failed("x-amz-if-match-size")
    if time is not None and int(time) != int(current.modified):
        raise errors.precondition_failed("x-amz-if-match-last-modified-time")
