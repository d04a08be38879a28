"""Blobs as files beside the database.

    FOLDER/incoming/ID   written or being written, its id perhaps not in the database
    FOLDER/ID[:2]/ID     kept: its id was committed

Decision: the place says which it is, so a crash needs no journal: `recover` looks at `incoming/` alone. The move is not
flushed; until it is, both places are looked at. Every access to the disk is made in a thread. A blob of up to one block
is written, flushed and entered by a single one.
"""

import asyncio
import logging
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from clary.state.blob_format import BLOCK, BlobFile, stride
from clary.state.blobs import BlobStore, BlobWriter, Corrupt
from clary.state.file_writer import FileWriter
from clary.state.folders import make_folder

#: Threads that write: the disk flushes in one go what several wait for.
_WRITERS = 8
_FLUSHERS = 4
_READERS = 4
#: Bytes of the disk that no blob is begun in: what a database needs to grow by while it deletes.
_RESERVE = 32 * 2**20
#: Ids that `live` is asked about at once.
_BATCH = 500

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")
_Live = Callable[[Sequence[str]], Awaitable[set[str]]]
_log = logging.getLogger(__name__)


class FileBlobStore(BlobStore):
    """Blobs below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        #: Ids this process began and has not kept: `recover` leaves them alone.
        self._provisional: set[str] = set()
        self._writers = ThreadPoolExecutor(_WRITERS, "blob-writer")
        #: Their own, for a writer may wait for one.
        self._flushers = ThreadPoolExecutor(_FLUSHERS, "blob-flusher")
        self._readers = ThreadPoolExecutor(_READERS, "blob-reader")
        #: One thread and one queue, so that what is kept and then discarded is so in that order.
        self._mover = ThreadPoolExecutor(1, "blob-mover")
        self._moves: deque[tuple[Callable[[str], None], str]] = deque()
        self._reading = 0

    async def open(self) -> None:
        """Create the folders."""
        make_folder(self._incoming)

    async def close(self) -> None:
        """Wait for moves and removals under way."""
        for threads in (self._writers, self._flushers, self._readers, self._mover):
            await asyncio.to_thread(threads.shutdown)

    def has_room(self, size: int) -> bool:
        """Ask the file system, which answers from memory."""
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize >= size + _RESERVE

    def create(self) -> BlobWriter:
        """Begin a blob."""
        blob_id = secrets.token_hex(16)
        return FileWriter(blob_id, self._incoming, self._writers, self._flushers, self._provisional)

    def keep(self, blob_id: str) -> None:
        """Move the file out of `incoming/`."""
        self._later(self._move, blob_id)

    def discard(self, blob_ids: Sequence[str]) -> None:
        """Unlink the files. Who has one open reads on."""
        for blob_id in blob_ids:
            self._later(self._remove, blob_id)

    async def size(self, blob_id: str) -> int:
        """Return the length in bytes."""
        blob = await self._in_reader(self._open, blob_id)
        return blob.length

    async def read(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes in pieces of up to 1 MiB, less while many are read; the next piece is read ahead."""
        blob, piece = await self._begin(blob_id, start)
        end = blob.length if end is None else min(end, blob.length)
        first, count, coming = start // BLOCK, 1, None
        self._reading += 1
        try:
            while start < end:
                if coming is not None:
                    piece = await coming
                following, stop = first + count, -(-end // BLOCK)
                ahead = max(0, min(stop - following, stride(self._reading)))
                coming = self._in_reader(blob.read_blocks, following, ahead) if ahead else None
                yield piece[start - first * BLOCK : end - first * BLOCK]
                start, first, count = following * BLOCK, following, ahead
        finally:
            self._reading -= 1
            if coming is not None:  # the reader left early: what was read ahead is nobody's
                coming.add_done_callback(lambda left: left.cancelled() or left.exception())

    async def recover(self, live: _Live) -> int:
        """Keep or remove what lies in `incoming/`."""
        found = await self._in_reader(os.listdir, self._incoming)
        removed = 0
        for batch in _batches([name for name in found if name not in self._provisional]):
            known = await live(batch)
            for blob_id in known.intersection(batch):
                self.keep(blob_id)
            self.discard(dead := [blob_id for blob_id in batch if blob_id not in known])
            removed += len(dead)
        await self._settled()
        return removed

    async def sweep(self, live: _Live) -> int:
        """Remove kept files that the database does not hold."""
        removed = 0
        for folder in await self._in_reader(self._kept_folders):
            for batch in _batches(await self._in_reader(os.listdir, folder)):
                known = await live(batch)
                self.discard(dead := [blob_id for blob_id in batch if blob_id not in known])
                removed += len(dead)
        await self._settled()
        return removed

    async def verify(self) -> AsyncIterator[tuple[str, str]]:
        """Read every file that lies there whole."""
        for folder in [self._incoming, *await self._in_reader(self._kept_folders)]:
            for blob_id in await self._in_reader(os.listdir, folder):
                if blob_id not in self._provisional and (wrong := await self._in_reader(self._check, blob_id)):
                    yield blob_id, wrong

    def _in_reader(self, work: Callable[[*_Args], _Result], *args: *_Args) -> asyncio.Future[_Result]:
        return asyncio.get_running_loop().run_in_executor(self._readers, work, *args)

    async def _settled(self) -> None:
        """Wait until the moves and removals asked for so far are done."""
        await asyncio.get_running_loop().run_in_executor(self._mover, lambda: None)

    def _kept(self, blob_id: str) -> Path:
        return self._folder / blob_id[:2] / blob_id

    def _kept_folders(self) -> list[Path]:
        return [path for path in self._folder.iterdir() if path != self._incoming]

    async def _begin(self, blob_id: str, start: int) -> tuple[BlobFile, bytes]:
        """Open a blob and read the block with the byte `start`.

        At once when it is small and in memory: like a read of the database this looks a name up on the event loop,
        for the hand-over to a thread costs ten times as much.
        """
        try:
            return self._open_at(blob_id, start, False)
        except BlockingIOError:
            return await self._in_reader(self._open_at, blob_id, start, True)

    def _open_at(self, blob_id: str, start: int, wait: bool) -> tuple[BlobFile, bytes]:
        blob = self._open(blob_id, wait)
        return blob, blob.read_blocks(start // BLOCK, 1, wait=wait) if start < blob.length else b""

    def _open(self, blob_id: str, wait: bool = True) -> BlobFile:
        """Open a blob wherever it is. Kept comes twice: it may move between the looks.

        Raises:
            KeyError: it is nowhere.
        """
        kept = self._kept(blob_id)
        for path in (kept, self._incoming / blob_id, kept):
            try:
                return BlobFile(path, blob_id, wait=wait)
            except FileNotFoundError:
                continue
        raise KeyError(blob_id)

    def _check(self, blob_id: str) -> str | None:
        """Return what is wrong with a blob. One that is gone meanwhile is not."""
        try:
            blob = self._open(blob_id)
            for index in range(blob.blocks):
                blob.read_blocks(index, 1)
        except (Corrupt, OSError) as error:
            return str(error)
        except KeyError:
            return None
        return None

    def _later(self, work: Callable[[str], None], blob_id: str) -> None:
        """Queue a move or removal. One hand-over to the thread serves all that gather until it takes them."""
        self._moves.append((work, blob_id))
        if len(self._moves) == 1:
            self._mover.submit(self._work_off)

    def _work_off(self) -> None:
        while self._moves:
            work, blob_id = self._moves[0]
            try:
                work(blob_id)
            except OSError:
                _log.exception("blob %s could not be moved or removed; the next start tries again", blob_id)
            self._moves.popleft()

    def _move(self, blob_id: str) -> None:
        kept = self._kept(blob_id)
        incoming = self._incoming / blob_id
        try:
            incoming.rename(kept)
        except FileNotFoundError:  # the first of its folder; or it was moved before
            kept.parent.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):
                incoming.rename(kept)
        self._provisional.discard(blob_id)

    def _remove(self, blob_id: str) -> None:
        self._provisional.discard(blob_id)
        for path in (self._kept(blob_id), self._incoming / blob_id):
            path.unlink(missing_ok=True)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]
