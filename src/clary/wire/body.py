"""Request bodies: one that is still arriving, and one that is whole already."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable

from clary.wire.errors import AwsError


def too_large(limit: int) -> AwsError:
    """Return the error for a body that is longer than the operation takes."""
    return AwsError("RequestEntityTooLargeException", f"Request must be smaller than {limit} bytes", 413)


def incomplete() -> AwsError:
    """Return the error for a body that broke off, in S3's words."""
    message = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError("IncompleteBody", message)


def idle() -> AwsError:
    """Return the error for a body that stands still, in S3's words."""
    message = (
        "Your socket connection to the server was not read from or written to within the timeout period."
        " Idle connections will be closed."
    )
    return AwsError("RequestTimeout", message)


async def read_all(body: AsyncIterable[bytes], limit: int) -> bytes:
    """Join a body's chunks; raise `AwsError` (413) when they are more than `limit` bytes."""
    chunks = []
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


class WholeBody:
    """A body that is in memory: of a call made in-process, or of a test."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes, if there are any."""
        if self._data:
            yield self._data

    async def read(self, limit: int) -> bytes:
        """Return the bytes; raise `AwsError` (413) when they are more than `limit`."""
        if len(self._data) > limit:
            raise too_large(limit)
        return self._data


class ArrivingBody:
    """A body that a connection feeds while a handler reads it. What `read` has returned it returns again.

    `length` is what Content-Length promised, None for a chunked body. `demand` is called when the reader has caught up
    and waits: the connection then sends `100 Continue` and goes on reading from the socket. `buffered` bytes wait to be
    read; above a mark of its own the connection leaves the socket alone, so that memory stays flat whatever comes.
    """

    __slots__ = ("_chunks", "_demand", "_error", "_waiter", "_whole", "buffered", "complete", "length")

    def __init__(self, length: int | None, demand: Callable[[], None]) -> None:
        self.length = length
        self.buffered = 0
        self.complete = False
        self._chunks: deque[bytes] = deque()
        self._demand = demand
        self._error: AwsError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._whole: bytes | None = None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the connection."""
        self._chunks.append(chunk)
        self.buffered += len(chunk)
        self._wake()

    def finish(self) -> None:
        """Take note that the last byte has come."""
        self.complete = True
        self._wake()

    def fail(self, error: AwsError) -> None:
        """Make the reader raise `error` once it has read what came before it."""
        if not self.complete and self._error is None:
            self._error = error
            self._wake()

    def discard(self) -> None:
        """Drop what waits: nobody will read it."""
        self._chunks.clear()
        self.buffered = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in chunks as they arrive; raise `AwsError` when it breaks off."""
        while True:
            while self._chunks:
                chunk = self._chunks.popleft()
                self.buffered -= len(chunk)
                yield chunk
            if self.complete:
                return
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            self._demand()
            await self._waiter

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raise `AwsError` (413) when it is longer than `limit` bytes."""
        if self.length is not None and self.length > limit:
            raise too_large(limit)
        if self._whole is None and self.complete and len(self._chunks) < 2 and self.buffered <= limit:
            self._whole = self._chunks.popleft() if self._chunks else b""
            self.buffered = 0
        elif self._whole is None:
            self._whole = await read_all(self, limit)
        return self._whole

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
