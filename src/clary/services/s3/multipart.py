"""Multipart uploads: create, upload a part, complete, abort."""

import functools
import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3 import checksums, errors
from clary.services.s3.acl import check_acl
from clary.services.s3.assembly import Assembly, assemble
from clary.services.s3.catalog import find_bucket, find_current, find_upload
from clary.services.s3.checksums import COMPOSITE, DEFAULT_ALGORITHM, FULL_OBJECT
from clary.services.s3.conditions import check_write
from clary.services.s3.contents import Received
from clary.services.s3.drafts import draft
from clary.services.s3.encryption import CUSTOMER, Encryption
from clary.services.s3.extras import load_extra, with_extra
from clary.services.s3.group import Group
from clary.services.s3.integrity import named_algorithm, read_expected
from clary.services.s3.models import Bucket, Part, Upload, Version
from clary.services.s3.names import encode_key
from clary.services.s3.statements import spell
from clary.services.s3.versions import Versions
from clary.state.database import Transaction
from clary.wire.body import WholeBody

_MOST_PARTS = 10_000

_INSERT = spell("INSERT INTO s3_uploads (bucket, {upload}) VALUES (?, {upload marks})")
_DELETE = "DELETE FROM s3_uploads WHERE bucket = ? AND key = ? AND id = ?"
_FIND_BLOB = "SELECT blob FROM s3_parts WHERE content = ? AND number = ?"
_PUT_PART = spell("""
    INSERT INTO s3_parts (content, {part}) VALUES (?, {part marks})
    ON CONFLICT (content, number) DO UPDATE SET {part excluded}
""")
_ALL_PARTS = spell("SELECT {part} FROM s3_parts WHERE content = ? ORDER BY number")
_PLACE_PART = "UPDATE s3_parts SET start = ? WHERE content = ? AND number = ?"
_DROP_PART = "DELETE FROM s3_parts WHERE content = ? AND number = ?"
_COMPLETED = spell("""
    SELECT {version}, NULL FROM s3_objects WHERE bucket = ? AND key = ? AND content = ? UNION ALL
    SELECT {version}, NULL FROM s3_versions WHERE bucket = ? AND key = ? AND content = ?
""")


class Multipart(Group):
    """The operations that make an object of parts."""

    async def create_multipart_upload(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Begin an upload."""
        algorithm, kind = _checksum(req)
        new = draft(ctx, req)
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        encryption = self.keyring.wanted(ctx, req, bucket)
        if encryption is not None:
            new = with_extra(new, "seal", encryption.stored())
        upload = Upload(
            key=new.key,
            # Ids sort by the time of their making, as uploads of one key are listed; none is the beginning of another.
            id=f"{int(new.modified * 1000):012x}{secrets.token_hex(20)}",
            initiated=new.modified,
            storage_class=new.storage_class,
            algorithm=algorithm,
            checksum_type=kind,
            headers=new.headers,
            extra=new.extra,
        )
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            await check_acl(tx, bucket, req)
            await tx.execute(_INSERT, bucket.id, *upload)
        result = {"Bucket": bucket.name, "Key": req["Key"], "UploadId": upload.id}
        if algorithm:
            result |= {"ChecksumAlgorithm": algorithm, "ChecksumType": kind}
        if encryption is not None:
            result |= encryption.headers()
        return result

    async def upload_part(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Store a part; an earlier one of that number goes away."""
        check_part_number(req["PartNumber"])
        bucket = await find_bucket(self.database, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
        upload = await find_upload(self.database, bucket, encode_key(req["Key"]), req["UploadId"])
        expected = read_expected(req, ctx.http, upload.algorithm or DEFAULT_ALGORITHM)
        if upload.algorithm and expected.algorithm != upload.algorithm:
            wanted, given = upload.algorithm.lower(), expected.algorithm.lower()
            message = (
                f"Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum Type: {given}"
            )
            raise errors.invalid_request(message)
        encryption = self._upload_encryption(upload, req)
        received = await self.contents.store(req.get("Body") or WholeBody(), expected, encryption)
        part = await self._keep_part(ctx, bucket, upload, req["PartNumber"], received)
        result: dict[str, Any] = {"ETag": f'"{part.etag}"'}
        algorithm, _, value = received.digested.checksum
        result[f"Checksum{algorithm}"] = value
        return result if encryption is None else result | encryption.headers()

    def _upload_encryption(self, upload: Upload, req: dict[str, Any]) -> Encryption | None:
        """Return how an upload's parts are encrypted: as it was begun, by the same key."""
        seal = None if upload.extra is None else orjson.loads(upload.extra).get("seal")
        if seal is not None and seal["kind"] == CUSTOMER and req.get("SSECustomerKeyMD5", seal["name"]) != seal["name"]:
            message = "The provided encryption parameters did not match the ones used originally."
            raise errors.invalid_request(message)
        return self.keyring.of(seal, req)

    async def _keep_part(self, ctx: Context, bucket: Bucket, upload: Upload, number: int, received: Received) -> Part:
        """Make received bytes a part of an upload, when that is still there."""
        etag, checksum = received.digested.md5.hex(), received.digested.kept.stored()
        part = Part(number, -1, received.digested.size, etag, checksum, ctx.now(), received.seal, received.blob)
        try:
            async with self.database.write() as tx:
                await find_upload(tx, bucket, upload.key, upload.id)
                replaced = await tx.fetch_one(_FIND_BLOB, upload.id, number)
                await tx.execute(_PUT_PART, upload.id, *part)
                tx.on_commit(functools.partial(self.contents.keep, part.blob))
                if replaced is not None:
                    tx.on_commit(functools.partial(self.contents.discard, [str(replaced[0])]))
        except Exception:  # a cancelled task's changes may be kept: then the next start decides
            await received.abort()
            raise
        return part

    async def complete_multipart_upload(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Make the listed parts an object. No bytes move. Completing again answers the same again."""
        key = encode_key(req["Key"])
        listed = req.get("MultipartUpload", {}).get("Parts", [])
        async with self.database.write() as tx:
            bucket, current = await find_current(tx, ctx, req["Bucket"], key, req.get("ExpectedBucketOwner"))
            done = await _find_completed(tx, bucket, key, req["UploadId"])
            if done is None:
                upload = await find_upload(tx, bucket, key, req["UploadId"])
                check_write(req, req["Key"], None if current is None else current.etag)
                stored = [Part._make(row) for row in await tx.fetch_all(_ALL_PARTS, upload.id)]
                whole = assemble(upload, stored, listed, req)
                await self._place_parts(tx, upload.id, stored, whole.parts)
                await tx.execute(_DELETE, bucket.id, key, upload.id)
                new = _object(upload, whole, ctx.now())
                done = await Versions(tx, self.contents, bucket).place(current, new)
        result = {
            "Location": f"{self.platform.endpoint_url}/{bucket.name}/{req['Key']}",
            "Bucket": bucket.name,
            "Key": req["Key"],
            "ETag": done.quoted_etag,
        }
        if done.checksum is not None:
            result |= checksums.load(done.checksum).members()
        if (seal := load_extra(done).get("seal")) and seal["kind"] != CUSTOMER:
            result |= Encryption(seal["kind"], seal["name"], b"").headers()
        if bucket.versioned:
            result["VersionId"] = done.version
        return result

    async def _place_parts(self, tx: Transaction, content: str, stored: Sequence[Part], kept: Sequence[Part]) -> None:
        """Give the parts their places in the object, and let go of those that were not listed."""
        await tx.execute_many(_PLACE_PART, [(part.start, content, part.number) for part in kept])
        numbers = {part.number for part in kept}
        dropped = [part for part in stored if part.number not in numbers]
        await tx.execute_many(_DROP_PART, [(content, part.number) for part in dropped])
        tx.on_commit(functools.partial(self.contents.discard, [part.blob for part in dropped]))

    async def abort_multipart_upload(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Drop an upload and its parts."""
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            upload = await find_upload(tx, bucket, encode_key(req["Key"]), req["UploadId"])
            initiated = req.get("IfMatchInitiatedTime")
            if initiated is not None and int(initiated) != int(upload.initiated):
                raise errors.precondition_failed("x-amz-if-match-initiated-time")
            await Versions(tx, self.contents, bucket).retire(upload.id)
            await tx.execute(_DELETE, bucket.id, upload.key, upload.id)
        return {}


async def _find_completed(tx: Transaction, bucket: Bucket, key: bytes, upload_id: str) -> Version | None:
    row = await tx.fetch_one(_COMPLETED, bucket.id, key, upload_id, bucket.id, key, upload_id)
    return None if row is None else Version._make(row)


def _object(upload: Upload, whole: Assembly, now: float) -> Version:
    return Version(
        key=upload.key,
        rank=0,
        version="",
        modified=now,
        size=whole.size,
        etag=whole.etag,
        storage_class=upload.storage_class,
        checksum=whole.checksum,
        headers=upload.headers,
        extra=upload.extra,
        inline=None,
        content=upload.id,
        data=None,
    )


def _checksum(req: dict[str, Any]) -> tuple[str, str]:
    """Return algorithm and type of the object's checksum; no algorithm where the client leaves it to S3.

    Raises:
        AwsError: InvalidRequest.
    """
    algorithm, kind = named_algorithm(req), req.get("ChecksumType")
    if not algorithm:
        if kind is not None:
            message = "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            raise errors.invalid_request(message)
        return "", FULL_OBJECT
    kind = kind or (FULL_OBJECT if algorithm == DEFAULT_ALGORITHM else COMPOSITE)
    if (kind == FULL_OBJECT and algorithm not in checksums.LINEAR) or (kind == COMPOSITE and algorithm == "CRC64NVME"):
        message = f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        raise errors.invalid_request(message)
    return algorithm, kind


def check_part_number(number: int) -> None:
    """Refuse a number that no part can have.

    Raises:
        AwsError: InvalidArgument.
    """
    if not 1 <= number <= _MOST_PARTS:
        message = f"Part number must be an integer between 1 and {_MOST_PARTS}, inclusive"
        raise errors.argument(message, "partNumber", number)
