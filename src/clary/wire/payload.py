"""A body whose hash the client signed ahead: checked as it is read."""

import hashlib
from collections.abc import AsyncIterator

from clary.wire.errors import AwsError
from clary.wire.types import RequestBody

UNSIGNED = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class HashedBody:
    """Passes a body through and compares its SHA-256 with `declared` (64 hex digits) at its end.

    The last chunk is yielded before the check, so a reader must not keep anything until the iteration has ended.
    """

    def __init__(self, body: RequestBody, declared: str) -> None:
        self._body = body
        self._declared = declared

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the chunks; raise `AwsError` at the end when they are not what was signed."""
        digest = hashlib.sha256()
        async for chunk in self._body:
            digest.update(chunk)
            yield chunk
        self._check(digest.hexdigest())

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raise `AwsError` when it is too long, or is not what was signed."""
        data = await self._body.read(limit)
        self._check(hashlib.sha256(data).hexdigest())
        return data

    def _check(self, computed: str) -> None:
        if computed != self._declared:
            raise AwsError(
                "XAmzContentSHA256Mismatch",
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                400,
                ClientComputedContentSHA256=self._declared,
                S3ComputedContentSHA256=computed,
            )
