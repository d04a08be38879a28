"""The digests of a stream of bytes: computed on the way, in a thread, and compared with what the client says."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable
from dataclasses import dataclass

from clary.services.s3 import integrity
from clary.services.s3.checksums import FULL_OBJECT, Checksum, encode, new_hasher
from clary.services.s3.integrity import Expected

#: Batches that may wait while one is hashed: then the thread always finds the next.
_AHEAD = 1


@dataclass(frozen=True, slots=True)
class Digested:
    """What a stream was, once it has come whole and right.

    `checksum` is the one that the client's request names, `kept` the one to store.
    """

    size: int
    md5: bytes
    checksum: Checksum
    kept: Checksum


class Digests:
    """MD5 and the checksums of one stream."""

    def __init__(self, expected: Expected, body: AsyncIterable[bytes]) -> None:
        self._expected = expected
        self._body = body
        self._hashers = {name: new_hasher(name) for name in {"MD5", expected.algorithm, expected.keep}}
        self._waiting: deque[bytes] = deque()
        self._work: asyncio.Future[None] | None = None
        self.size = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes at once."""
        self.size += len(data)
        self._hash(data)

    async def add(self, batch: bytes) -> None:
        """Take the next bytes, in a thread; wait while that is behind."""
        self.size += len(batch)
        self._waiting.append(batch)
        if self._work is not None and len(self._waiting) > _AHEAD:
            await self._work
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().run_in_executor(None, self._work_off)

    async def settle(self) -> None:
        """Wait until everything is hashed."""
        if self._work is not None:
            await self._work
        self._work_off()  # what came when the thread had just ended

    def finish(self) -> Digested:
        """Return what came, when it is what the client said.

        Raises:
            AwsError: it is not.
        """
        expected = self._expected
        digests = {name: hasher.digest() for name, hasher in self._hashers.items()}
        integrity.verify(expected, self.size, digests, getattr(self._body, "trailers", {}))
        checksum = kept = Checksum(expected.algorithm, FULL_OBJECT, encode(digests[expected.algorithm]))
        if expected.keep != expected.algorithm:
            kept = Checksum(expected.keep, FULL_OBJECT, encode(digests[expected.keep]))
        return Digested(self.size, digests["MD5"], checksum, kept)

    def _work_off(self) -> None:
        """Hash what waits, and what comes meanwhile."""
        while self._waiting:
            self._hash(self._waiting[0])
            self._waiting.popleft()

    def _hash(self, data: bytes) -> None:
        for hasher in self._hashers.values():
            hasher.update(data)
