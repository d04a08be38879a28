"""Objects: put, get, head."""

from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3 import checksums, errors
from clary.services.s3.acl import check_acl
from clary.services.s3.catalog import find_bucket, find_current, find_named
from clary.services.s3.conditions import check_read, check_write
from clary.services.s3.contents import INLINE_BYTES
from clary.services.s3.drafts import draft
from clary.services.s3.extras import extra_headers
from clary.services.s3.group import Group
from clary.services.s3.integrity import read_expected
from clary.services.s3.models import STANDARD, Bucket, Version
from clary.services.s3.ranges import parse_range
from clary.services.s3.versions import Versions
from clary.wire.body import WholeBody
from clary.wire.timestamps import http_date

_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
}
#: One part's place.
_FIND_PART = "SELECT start, size FROM s3_parts WHERE content = ? AND number = ?"
#: How often a read looks again when another server replaces the object under it.
_LOOKS = 3


class Objects(Group):
    """The operations on one object's bytes."""

    async def put_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Store an object.

        Approximate: ACLs are not applied; every storage class is as fast and as durable as STANDARD.
        """
        expected = read_expected(req, ctx.http)
        new = draft(ctx, req)
        encryption = None
        if expected.length is None or expected.length > INLINE_BYTES:
            bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            encryption = self.keyring.wanted(ctx, req, bucket)
        received = await self.contents.receive(req.get("Body") or WholeBody(), expected, encryption)
        try:
            async with self.database.write() as tx:
                bucket, current = await find_current(tx, ctx, req["Bucket"], new.key, req.get("ExpectedBucketOwner"))
                check_write(req, req["Key"], None if current is None else current.etag)
                await check_acl(tx, bucket, req)
                if received.data is not None:
                    encryption = self.keyring.wanted(ctx, req, bucket)
                placed = await Versions(tx, self.contents, bucket).place_received(current, new, received, encryption)
        except Exception:  # a cancelled task's changes may be kept: then the next start decides
            await received.abort()
            raise
        result: dict[str, Any] = {"ETag": placed.quoted_etag, **received.digested.checksum.members()}
        if encryption is not None:
            result |= encryption.headers()
        if bucket.versioned:
            result["VersionId"] = placed.version
        return result

    async def get_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return an object's bytes: as they lie when they are few, else as a stream."""
        looks = 1
        while True:
            try:
                return await self._get(ctx, req)
            except KeyError:
                if looks == _LOOKS:
                    raise
                looks += 1

    async def _get(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Do what `get_object` does; KeyError when the object was replaced while it was being looked up."""
        bucket, version = await find_named(self.database, ctx, req, "GET", data=True)
        check_read(req, version.etag, version.modified)
        encryption = self._encryption_of(version, req)
        result, start, end = await self._describe(bucket, version, req)
        if encryption is not None:
            result |= encryption.headers()
        result["Body"] = await self._open(version, start, end, encryption)
        return result

    async def head_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return what GetObject would, without the bytes."""
        bucket, version = await find_named(self.database, ctx, req, "HEAD")
        check_read(req, version.etag, version.modified)
        encryption = self._encryption_of(version, req)
        result, _, _ = await self._describe(bucket, version, req)
        return result if encryption is None else result | encryption.headers()

    async def _describe(self, bucket: Bucket, version: Version, req: dict[str, Any]) -> tuple[dict[str, Any], int, int]:
        """Return a response without its body, and which bytes `[start, end)` belong into that."""
        result: dict[str, Any] = orjson.loads(version.headers)
        span = await self._span(version, req, result)
        start, end = span or (0, version.size)
        result["ETag"] = version.quoted_etag
        result["LastModified"] = version.modified
        result["ContentLength"] = end - start
        result["AcceptRanges"] = "bytes"
        if span is not None:
            result["ContentRange"] = f"bytes {start}-{end - 1}/{version.size}"
        elif version.checksum is not None and req.get("ChecksumMode", "").upper() == "ENABLED":
            result.update(checksums.load(version.checksum).members())
        if bucket.versioned:
            result["VersionId"] = version.version
        if version.storage_class != STANDARD:
            result["StorageClass"] = version.storage_class
        if version.extra is not None:
            result.update(extra_headers(version))
        for override, name in _OVERRIDES.items():
            if override in req:
                result[name] = req[override]
        if "ResponseExpires" in req:
            result["Expires"] = http_date(req["ResponseExpires"])
        return result, start, end

    async def _span(self, version: Version, req: dict[str, Any], result: dict[str, Any]) -> tuple[int, int] | None:
        """Return which bytes a Range or a PartNumber asks for, None for all."""
        number, header = req.get("PartNumber"), req.get("Range")
        if number is None:
            return parse_range(header, version.size) if header is not None else None
        if header is not None:
            raise errors.invalid_request("Cannot specify both Range header and partNumber query parameter")
        count = int(version.etag.partition("-")[2] or 1)
        if "-" in version.etag:
            result["PartsCount"] = count
            row = await self.database.fetch_one(_FIND_PART, version.content, number)
            if row is not None:
                return int(row[0]), int(row[0] + row[1])
        elif number == 1:
            return (0, version.size) if version.size else None
        raise errors.invalid_part_number(number, count)
