"""Copying: a whole object, or a range of one into a part.

Decision: a copied object shares the blobs of its source, so copying costs no bytes, however large the object. A part
that is copied is read, for its ETag is an MD5 of its own, and written.

Differs from AWS: the copy of an object that was uploaded in parts so keeps its ETag and its parts.
"""

import secrets
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote

from clary.services._base.context import Context
from clary.services.s3 import checksums, errors
from clary.services.s3.acl import check_acl
from clary.services.s3.catalog import find_bucket, find_current, find_upload, find_version
from clary.services.s3.checksums import DEFAULT_ALGORITHM
from clary.services.s3.conditions import check_copy_source, check_write
from clary.services.s3.contents import Received
from clary.services.s3.drafts import draft
from clary.services.s3.encryption import CUSTOMER, Encryption
from clary.services.s3.extras import copy_extra, load_extra, with_extra
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


@dataclass(frozen=True, slots=True)
class _Needed:
    """The bytes must be stored again for the copy, encrypted like this."""

    encryption: Encryption | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """The bytes of a version, stored again."""

    source: Version
    received: Received


@dataclass(frozen=True, slots=True)
class _Copied:
    """The copy in its place."""

    bucket: Bucket
    version: Version
    encryption: Encryption | None


class Copying(Multipart):
    """The operations that copy."""

    async def copy_object(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Copy an object, or change what its headers say by copying it onto itself.

        Approximate: a copy that needs no new encryption and no new checksum keeps the ETag and the parts of its source.
        """
        stored: _Stored | None = None
        while True:
            try:
                async with self.database.write() as tx:
                    source_bucket, source = await self._find_source(tx, ctx, req)
                    done = await self._copy(tx, ctx, req, source, stored)
            except Exception:
                if stored is not None:
                    await stored.received.abort()
                raise
            if isinstance(done, _Copied):
                break
            # Its bytes must go through our hands, which takes too long for a write block. The next look finds whether
            # the source is still the one whose bytes these are.
            if stored is not None:
                await stored.received.abort()
            stored = await self._store_again(req, source, done)
        described = {"ETag": done.version.quoted_etag, "LastModified": done.version.modified}
        if done.version.checksum is not None:
            described |= checksums.load(done.version.checksum).members()
        result: dict[str, Any] = {"CopyObjectResult": described}
        if done.encryption is not None:
            result |= done.encryption.headers()
        if done.bucket.versioned:
            result["VersionId"] = done.version.version
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
        encryption = self._upload_encryption(upload, req)
        body = await self._open(source, start, end, self._encryption_of(source, req, "CopySource"))
        chunks = WholeBody(body) if isinstance(body, bytes) else body
        received = await self.contents.store(chunks, expected, encryption)
        part = await self._keep_part(ctx, bucket, upload, req["PartNumber"], received)
        described = {"ETag": f'"{part.etag}"', "LastModified": part.modified}
        if upload.algorithm:
            described[f"Checksum{algorithm}"] = received.digested.kept.value
        result: dict[str, Any] = {"CopyPartResult": described}
        if encryption is not None:
            result |= encryption.headers()
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
        self, tx: Transaction, ctx: Context, req: dict[str, Any], source: Version, stored: "_Stored | None"
    ) -> "_Copied | _Needed":
        """Put the copy in place; or say what its bytes need, when they are not fit for it and `stored` is not they."""
        if source.size > MAX_UPLOAD:
            raise _too_large()
        _check_changes_something(req)
        new = draft(ctx, req)
        bucket, current = await find_current(tx, ctx, req["Bucket"], new.key, req.get("ExpectedBucketOwner"))
        check_write(req, req["Key"], None if current is None else current.etag)
        await check_acl(tx, bucket, req)
        new = new._replace(
            headers=new.headers if req.get("MetadataDirective") == "REPLACE" else source.headers,
            extra=copy_extra(new, source, replace_tags=req.get("TaggingDirective") == "REPLACE"),
        )
        encryption = self.keyring.wanted(ctx, req, bucket)
        versions = Versions(tx, self.contents, bucket)
        if stored is not None and stored.source == source:
            placed = await versions.place_received(current, new, stored.received, encryption)
        elif self._may_share(req, source, encryption):
            placed = await self._share(versions, current, new, source, encryption)
        else:
            return _Needed(encryption)
        return _Copied(bucket, placed, encryption)

    def _may_share(self, req: dict[str, Any], source: Version, encryption: Encryption | None) -> bool:
        """Whether the bytes of the source are fit for the copy as they lie."""
        existing = self._encryption_of(source, req, "CopySource")
        wanted = named_algorithm(req)
        known = wanted is None or (source.checksum is not None and checksums.load(source.checksum).algorithm == wanted)
        plain = existing is None and encryption is None
        by_us = existing is not None and encryption is not None and CUSTOMER not in {existing.kind, encryption.kind}
        return known and (plain or by_us)

    async def _share(
        self,
        versions: Versions,
        current: Version | None,
        new: Version,
        source: Version,
        encryption: Encryption | None,
    ) -> Version:
        content = None if source.content is None else secrets.token_hex(16)
        new = new._replace(
            size=source.size, etag=source.etag, checksum=source.checksum, content=content, data=source.data
        )
        if encryption is not None:
            new = with_extra(new, "seal", encryption.stored(load_extra(source)["seal"].get("key")))
        if content is not None:
            # Before the copy takes its place: if it is its own source, the blobs so are never without an owner.
            await versions.tx.execute(_SHARE_PARTS, content, source.content)
        return await versions.place(current, new)

    async def _store_again(self, req: dict[str, Any], source: Version, needed: "_Needed") -> "_Stored":
        algorithm = named_algorithm(req)
        if algorithm is None and source.checksum is not None:
            algorithm = checksums.load(source.checksum).algorithm
        algorithm = algorithm or DEFAULT_ALGORITHM
        expected = Expected(source.size, None, algorithm, None, None, algorithm)
        existing = self._encryption_of(source, req, "CopySource")
        body = await self._open(source, 0, source.size, existing)
        if isinstance(body, bytes):
            return _Stored(source, await self.contents.receive(WholeBody(body), expected))
        return _Stored(source, await self.contents.store(body, expected, needed.encryption))


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
