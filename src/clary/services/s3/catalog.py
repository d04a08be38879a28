"""Looks buckets and objects up. Every look-up says who may have it, and raises S3's error for what is not there."""

import re
from collections.abc import Mapping
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.models import Bucket, Part, Upload, Version
from clary.services.s3.names import encode_key
from clary.services.s3.statements import spell
from clary.state.database import Database, Reader

#: What can be asked: the database itself, or one block of it.
Source = Reader | Database

_FIND_OBJECT = spell("""
    SELECT {b.bucket}, {o.unkeyed}, i.data FROM s3_buckets b
    LEFT JOIN s3_objects o ON o.bucket = b.id AND o.key = ?
    LEFT JOIN s3_inline i ON i.id = o.inline WHERE b.name = ?
""")
_FIND_HEAD = spell("""
    SELECT {b.bucket}, {o.unkeyed}, NULL FROM s3_buckets b
    LEFT JOIN s3_objects o ON o.bucket = b.id AND o.key = ? WHERE b.name = ?
""")
_FIND_BUCKET = spell("SELECT {bucket} FROM s3_buckets WHERE name = ?")
_FIND_IN_BUCKET = spell("SELECT {version}, NULL FROM s3_objects WHERE bucket = ? AND key = ?")
_FIND_VERSION = spell("""
    SELECT {o.version}, i.data FROM s3_objects o LEFT JOIN s3_inline i ON i.id = o.inline
    WHERE o.bucket = ? AND o.key = ? AND o.version = ? UNION ALL
    SELECT {o.version}, i.data FROM s3_versions o LEFT JOIN s3_inline i ON i.id = o.inline
    WHERE o.bucket = ? AND o.key = ? AND o.version = ?
""")
_NEWEST_BELOW = spell("SELECT {version}, NULL FROM s3_versions WHERE bucket = ? AND key = ? ORDER BY rank LIMIT 1")
_FIND_PARTS = spell("""
    SELECT {part} FROM s3_parts WHERE content = ? AND start < ? AND start + size > ? ORDER BY number
""")
_FIND_UPLOAD = spell("SELECT {upload} FROM s3_uploads WHERE bucket = ? AND key = ? AND id = ?")

_VERSION_ID = re.compile(r"null|[\w.-]{32}", re.ASCII)

#: Columns of a bucket: all of its fields but its name.
_BUCKET_WIDTH = len(Bucket._fields) - 1


async def find_bucket(source: Source, ctx: Context, name: str, owner: str | None = None) -> Bucket:
    """Return a bucket; `owner` is the account that the client expects it to belong to.

    Raises:
        AwsError: NoSuchBucket, AccessDenied.
    """
    row = await source.fetch_one(_FIND_BUCKET, name)
    if row is None:
        raise errors.no_such_bucket(name)
    return _permitted(Bucket._make(row), ctx, owner)


async def find_current(
    source: Source, ctx: Context, name: str, key: bytes, owner: str | None = None, *, data: bool = False
) -> tuple[Bucket, Version | None]:
    """Return a bucket and its current object under `key`, with its bytes when `data` is set and they are few.

    Raises:
        AwsError: NoSuchBucket, AccessDenied.
    """
    row = await source.fetch_one(_FIND_OBJECT if data else _FIND_HEAD, key, name)
    if row is None:
        raise errors.no_such_bucket(name)
    bucket = _permitted(Bucket._make((*row[:_BUCKET_WIDTH], name)), ctx, owner)
    return bucket, None if row[_BUCKET_WIDTH] is None else Version._make((key, *row[_BUCKET_WIDTH:]))


async def find_object(source: Source, bucket: Bucket, key: bytes) -> Version | None:
    """Return a bucket's current object under `key`, without its bytes."""
    row = await source.fetch_one(_FIND_IN_BUCKET, bucket.id, key)
    return None if row is None else Version._make(row)


async def find_version(source: Source, bucket: Bucket, key: bytes, version: str) -> Version | None:
    """Return the version, or the delete marker, with that id.

    Raises:
        AwsError: InvalidArgument: no version ever has such an id.
    """
    if not _VERSION_ID.fullmatch(version):
        raise errors.argument("Invalid version id specified", "versionId", version)
    row = await source.fetch_one(_FIND_VERSION, bucket.id, key, version, bucket.id, key, version)
    return None if row is None else Version._make(row)


async def find_named(
    source: Source, ctx: Context, req: Mapping[str, Any], method: str, *, data: bool = False
) -> tuple[Bucket, Version]:
    """Return the version that a request names: the current one, or that of its VersionId.

    Raises:
        AwsError: NoSuchBucket, AccessDenied, NoSuchKey, NoSuchVersion, InvalidArgument; MethodNotAllowed for a delete
            marker, `method` being the HTTP method that it does not allow.
    """
    name, wanted = req["Key"], req.get("VersionId")
    key = encode_key(name)
    bucket, version = await find_current(source, ctx, req["Bucket"], key, req.get("ExpectedBucketOwner"), data=data)
    if wanted is not None and (version is None or version.version != wanted):
        version = await find_version(source, bucket, key, wanted)
        if version is None:
            raise errors.no_such_version(name, wanted)
        if version.is_marker:
            raise errors.method_not_allowed(method, _marker_headers(version))
    if version is None:
        marker = await find_newest_below(source, bucket, key) if bucket.versioned else None
        raise errors.no_such_key(name, [] if marker is None else _marker_headers(marker))
    return bucket, version


async def find_newest_below(source: Source, bucket: Bucket, key: bytes) -> Version | None:
    """Return the newest that lies below the current object; where there is none, it is what the key's newest is."""
    row = await source.fetch_one(_NEWEST_BELOW, bucket.id, key)
    return None if row is None else Version._make(row)


async def find_parts(source: Source, version: Version, start: int, end: int) -> list[Part]:
    """Return the parts that hold the bytes `[start, end)`, in order."""
    rows = await source.fetch_all(_FIND_PARTS, version.content, end, start)
    return [Part._make(row) for row in rows]


def _marker_headers(marker: Version) -> list[tuple[str, str]]:
    """Return the headers that tell of a delete marker."""
    return [("x-amz-delete-marker", "true"), ("x-amz-version-id", marker.version)]


def _permitted(bucket: Bucket, ctx: Context, owner: str | None) -> Bucket:
    if bucket.account != ctx.account or owner not in {None, bucket.account}:
        raise errors.access_denied()
    return bucket


async def find_upload(source: Source, bucket: Bucket, key: bytes, upload_id: str) -> Upload:
    """Return an upload that is under way.

    Raises:
        AwsError: NoSuchUpload.
    """
    row = await source.fetch_one(_FIND_UPLOAD, bucket.id, key, upload_id)
    if row is None:
        raise errors.no_such_upload(upload_id)
    return Upload._make(row)
