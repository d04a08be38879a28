"""S3's `aws-chunked` bodies: chunks that carry their signatures, and trailers that carry checksums.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html. Bytes are passed
on as they come, whatever the size of the client's chunks, so memory stays flat; a signature is checked at its chunk's
end.

Differs from AWS: chunks of less than 8 KiB are taken anywhere, not only as the last one.
"""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from clary.wire.body import incomplete, read_all
from clary.wire.claim import Claim
from clary.wire.errors import AwsError
from clary.wire.payload import EMPTY_SHA256
from clary.wire.s3_dialect import S3
from clary.wire.types import RequestBody

#: What `x-amz-content-sha256` says of such a body.
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING = frozenset({UNSIGNED_TRAILER, SIGNED, SIGNED_TRAILER})

#: The line before a chunk: its size in hexadecimal digits, and its signature.
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
#: Longest line between chunks, and most lines of trailers.
LINE = 4096
TRAILERS = 32


@dataclass(slots=True)
class Signer:
    """Checks signatures that each sign the one before; the first `previous` is the request's own."""

    claim: Claim
    key: bytes
    scope: str
    previous: str

    def check_chunk(self, digest: str, signature: str) -> None:
        """Check the signature of the next chunk, which has this SHA-256; raise `AwsError` where it does not hold."""
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{digest}", signature)

    def check_trailers(self, digest: str, signature: str) -> None:
        """Check the signature of the trailers, likewise."""
        self._check("AWS4-HMAC-SHA256-TRAILER", digest, signature)

    def _check(self, algorithm: str, digests: str, signature: str) -> None:
        text = f"{algorithm}\n{self.claim.timestamp}\n{self.scope}\n{self.previous}\n{digests}"
        self.previous = hmac.digest(self.key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(self.previous.encode(), signature.encode()):
            raise S3.mismatch(self.claim._replace(signature=signature), "", text)


class ChunkedBody:
    """The body without its chunks: an iterator over `length` bytes.

    `expected` names the trailers that the request announced; they are in `trailers`, by lower-case name, once the
    iteration has ended. Bytes are yielded before the signature of their chunk is checked, so a reader must not keep
    anything until then. `signer` is None where chunks are not signed.
    """

    def __init__(self, body: RequestBody, length: int, expected: frozenset[str], signer: Signer | None) -> None:
        self._body = body
        self._length = length
        self._expected = expected
        self._signer = signer
        self.trailers: dict[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the decoded bytes as they come; raise `AwsError` where they are not what was signed or announced."""
        pieces = Pieces(self._body)
        left = self._length
        while True:
            size, signature = self._chunk(await pieces.line())
            left -= size
            if left < 0:
                raise incomplete()
            digest = hashlib.sha256()
            if size:
                async for piece in pieces.take(size):
                    if self._signer is not None:
                        digest.update(piece)
                    yield piece
                if await pieces.line():
                    raise malformed("A chunk is longer than its size")
            if self._signer is not None:
                self._signer.check_chunk(digest.hexdigest(), signature)
            if not size:
                break
        await self._read_trailers(pieces)
        if left:
            raise incomplete()

    async def read(self, limit: int) -> bytes:
        """Return the decoded bytes; raise `AwsError` as the iteration does, and when they are more than `limit`."""
        return await read_all(self, limit)

    def _chunk(self, line: bytes) -> tuple[int, str]:
        """Return the size and the signature of the chunk after `line`."""
        match = CHUNK.fullmatch(line)
        if match is None:
            raise malformed("A chunk does not begin with its size")
        return int(match[1], 16), (match[2] or b"").decode()

    async def _read_trailers(self, pieces: "Pieces") -> None:
        found: dict[str, str] = {}
        signature = ""
        while line := (await pieces.line()).decode("latin-1"):
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or name in found or len(found) == TRAILERS:
                raise malformed_trailer()
            if name == "x-amz-trailer-signature":
                signature = value.strip()
            else:
                found[name] = value.strip()
        if found.keys() != self._expected or not await pieces.ended():
            raise malformed_trailer()
        if found and self._signer is not None:
            text = "".join([f"{name}:{value}\n" for name, value in found.items()])
            self._signer.check_trailers(hashlib.sha256(text.encode("latin-1")).hexdigest(), signature)
        self.trailers.update(found)


class Pieces:
    """Cuts a body into lines and runs of bytes."""

    def __init__(self, body: RequestBody) -> None:
        self._source = aiter(body)
        self._data = b""
        self._at = 0

    async def line(self) -> bytes:
        """Return the bytes up to the next CRLF, without it."""
        while (end := self._data.find(b"\r\n", self._at)) < 0:
            if len(self._data) - self._at > LINE:
                raise malformed("A line between two chunks is too long")
            self._data = self._data[self._at :] + await self._next()
            self._at = 0
        line = self._data[self._at : end]
        self._at = end + 2
        return line

    async def take(self, size: int) -> AsyncIterator[bytes]:
        """Yield the next `size` bytes as they come."""
        while size:
            if self._at == len(self._data):
                self._data, self._at = await self._next(), 0
            piece = self._data[self._at : self._at + size]
            self._at += len(piece)
            size -= len(piece)
            yield piece

    async def ended(self) -> bool:
        """Whether nothing is left; reads on to the end of the body to see."""
        left = len(self._data) - self._at
        async for chunk in self._source:
            left += len(chunk)
        return left == 0

    async def _next(self) -> bytes:
        try:
            return await anext(self._source)
        except StopAsyncIteration:
            raise incomplete() from None


def malformed(text: str) -> AwsError:
    """Return the error for bytes that are not aws-chunked."""
    return AwsError("InvalidRequest", f"The aws-chunked body is malformed: {text}.", 400)


def malformed_trailer() -> AwsError:
    """Return the error for trailers other than those announced, in S3's words."""
    return AwsError(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        400,
    )
