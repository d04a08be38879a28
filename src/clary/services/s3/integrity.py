"""What a client says of the bytes that it sends, and whether they came as it said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.services.s3 import checksums, errors
from clary.wire.errors import AwsError
from clary.wire.types import HttpRequest

#: The most bytes that one PUT carries: an object's, or a part's.
MAX_UPLOAD = 5 * 2**30

_MEMBERS = {f"Checksum{algorithm}": algorithm for algorithm in checksums.SIZES}
_TRAILER = "x-amz-checksum-"


@dataclass(frozen=True, slots=True)
class Expected:
    """`length` in bytes, `md5` and `digest` as raw digests, None where the client does not say.

    `algorithm` is the one of `digest`, or of the header called `trailer` that follows the body in its place; `keep` the
    one of the checksum to store.
    """

    length: int | None
    md5: bytes | None
    algorithm: str
    digest: bytes | None
    trailer: str | None
    keep: str


def read_expected(req: Mapping[str, Any], http: HttpRequest | None, keep: str | None = None) -> Expected:
    """Collect what the headers say. `keep` is the algorithm of the checksum to store, None for the client's choice.

    Raises:
        AwsError: InvalidDigest, InvalidRequest, EntityTooLarge, MissingContentLength.
    """
    headers: Mapping[str, str] = http.headers if http is not None else {}
    length = _length(req, headers)
    if length is not None and length > MAX_UPLOAD:
        raise errors.entity_too_large(length, MAX_UPLOAD)
    given = [(_MEMBERS[member], req[member]) for member in _MEMBERS.keys() & req.keys()]
    if len(given) > 1:
        message = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        raise errors.invalid_request(message)
    trailer = headers.get("x-amz-trailer", "").strip().lower() or None
    named = named_algorithm(req)
    if given:
        algorithm, value = given[0]
        digest = _digest(algorithm, value)
    elif trailer:
        algorithm, digest = _trailing(trailer), None
    elif named and http is not None:
        message = (
            "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer "
            "headers were found."
        )
        raise errors.invalid_request(message)
    else:
        algorithm, digest = named or keep or checksums.DEFAULT_ALGORITHM, None
    if named and named != algorithm:
        raise errors.invalid_request("Value for x-amz-sdk-checksum-algorithm header is invalid.")
    return Expected(length, _md5(req.get("ContentMD5")), algorithm, digest, trailer, keep or algorithm)


def named_algorithm(req: Mapping[str, Any]) -> str | None:
    """Return the checksum's algorithm that a request names, however its letters are.

    Raises:
        AwsError: InvalidRequest.
    """
    name: str | None = req.get("ChecksumAlgorithm")
    if name is None:
        return None
    if name.upper() not in checksums.SIZES:
        message = "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        raise errors.invalid_request(f"{message}[{', '.join(checksums.SIZES)}]")
    return name.upper()


def verify(expected: Expected, size: int, digests: Mapping[str, bytes], trailers: Mapping[str, str]) -> None:
    """Compare what came with what was said; `digests` by algorithm, MD5 among them.

    Raises:
        AwsError: IncompleteBody, BadDigest, MalformedTrailerError.
    """
    if expected.length is not None and expected.length != size:
        raise errors.incomplete_body()
    if expected.md5 is not None and expected.md5 != (md5 := digests["MD5"]):
        raise errors.bad_md5(checksums.encode(expected.md5), checksums.encode(md5))
    said = expected.digest
    if expected.trailer is not None:
        value = trailers.get(expected.trailer)
        if value is None:
            raise _malformed_trailer()
        said = _digest(expected.algorithm, value)
    if said is not None and said != digests[expected.algorithm]:
        raise errors.bad_digest(expected.algorithm)


def _length(req: Mapping[str, Any], headers: Mapping[str, str]) -> int | None:
    """Return how long the body will be: of an aws-chunked one, what is left of it when it is decoded."""
    decoded = headers.get("x-amz-decoded-content-length")
    if decoded is not None:
        if not decoded.isdecimal():
            raise errors.argument(
                "The decoded content length is not a number.", "x-amz-decoded-content-length", decoded
            )
        return int(decoded)
    if "aws-chunked" in headers.get("content-encoding", ""):
        return None
    length: int | None = req.get("ContentLength")
    if length is None and headers and "transfer-encoding" not in headers:
        raise errors.missing_length()
    return length


def _md5(value: str | None) -> bytes | None:
    if value is None:
        return None
    digest = checksums.decode("MD5", value)
    if digest is None:
        raise errors.invalid_digest(value)
    return digest


def _digest(algorithm: str, value: str) -> bytes:
    digest = checksums.decode(algorithm, value.strip())
    if digest is None:
        raise errors.invalid_request(f"Value for x-amz-checksum-{algorithm.lower()} header is invalid.")
    return digest


def _trailing(trailer: str) -> str:
    algorithm = trailer.removeprefix(_TRAILER).upper()
    if not trailer.startswith(_TRAILER) or algorithm not in checksums.SIZES:
        raise errors.invalid_request("The value specified in the x-amz-trailer header is not supported")
    return algorithm


def _malformed_trailer() -> AwsError:
    message = "The request contained trailing data that was not well-formed or did not conform to our published schema."
    return AwsError("MalformedTrailerError", message)
