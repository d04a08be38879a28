"""What an object is once its parts are put together: pure logic of CompleteMultipartUpload."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.services.s3 import checksums, errors
from clary.services.s3.checksums import COMPOSITE, DEFAULT_ALGORITHM, FULL_OBJECT, Checksum
from clary.services.s3.models import Part, Upload

#: The least bytes of a part that is not the last.
MIN_PART = 5 * 2**20


@dataclass(frozen=True, slots=True)
class Assembly:
    """The object: `parts` in order, each at its place; `checksum` as it is stored."""

    parts: Sequence[Part]
    size: int
    etag: str
    checksum: str


def assemble(
    upload: Upload, stored: Sequence[Part], listed: Sequence[Mapping[str, Any]], req: Mapping[str, Any]
) -> Assembly:
    """Put the `listed` ones of the `stored` parts together; `req` says what the client expects of the whole.

    Raises:
        AwsError: MalformedXML, InvalidPartOrder, InvalidPart, EntityTooSmall, InvalidRequest, BadDigest.
    """
    if not listed:
        raise errors.malformed_xml()
    parts = _choose(upload, {part.number: part for part in stored}, listed)
    size = parts[-1].start + parts[-1].size
    expected = req.get("MpuObjectSize")
    if expected is not None and expected != size:
        message = (
            f"The provided 'x-amz-mp-object-size' header value {expected} does not match what was computed: {size}"
        )
        raise errors.invalid_request(message)
    joined = b"".join(bytes.fromhex(part.etag) for part in parts)
    etag = f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(parts)}"
    checksum = _combine(upload, parts)
    _check_whole(checksum, req)
    return Assembly(parts, size, etag, checksum.stored())


def _choose(upload: Upload, stored: Mapping[int, Part], listed: Sequence[Mapping[str, Any]]) -> list[Part]:
    parts: list[Part] = []
    start = before = 0
    for entry in listed:
        number, etag = entry.get("PartNumber", 0), entry.get("ETag", "").strip('"')
        if number <= before:
            raise errors.invalid_part_order(upload.id)
        if upload.checksum_type == COMPOSITE and f"Checksum{upload.algorithm}" not in entry:
            raise errors.missing_part_checksum(upload.algorithm, number)
        part = stored.get(number)
        if part is None or part.etag != etag or not _same_checksum(part, entry):
            raise errors.invalid_part(upload.id, number, etag)
        if parts and parts[-1].size < MIN_PART:
            raise errors.entity_too_small(parts[-1].size, MIN_PART, parts[-1].number, parts[-1].etag)
        parts.append(part._replace(start=start))
        start += part.size
        before = number
    return parts


def _same_checksum(part: Part, entry: Mapping[str, Any]) -> bool:
    """Say whether the checksum that the client lists, if it is of the kind that was kept, is the part's."""
    kept = checksums.load(part.checksum)
    given = entry.get(f"Checksum{kept.algorithm}", kept.value)
    return bool(given == kept.value)


def _combine(upload: Upload, parts: Sequence[Part]) -> Checksum:
    algorithm = upload.algorithm or DEFAULT_ALGORITHM
    digests = [checksums.load(part.checksum).digest() for part in parts]
    if upload.checksum_type == COMPOSITE:
        return Checksum(algorithm, COMPOSITE, checksums.composite(algorithm, digests))
    sizes = [part.size for part in parts]
    whole = checksums.combine(algorithm, list(zip(digests, sizes, strict=True)))
    return Checksum(algorithm, FULL_OBJECT, checksums.encode(whole))


def _check_whole(checksum: Checksum, req: Mapping[str, Any]) -> None:
    kind = req.get("ChecksumType")
    if kind is not None and kind != checksum.type:
        message = (
            f"The upload was created using the {checksum.type} checksum mode. "
            "The complete request must use the same checksum mode."
        )
        raise errors.invalid_request(message)
    said = req.get(f"Checksum{checksum.algorithm}")
    # Some clients give a composite value without the number of its parts.
    if said is not None and said not in {checksum.value, checksum.value.partition("-")[0]}:
        raise errors.bad_digest(checksum.algorithm)
