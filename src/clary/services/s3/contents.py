"""The bytes of objects: taken in once, hashed and stored while they come; read from where they lie.

Decision: up to 64 KiB lie in the object's row, so that they cost no file and no flush of their own; more goes into a
blob. A stream is handled in batches: a thread hashes them while the blob store writes them and the next ones arrive, so
MD5, which is slower than the disk, does not hold up the event loop, and two streams use two cores. Memory is a few
batches a stream, however long it is.
"""

import errno
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from clary.services.s3 import errors
from clary.services.s3.ciphers import SealingWriter, sealed_span, unsealed
from clary.services.s3.digests import Digested, Digests
from clary.services.s3.encryption import Encryption
from clary.services.s3.integrity import MAX_UPLOAD, Expected
from clary.services.s3.models import Part
from clary.state.blobs import BlobStore, BlobWriter
from clary.wire.types import RequestBody

#: The most bytes that lie in an object's row.
INLINE_BYTES = 64 * 1024
#: What a disk that is full says, or one that lets no file grow so large.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Bytes that are hashed and written at once.
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes that came whole and right: in `data`, or in `blob`, which `writer` finished.

    `seal` is the wrapped key of a blob that is encrypted.
    """

    digested: Digested
    data: bytes | None = None
    writer: BlobWriter | None = None
    blob: str = ""
    seal: str | None = None

    async def abort(self) -> None:
        """Give the blob's space back."""
        if self.writer is not None:
            await self.writer.abort()


class Contents:
    """Takes bytes in and reads them, from the blob store."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._readers: Counter[str] = Counter()
        self._doomed: set[str] = set()

    async def receive(self, body: RequestBody, expected: Expected, encryption: Encryption | None = None) -> Received:
        """Take a body in: few bytes into `data`, more into a blob, encrypted. After an error nothing of it is left.

        Raises:
            AwsError: the bytes are not what the client said of them, they are too many, or the disk is full.
        """
        self._check_room(expected)
        if expected.length is not None and expected.length <= INLINE_BYTES:
            return _inline(await body.read(INLINE_BYTES), expected, body)
        batches = _batches(body)
        first = await anext(batches, b"")
        if len(first) <= INLINE_BYTES:  # every batch but the last is longer
            return _inline(first, expected, body)
        return await self._store(first, batches, Digests(expected, body), encryption)

    async def store(
        self, body: AsyncIterable[bytes], expected: Expected, encryption: Encryption | None = None
    ) -> Received:
        """Take a body into a blob, however few its bytes; else as `receive`."""
        self._check_room(expected)
        batches = _batches(body)
        return await self._store(await anext(batches, b""), batches, Digests(expected, body), encryption)

    def _check_room(self, expected: Expected) -> None:
        """Refuse what would not fit, before it is sent; few bytes, too, so that deleting makes room again."""
        if not self._blobs.has_room(expected.length or 0):
            raise errors.storage_full()

    async def _store(
        self, first: bytes, rest: AsyncIterator[bytes], digests: Digests, encryption: Encryption | None
    ) -> Received:
        writer, seal = self._blobs.create(), None
        if encryption is not None:
            key, seal = encryption.new_key()
            writer = SealingWriter(writer, key)
        try:
            await _write(writer, digests, first, rest)
            digested = digests.finish()
            return Received(digested, writer=writer, blob=await writer.finish(), seal=seal)
        except BaseException as error:
            await writer.abort()
            if isinstance(error, OSError) and error.errno in _FULL:
                raise errors.storage_full() from error
            raise

    async def read(
        self, parts: Sequence[Part], start: int, end: int, encryption: Encryption | None = None
    ) -> AsyncIterator[bytes]:
        """Begin to read the bytes `[start, end)` of an object; `parts` are those that hold them, in order.

        The first bytes have been read when this returns, so that what is gone or corrupt is an error and not a response
        that breaks off. Until the reader is done the blobs stay, whoever deletes the object.

        Raises:
            KeyError: another server has discarded a blob meanwhile.
            Corrupt: the bytes are not what was written.
        """
        if not parts:
            raise KeyError("the object has no parts any more")
        chunks = self._chunks(parts, start, end, encryption)
        return _prepend(await anext(chunks), chunks)

    def keep(self, blob_id: str) -> None:
        """The blob is committed."""
        self._blobs.keep(blob_id)

    def discard(self, blob_ids: Sequence[str]) -> None:
        """The blobs are gone from the database: remove them once nobody reads them."""
        read = {blob_id for blob_id in blob_ids if self._readers[blob_id]}
        self._doomed |= read
        self._blobs.discard([blob_id for blob_id in blob_ids if blob_id not in read])

    async def _chunks(
        self, parts: Sequence[Part], start: int, end: int, encryption: Encryption | None
    ) -> AsyncGenerator[bytes]:
        self._readers.update(part.blob for part in parts)
        try:
            for part in parts:
                first, last = max(0, start - part.start), min(part.size, end - part.start)
                async for chunk in self._part(part, first, last, encryption):
                    yield chunk
        finally:
            self._release(parts)

    def _part(self, part: Part, start: int, end: int, encryption: Encryption | None) -> AsyncIterator[bytes]:
        if encryption is None or part.seal is None:
            return self._blobs.read(part.blob, start, end)
        sealed = self._blobs.read(part.blob, *sealed_span(start, end))
        return unsealed(encryption.unwrap(part.seal), sealed, start, end)

    def _release(self, parts: Sequence[Part]) -> None:
        self._readers.subtract(part.blob for part in parts)
        free = {part.blob for part in parts if not self._readers[part.blob]}
        for blob_id in free:
            del self._readers[blob_id]
        if doomed := free & self._doomed:
            self._doomed -= doomed
            self._blobs.discard(list(doomed))


def _inline(data: bytes, expected: Expected, body: RequestBody) -> Received:
    digests = Digests(expected, body)
    digests.update(data)
    return Received(digests.finish(), data)


async def _write(writer: BlobWriter, digests: Digests, first: bytes, rest: AsyncIterator[bytes]) -> None:
    """Write and hash every batch, while the next ones arrive."""
    await digests.add(first)
    await writer.write(first)
    async for batch in rest:
        await digests.add(batch)
        if digests.size > MAX_UPLOAD:
            raise errors.entity_too_large(digests.size, MAX_UPLOAD)
        await writer.write(batch)
    await digests.settle()


async def _batches(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Join a body's chunks into batches of at least `BATCH_BYTES`; only the last one is shorter."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in body:
        chunks.append(chunk)
        size += len(chunk)
        if size >= BATCH_BYTES:
            yield b"".join(chunks)
            chunks.clear()
            size = 0
    if chunks:
        yield b"".join(chunks)


async def _prepend(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk
