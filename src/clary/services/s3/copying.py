"""Copying: a whole object, or a range of one into a part.

Decision: a copied object shares the blobs of its source, so copying costs no bytes, however large the object. A part
that is copied is read, for its ETag is an MD5 of its own, and written.

Differs from AWS: the copy of an object that was uploaded in parts keeps its ETag and its parts.
"""

import asyncio
import secrets
from collections.abc import AsyncIterable
from typing import Any, NamedTuple
from urllib.parse import unquote

from clary.services._base.context import Context
from clary.services.s3 import checksums, errors
from clary.services.s3.acl import check_acl
from clary.services.s3.catalog import find_bucket, find_current, find_parts, find_upload, find_version
from clary.services.s3.checksums import DEFAULT_ALGORITHM, FULL_OBJECT, Checksum
from clary.services.s3.conditions import check_copy_source, check_write
from clary.services.s3.drafts import draft
from clary.services.s3.extras import copy_extra
from clary.services.s3.integrity import MAX_UPLOAD, Expected, named_algorithm
from clary.services.s3.models import Bucket, Version
from clary.services.s3.multipart import Multipart, check_part_number
from clary.services.s3.names import encode_key
from clary.services.s3.ranges import parse_copy_range
from clary.services.s3.statements import spell
from clary.services.s3.versions import Versions
from clary.state.database import Database, Reader, Transaction
from clary.wire.body import WholeBody
from clary.wire.errors import AwsError

_SHARE_PARTS = spell("""
    INSERT INTO s3_parts (content, {part}) SELECT ?, {part} FROM s3_parts WHERE content = ?
""")


class Source(NamedTuple):
    """What a copy is made of: names as the client gives them."""

    bucket: str
    key: str
    version: str | None


class Copying(Multipart):
    """The operations that copy."""

    async def copy_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Copy an object, or change what its headers say by copying it onto itself.

        Approximate: the copy of an object that was uploaded in parts keeps its ETag and its parts.
        """
        wanted = named_algorithm(req)
        computed: tuple[Version, Checksum] | None = None
        while True:
            async with self.database.write() as tx:
                source_bucket, source = await self._find_source(tx, ctx, req)
                checksum = _known_checksum(source, wanted, computed)
                if checksum is not None or wanted is None:
                    bucket, placed = await self._copy(tx, ctx, req, source, checksum)
                    break
            computed = source, await self._compute(source, wanted)
        described = {"ETag": placed.quoted_etag, "LastModified": placed.modified}
        if placed.checksum is not None:
            described |= checksums.load(placed.checksum).members()
        result: dict[str, Any] = {"CopyObjectResult": described}
        if bucket.versioned:
            result["VersionId"] = placed.version
        if source_bucket.versioned:
            result["CopySourceVersionId"] = source.version
        return result

    async def upload_part_copy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Copy an object, or a range of one, into a part of an upload."""
        check_part_number(req["PartNumber"])
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        upload = await find_upload(self.database, bucket, encode_key(req["Key"]), req["UploadId"])
        source_bucket, source = await self._find_source(self.database, ctx, req)
        span = req.get("CopySourceRange")
        start, end = (0, source.size) if span is None else parse_copy_range(span, source.size)
        if end - start > MAX_UPLOAD:
            raise _too_large()
        algorithm = upload.algorithm or DEFAULT_ALGORITHM
        expected = Expected(end - start, None, algorithm, None, None, algorithm)
        received = await self.contents.store(await self._read(source, start, end), expected)
        part = await self._keep_part(ctx, bucket, upload, req["PartNumber"], received)
        described = {"ETag": f'"{part.etag}"', "LastModified": part.modified}
        if upload.algorithm:
            described[f"Checksum{algorithm}"] = received.kept.value
        result: dict[str, Any] = {"CopyPartResult": described}
        if source_bucket.versioned:
            result["CopySourceVersionId"] = source.version
        return result

    async def _find_source(
        self, reader: Reader | Database, ctx: Context, req: dict[str, Any]
    ) -> tuple[Bucket, Version]:
        """Return the version to copy, when its conditions hold."""
        name, key_name, wanted = parse_source(req["CopySource"])
        key = encode_key(key_name)
        bucket, source = await find_current(reader, ctx, name, key, req.get("ExpectedSourceBucketOwner"), data=True)
        if wanted is not None and (source is None or source.version != wanted):
            source = await find_version(reader, bucket, key, wanted)
            if source is None:
                raise errors.no_such_version(key_name, wanted)
            if source.is_marker:
                message = "The source of a copy request may not specifically refer to a delete marker by version id."
                raise errors.invalid_request(message)
        if source is None:
            raise errors.no_such_key(key_name)
        check_copy_source(req, source.etag, source.modified)
        return bucket, source

    async def _copy(
        self, tx: Transaction, ctx: Context, req: dict[str, Any], source: Version, checksum: Checksum | None
    ) -> tuple[Bucket, Version]:
        if source.size > MAX_UPLOAD:
            raise _too_large()
        _check_changes_something(req)
        new = draft(ctx, req)
        bucket, current = await find_current(tx, ctx, req["Bucket"], new.key, req.get("ExpectedBucketOwner"))
        check_write(req, req["Key"], None if current is None else current.etag)
        await check_acl(tx, bucket, req)
        new = new._replace(
            size=source.size,
            etag=source.etag,
            checksum=source.checksum if checksum is None else checksum.stored(),
            headers=new.headers if req.get("MetadataDirective") == "REPLACE" else source.headers,
            extra=copy_extra(new, source, replace_tags=req.get("TaggingDirective") == "REPLACE"),
            content=None if source.content is None else secrets.token_hex(16),
            data=source.data,
        )
        if source.content is not None:
            # Before the copy takes its place: if it is its own source, the blobs so are never without an owner.
            await tx.execute(_SHARE_PARTS, new.content, source.content)
        return bucket, await Versions(tx, self.contents, bucket).place(current, new)

    async def _compute(self, source: Version, algorithm: str) -> Checksum:
        """Compute a checksum of bytes that are stored already."""
        hasher = checksums.new_hasher(algorithm)
        async for chunk in await self._read(source, 0, source.size):
            await asyncio.to_thread(hasher.update, chunk)
        return Checksum(algorithm, FULL_OBJECT, checksums.encode(hasher.digest()))

    async def _read(self, source: Version, start: int, end: int) -> AsyncIterable[bytes]:
        if source.data is not None or start == end:
            return WholeBody((source.data or b"")[start:end])
        parts = await find_parts(self.database, source, start, end)
        return await self.contents.read(parts, start, end)


def parse_source(source: str | dict[str, str]) -> Source:
    """Read a CopySource: `bucket/key?versionId=id`, percent-encoded; in-process also as boto3's dictionary.

    Raises:
        AwsError: InvalidArgument.
    """
    if isinstance(source, dict):
        return Source(source["Bucket"], source["Key"], source.get("VersionId"))
    path, _, version = source.partition("?versionId=")
    bucket, slash, key = unquote(path).removeprefix("/").partition("/")
    if not (bucket and slash and key):
        message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
        raise errors.argument(message, "x-amz-copy-source", source)
    return Source(bucket, key, version or None)


def _known_checksum(source: Version, wanted: str | None, computed: tuple[Version, Checksum] | None) -> Checksum | None:
    """Return the checksum that the copy is to have, None when it must be computed first, or the source has none."""
    kept = None if source.checksum is None else checksums.load(source.checksum)
    if wanted is None or (kept is not None and kept.algorithm == wanted):
        return kept
    # What was computed is good as long as the source is still the one that it was computed of.
    return computed[1] if computed is not None and computed[0] == source else None


def _check_changes_something(req: dict[str, Any]) -> None:
    bucket, key, version = parse_source(req["CopySource"])
    changes = {"StorageClass", "WebsiteRedirectLocation", "ServerSideEncryption", "SSECustomerAlgorithm"} & req.keys()
    same = (bucket, key, version) == (req["Bucket"], req["Key"], None)
    if same and not changes and req.get("MetadataDirective") != "REPLACE":
        message = (
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
        raise errors.invalid_request(message)


def _too_large() -> AwsError:
    message = f"The specified copy source is larger than the maximum allowable size for a copy source: {MAX_UPLOAD}"
    return errors.invalid_request(message)
