"""GetObjectAttributes: what is known of an object, without its bytes."""

from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import checksums
from clary.services.s3.catalog import find_named
from clary.services.s3.checksums import COMPOSITE
from clary.services.s3.group import Group
from clary.services.s3.models import Part, Version
from clary.services.s3.parameters import page_limit
from clary.services.s3.statements import spell

_PARTS = spell("SELECT {part} FROM s3_parts WHERE content = ? AND number > ? ORDER BY number LIMIT ?")


class Attributes(Group):
    """The operation that describes an object."""

    async def get_object_attributes(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return those of an object's attributes that are asked for."""
        bucket, version = await find_named(self.database, ctx, req, "GET")
        wanted = set(req["ObjectAttributes"])
        result: dict[str, Any] = {"LastModified": version.modified}
        if bucket.versioned:
            result["VersionId"] = version.version
        if "ETag" in wanted:
            result["ETag"] = version.etag
        if "ObjectSize" in wanted:
            result["ObjectSize"] = version.size
        if "StorageClass" in wanted:
            result["StorageClass"] = version.storage_class
        if "Checksum" in wanted and version.checksum is not None:
            checksum = checksums.load(version.checksum)
            # Here, unlike in headers, the number of parts is not behind the value.
            result["Checksum"] = checksum._replace(value=checksum.value.partition("-")[0]).members()
        if "ObjectParts" in wanted and "-" in version.etag:
            result["ObjectParts"] = await self._parts(version, req)
        return result

    async def _parts(self, version: Version, req: dict[str, Any]) -> dict[str, Any]:
        limit = page_limit(req, "MaxParts", "max-parts")
        marker = int(req.get("PartNumberMarker", 0))
        rows = await self.database.fetch_all(_PARTS, version.content, marker, limit + 1)
        parts = [Part._make(row) for row in rows[:limit]]
        result: dict[str, Any] = {
            "TotalPartsCount": int(version.etag.partition("-")[2]),
            "PartNumberMarker": marker,
            "NextPartNumberMarker": parts[-1].number if parts else 0,
            "MaxParts": limit,
            "IsTruncated": len(rows) > limit,
        }
        # As on AWS, the parts themselves are listed only for composite checksums, which follow from theirs.
        if version.checksum is not None and checksums.load(version.checksum).type == COMPOSITE:
            result["Parts"] = [_describe(part) for part in parts]
        return result


def _describe(part: Part) -> dict[str, Any]:
    algorithm, _, value = checksums.load(part.checksum)
    return {"PartNumber": part.number, "Size": part.size, f"Checksum{algorithm}": value}
