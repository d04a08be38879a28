"""How a blob lies in its file: its bytes, the CRC-32 of each block of them, and a trailer.

    bytes | crc of block 0, crc of block 1, ... | trailer: magic, id, length, crc of the trailer

The bytes come first and as they are, so a range of them is read by its offset, and only the blocks it touches are
checked. Decision: CRC-32 runs at 5 GB/s here and finds every flipped bit and every torn write; the trailer, written
last, tells a whole blob from a beginning of one. Everything here blocks: it is for threads.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

from clary.state.blobs import Corrupt

#: Bytes that share a checksum: what a read of one byte has to check.
BLOCK = 256 * 1024
#: Bytes that may be read and checked on the event loop: some 15 microseconds.
_AT_ONCE = 64 * 1024
_MAGIC = b"clary\x00b1"
_TRAILER = struct.Struct("<8s16sQI")


def stride(streams: int) -> int:
    """Return how many blocks a stream reads or writes in one go: 1 MiB, less when there are many, for memory's sake."""
    return min(4, max(1, 32 // max(1, streams)))


class Checksums:
    """The checksums of a stream of bytes, block by block, however it is cut into chunks."""

    def __init__(self) -> None:
        self.length = 0
        self._full = array("I")
        self._current = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        rest = memoryview(chunk)
        while rest:
            part = rest[: BLOCK - self.length % BLOCK]
            self._current = zlib.crc32(part, self._current)
            self.length += len(part)
            rest = rest[len(part) :]
            if self.length % BLOCK == 0:
                self._full.append(self._current)
                self._current = 0

    def footer(self, blob_id: str) -> bytes:
        """Return what follows the bytes in the file."""
        blocks = self._full + array("I", [self._current] if self.length % BLOCK else [])
        head = _TRAILER.pack(_MAGIC, bytes.fromhex(blob_id), self.length, 0)[:-4]
        return struct.pack(f"<{len(blocks)}I", *blocks) + head + struct.pack("<I", zlib.crc32(head))


class BlobFile:
    """A finished blob, open for reading. The file is closed once nobody refers to it, the threads that read included.

    With `wait=False` only what the system holds in memory is read, which takes no longer than a look into a cache.

    Raises:
        FileNotFoundError: there is no such file.
        Corrupt: it does not end with the trailer of this blob.
        BlockingIOError: with `wait=False`, the disk would have to be waited for.
    """

    def __init__(self, path: Path, blob_id: str, *, wait: bool = True) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._id = blob_id
        whole = os.fstat(self._file).st_size
        trailer = self._read(_TRAILER.size, max(0, whole - _TRAILER.size), wait)
        if len(trailer) < _TRAILER.size or zlib.crc32(trailer[:-4]) != int.from_bytes(trailer[-4:], "little"):
            raise Corrupt(f"blob {blob_id}: it has no valid end")
        self.length: int
        magic, owner, self.length, _ = _TRAILER.unpack(trailer)
        if magic != _MAGIC or owner.hex() != blob_id or whole != self.length + 4 * self.blocks + _TRAILER.size:
            raise Corrupt(f"blob {blob_id}: its end is that of another file")

    @property
    def blocks(self) -> int:
        """How many blocks it has."""
        return -(-self.length // BLOCK)

    def read_blocks(self, first: int, count: int, *, wait: bool = True) -> bytes:
        """Return the bytes of `count` blocks.

        Raises:
            Corrupt: they are not what was written.
            BlockingIOError: with `wait=False`, they are not in memory, or more than should be checked meanwhile.
        """
        start = first * BLOCK
        size = min(count * BLOCK, self.length - start)
        if not wait and size > _AT_ONCE:
            raise BlockingIOError
        found = self._read(size, start, wait)
        checksums = self._read(4 * count, self.length + 4 * first, wait)
        if len(found) != size or len(checksums) != 4 * count:
            raise Corrupt(f"blob {self._id}: it ends early")
        blocks = memoryview(found)
        for index, expected in enumerate(struct.unpack(f"<{count}I", checksums)):
            at = index * BLOCK
            if zlib.crc32(blocks[at : at + BLOCK]) != expected:
                raise Corrupt(f"blob {self._id}: the block at byte {start + at} is not what was written")
        return found

    def _read(self, size: int, start: int, wait: bool) -> bytes:
        if wait:
            return os.pread(self._file, size, start)
        found = bytearray(size)
        try:
            length = os.preadv(self._file, [found], start, os.RWF_NOWAIT)
        except OSError as error:
            raise BlockingIOError from error  # not in memory, or a file system that cannot tell
        if length < size:
            raise BlockingIOError
        return bytes(found)

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)


def write_all(file: int, chunks: Sequence[bytes]) -> None:
    """Write chunks one after another, as few system calls as it takes.

    Raises:
        OSError: ENOSPC and its like.
    """
    for batch in _batches(chunks):
        written = os.writev(file, batch)
        if written < sum(map(len, batch)):  # the disk is nearly full; go on until it says so
            rest = memoryview(b"".join(batch))[written:]
            while rest:
                rest = rest[os.write(file, rest) :]


def _batches(chunks: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    limit = 512  # below IOV_MAX everywhere
    for start in range(0, len(chunks), limit):
        yield chunks[start : start + limit]
