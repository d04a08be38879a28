"""Listing a bucket: ListObjects, ListObjectsV2, ListObjectVersions."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import checksums, errors
from clary.services.s3.catalog import Source, find_bucket
from clary.services.s3.group import Group
from clary.services.s3.models import Bucket, owner_of
from clary.services.s3.names import encode_key
from clary.services.s3.pages import AFTER, Fetch, Page, collect
from clary.services.s3.parameters import key_of, page_head, page_limit, scope_of, spelling, start_after
from clary.services.s3.tokens import new_token, read_token
from clary.state.database import Row

#: Sorts before every rank.
_FIRST = -(2**63)

_OBJECTS = """
    SELECT key, 0, modified, size, etag, storage_class, checksum FROM s3_objects
    WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?
"""
_VERSIONS = """
    SELECT key, rank, modified, size, etag, storage_class, checksum, version FROM {table}
    WHERE bucket = ? AND (key, rank) >= (?, ?) AND key < ? ORDER BY key, rank LIMIT ?
"""
_CURRENT, _BELOW = (_VERSIONS.replace("{table}", table) for table in ("s3_objects", "s3_versions"))
_RANK_OF = """
    SELECT rank FROM s3_objects WHERE bucket = ? AND key = ? AND version = ? UNION ALL
    SELECT rank FROM s3_versions WHERE bucket = ? AND key = ? AND version = ?
"""


class Listing(Group):
    """The operations that list keys."""

    async def list_objects(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List current objects, from a marker on."""
        marker = req.get("Marker", "")
        bucket, page = await self._list(ctx, req, None if not marker else start_after(marker, req))
        spell = spelling(req)
        result = _result(ctx, req, page, spell, owner=True)
        result["Name"] = bucket.name
        result["Marker"] = spell(marker)
        if page.truncated and req.get("Delimiter"):
            result["NextMarker"] = spell(key_of(page.entries[-1]).decode())
        return result

    async def list_objects_v2(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List current objects, from a continuation token or a key on."""
        token, after = req.get("ContinuationToken"), req.get("StartAfter", "")
        start = start_after(after, req) if after else None
        if token is not None:
            start = read_token(req["Bucket"], token)
        bucket, page = await self._list(ctx, req, start)
        spell = spelling(req)
        result = _result(ctx, req, page, spell, owner=bool(req.get("FetchOwner")))
        result["Name"] = bucket.name
        result["KeyCount"] = len(page.entries)
        result["ContinuationToken"] = token
        if after:
            result["StartAfter"] = spell(after)
        if page.truncated:
            last = page.entries[-1]
            start = last + AFTER if isinstance(last, bytes) else last[0] + b"\0"
            result["NextContinuationToken"] = new_token(bucket.name, start)
        return result

    async def list_object_versions(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """List all versions and delete markers, by key and from the newest down."""
        limit = page_limit(req, "MaxKeys", "max-keys")
        async with self.database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            start = await _version_start(reader, bucket, req)
            page = await collect(
                _version_fetch(reader, bucket), _FIRST, **scope_of(req), start=start or (b"", _FIRST), limit=limit
            )
        spell = spelling(req)
        result = page_head(req, page, spell)
        result["MaxKeys"] = limit
        continued = start[0] if start is not None and start[1] != _FIRST else b""
        result["Versions"], result["DeleteMarkers"] = _versions(ctx, page.rows, spell, continued)
        result["Name"] = bucket.name
        result["KeyMarker"] = spell(req.get("KeyMarker", ""))
        result["VersionIdMarker"] = req.get("VersionIdMarker", "")
        if page.truncated:
            last = page.entries[-1]
            result["NextKeyMarker"] = spell(key_of(last).decode())
            result["NextVersionIdMarker"] = None if isinstance(last, bytes) else last[7]
        return result

    async def _list(self, ctx: Context, req: dict[str, Any], start: bytes | None) -> tuple[Bucket, Page]:
        limit = page_limit(req, "MaxKeys", "max-keys")
        async with self.database.read() as reader:
            bucket = await find_bucket(reader, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))

            async def fetch(place: tuple[bytes, int], end: bytes, count: int) -> Sequence[Row]:
                key, behind = place
                return await reader.fetch_all(_OBJECTS, bucket.id, key + b"\0" if behind else key, end, count)

            return bucket, await collect(fetch, 0, **scope_of(req), start=(start or b"", 0), limit=limit)


def _version_fetch(reader: Source, bucket: Bucket) -> Fetch[int]:
    """Return what reads current objects and what lies below them as one sequence."""

    async def fetch(place: tuple[bytes, int], end: bytes, count: int) -> Sequence[Row]:
        current = await reader.fetch_all(_CURRENT, bucket.id, *place, end, count)
        below = await reader.fetch_all(_BELOW, bucket.id, *place, end, count)
        return sorted([*current, *below], key=itemgetter(0, 1))[:count]

    return fetch


async def _version_start(reader: Source, bucket: Bucket, req: dict[str, Any]) -> tuple[bytes, int] | None:
    """Return the place behind the markers: behind one version of a key, or behind all of them."""
    name, version = req.get("KeyMarker", ""), req.get("VersionIdMarker")
    if not name:
        if version:
            message = "A version-id marker cannot be specified without a key marker."
            raise errors.argument(message, "version-id-marker", version)
        return None
    if not version:
        return start_after(name, req), _FIRST
    key = encode_key(name)
    row = await reader.fetch_one(_RANK_OF, bucket.id, key, version, bucket.id, key, version)
    if row is None:
        raise errors.argument("Invalid version id specified", "version-id-marker", version)
    return key, int(row[0]) + 1


def _result(
    ctx: Context, req: dict[str, Any], page: Page, spell: Callable[[str], str], *, owner: bool
) -> dict[str, Any]:
    """Return a listing of current objects."""
    result = page_head(req, page, spell)
    result["MaxKeys"] = page_limit(req, "MaxKeys", "max-keys")
    owned = {"Owner": owner_of(ctx.account)} if owner else {}
    result["Contents"] = [{**_entry(row, spell), **owned} for row in page.rows]
    return result


def _entry(row: Row, spell: Callable[[str], str]) -> dict[str, Any]:
    key, _, modified, size, etag, storage_class, checksum = row[:7]
    entry = {
        "Key": spell(key.decode()),
        "LastModified": modified,
        "ETag": f'"{etag}"',
        "Size": size,
        "StorageClass": storage_class,
    }
    if checksum is not None:
        kept = checksums.load(checksum)
        entry["ChecksumAlgorithm"] = [kept.algorithm]
        entry["ChecksumType"] = kept.type
    return entry


def _versions(
    ctx: Context, rows: Sequence[Row], spell: Callable[[str], str], continued: bytes
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return versions and delete markers; `continued` is the key whose newest version an earlier page had."""
    versions, markers = [], []
    owner = owner_of(ctx.account)
    before = continued
    for row in rows:
        entry = {"VersionId": row[7], "IsLatest": row[0] != before, "Owner": owner}
        before = row[0]
        if row[4]:
            versions.append(_entry(row, spell) | entry)
        else:
            markers.append({"Key": spell(row[0].decode()), "LastModified": row[2], **entry})
    return versions, markers
