"""Multipart uploads under way: list them, list the parts of one."""

from collections.abc import Sequence
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import checksums
from clary.services.s3.catalog import find_bucket, find_upload
from clary.services.s3.group import Group
from clary.services.s3.models import Part, Upload, owner_of
from clary.services.s3.names import encode_key
from clary.services.s3.pages import collect
from clary.services.s3.parameters import key_of, page_head, page_limit, scope_of, spelling, start_after
from clary.services.s3.statements import spell
from clary.state.database import Row

_UPLOADS = spell("""
    SELECT key, id, initiated, storage_class, algorithm, checksum_type FROM s3_uploads
    WHERE bucket = ? AND (key, id) >= (?, ?) AND key < ? ORDER BY key, id LIMIT ?
""")
_PARTS = spell("SELECT {part} FROM s3_parts WHERE content = ? AND number > ? ORDER BY number LIMIT ?")


class Uploads(Group):
    """The operations that list what multipart uploads have."""

    async def list_parts(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List the parts of an upload by number."""
        limit = page_limit(req, "MaxParts", "max-parts")
        marker = int(req.get("PartNumberMarker", 0))
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        upload = await find_upload(self.database, bucket, encode_key(req["Key"]), req["UploadId"])
        rows = await self.database.fetch_all(_PARTS, upload.id, marker, limit + 1)
        parts = [Part._make(row) for row in rows[:limit]]
        result = {
            "Bucket": bucket.name,
            "Key": req["Key"],
            "UploadId": upload.id,
            "PartNumberMarker": marker,
            "NextPartNumberMarker": parts[-1].number if parts else 0,
            "MaxParts": limit,
            "IsTruncated": len(rows) > limit,
            "StorageClass": upload.storage_class,
            "Initiator": owner_of(ctx.account),
            "Owner": owner_of(ctx.account),
            "Parts": [_describe_part(part, upload) for part in parts],
        }
        if upload.algorithm:
            result |= {"ChecksumAlgorithm": upload.algorithm, "ChecksumType": upload.checksum_type}
        return result

    async def list_multipart_uploads(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List uploads by key, and those of one key by the time they began."""
        limit = page_limit(req, "MaxUploads", "max-uploads")
        name, marker = req.get("KeyMarker", ""), req.get("UploadIdMarker", "")
        start = (start_after(name, req) if name else b"", "")
        if name and marker:
            start = (encode_key(name), marker + "0")
        async with self.database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))

            async def fetch(place: tuple[bytes, str], end: bytes, count: int) -> Sequence[Row]:
                return await reader.fetch_all(_UPLOADS, bucket.id, *place, end, count)

            page = await collect(fetch, "", **scope_of(req), start=start, limit=limit)
        spelled = spelling(req)
        result = page_head(req, page, spelled)
        result |= {"Bucket": bucket.name, "MaxUploads": limit, "KeyMarker": spelled(name), "UploadIdMarker": marker}
        owner = owner_of(ctx.account)
        result["Uploads"] = [
            {
                "Key": spelled(key.decode()),
                "UploadId": upload_id,
                "Initiated": initiated,
                "StorageClass": storage_class,
                "Owner": owner,
                "Initiator": owner,
                **({"ChecksumAlgorithm": algorithm, "ChecksumType": kind} if algorithm else {}),
            }
            for key, upload_id, initiated, storage_class, algorithm, kind in page.rows
        ]
        if page.truncated:
            last = page.entries[-1]
            result["NextKeyMarker"] = spelled(key_of(last).decode())
            result["NextUploadIdMarker"] = "" if isinstance(last, bytes) else last[1]
        return result


def _describe_part(part: Part, upload: Upload) -> dict[str, Any]:
    described = {
        "PartNumber": part.number,
        "LastModified": part.modified,
        "ETag": f'"{part.etag}"',
        "Size": part.size,
    }
    if upload.algorithm:
        algorithm, _, value = checksums.load(part.checksum)
        described[f"Checksum{algorithm}"] = value
    return described
