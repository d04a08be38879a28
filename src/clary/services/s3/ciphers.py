"""Bytes encrypted at rest: AES-256-GCM under a key of their own.

Decision: they are cut into segments of 64 KiB, each with its tag, so that a range is read without what precedes it. A
nonce is the number of its segment: no key ever seals twice. At 10 GB/s this costs less than handing it to a thread.
"""

from collections.abc import AsyncIterator

from clary.services.s3 import aes
from clary.state.blobs import BlobWriter, Corrupt

SEGMENT = 64 * 1024
_TAG = 16
_SEALED = SEGMENT + _TAG


def seal(key: bytes, data: bytes, first: int = 0) -> bytes:
    """Return `data` sealed, its first segment being number `first`."""
    return b"".join(
        aes.encrypt(key, _nonce(first + number), data[start : start + SEGMENT])
        for number, start in enumerate(range(0, len(data), SEGMENT))
    )


def unseal(key: bytes, sealed: bytes, first: int = 0) -> bytes:
    """Return what `seal` made of `sealed`.

    Raises:
        Corrupt: it was altered, or sealed with another key.
    """
    try:
        return b"".join(
            aes.decrypt(key, _nonce(first + number), sealed[start : start + _SEALED])
            for number, start in enumerate(range(0, len(sealed), _SEALED))
        )
    except aes.Altered:
        raise Corrupt("encrypted bytes do not open with their key") from None


def sealed_span(start: int, end: int) -> tuple[int, int]:
    """Return where the segments lie that hold the bytes `[start, end)`; the last of all may end earlier."""
    return start // SEGMENT * _SEALED, -(-end // SEGMENT) * _SEALED


async def unsealed(key: bytes, chunks: AsyncIterator[bytes], start: int, end: int) -> AsyncIterator[bytes]:
    """Yield the bytes `[start, end)`; `chunks` are the sealed ones of `sealed_span`, cut anyhow.

    Raises:
        Corrupt: they were altered.
    """
    number = start // SEGMENT
    skip, left = start % SEGMENT, end - start
    kept = b""
    async for chunk in _whole_segments(chunks):
        kept = unseal(key, chunk, number)[skip:][:left]
        number += len(chunk) // _SEALED
        skip = 0
        left -= len(kept)
        if kept:
            yield kept
    if left:
        raise Corrupt("encrypted bytes end too early")


async def _whole_segments(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in chunks:
        joined = rest + chunk
        whole = len(joined) // _SEALED * _SEALED
        rest = joined[whole:]
        if whole:
            yield joined[:whole]
    if rest:
        yield rest


def _nonce(number: int) -> bytes:
    return number.to_bytes(12)


class SealingWriter(BlobWriter):
    """Seals what is written on its way to another writer."""

    def __init__(self, writer: BlobWriter, key: bytes) -> None:
        self._writer = writer
        self._key = key
        self._number = 0
        self._rest = b""

    async def write(self, chunk: bytes) -> None:
        """Seal what fills segments, and keep the rest."""
        joined = self._rest + chunk
        whole = len(joined) // SEGMENT * SEGMENT
        self._rest = joined[whole:]
        if whole:
            await self._writer.write(seal(self._key, joined[:whole], self._number))
            self._number += whole // SEGMENT

    async def finish(self) -> str:
        """Seal the rest, and finish."""
        if self._rest:
            await self._writer.write(seal(self._key, self._rest, self._number))
        return await self._writer.finish()

    async def abort(self) -> None:
        """Remove what was written."""
        await self._writer.abort()
