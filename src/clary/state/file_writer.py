"""A blob on its way into a file."""

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

from clary.state.blob_format import BLOCK, Checksums, stride, write_all
from clary.state.blobs import BlobWriter
from clary.state.folders import flush_folder

#: Bytes after which a long blob is flushed on the way, so that the disk works meanwhile and the end waits for little.
_FLUSH_EVERY = 32 * 2**20


class _Incoming:
    """The file of a blob while it is written. Its methods block, and exclude one another."""

    def __init__(self, folder: Path, blob_id: str, flushers: Executor) -> None:
        self._folder = folder
        self._path = folder / blob_id
        self._id = blob_id
        self._checksums = Checksums()
        self._file: int | None = None
        #: A flush goes on beside further writes; `_unflushed` bytes were written since it began.
        self._flushers = flushers
        self._flushing: Future[None] | None = None
        self._unflushed = 0
        self._aborted = False
        self._turn = threading.Lock()

    def write(self, chunks: Sequence[bytes]) -> None:
        """Append chunks."""
        with self._turn:
            file = self._opened()
            write_all(file, chunks)
            for chunk in chunks:
                self._checksums.add(chunk)
                self._unflushed += len(chunk)
            if self._unflushed >= _FLUSH_EVERY:
                self._wait_for_flush()
                self._flushing = self._flushers.submit(os.fdatasync, file)
                self._unflushed = 0

    def finish(self, chunks: Sequence[bytes]) -> None:
        """Append the last chunks and the footer; return when all of it and the directory entry are on disk."""
        with self._turn:
            file = self._opened()
            for chunk in chunks:
                self._checksums.add(chunk)
            write_all(file, [*chunks, self._checksums.footer(self._id)])
            self._wait_for_flush()
            os.fdatasync(file)
            self._close()
            flush_folder(self._folder)

    def abort(self, _: Sequence[bytes]) -> None:
        """Close and remove the file."""
        with self._turn:
            self._aborted = True
            self._close()
            self._path.unlink(missing_ok=True)

    def _opened(self) -> int:
        if self._aborted:
            raise RuntimeError(f"blob {self._id} was aborted")
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        return self._file

    def _wait_for_flush(self) -> None:
        """Wait for the flush on the way, and hear of its error."""
        if self._flushing is not None:
            self._flushing.result()
            self._flushing = None

    def _close(self) -> None:
        if self._file is not None:
            if self._flushing is not None:
                self._flushing.exception()
            os.close(self._file)
            self._file = None


class FileWriter(BlobWriter):
    """Gathers some blocks, hands them to a thread, and gathers the next while that one writes.

    `provisional` are the ids that the store's writers have begun, and it has not kept.
    """

    def __init__(
        self, blob_id: str, folder: Path, threads: Executor, flushers: Executor, provisional: set[str]
    ) -> None:
        self._id = blob_id
        self._incoming = _Incoming(folder, blob_id, flushers)
        self._threads = threads
        self._provisional = provisional
        provisional.add(blob_id)
        self._chunks: list[bytes] = []
        self._gathered = 0
        self._writing: asyncio.Future[None] | None = None

    async def write(self, chunk: bytes) -> None:
        """Append bytes; an error of the disk comes with a later call."""
        self._chunks.append(chunk)
        self._gathered += len(chunk)
        if self._gathered > stride(len(self._provisional)) * BLOCK:
            await self._written()
            chunks, self._chunks, self._gathered = self._chunks, [], 0
            self._writing = self._in_thread(self._incoming.write, chunks)

    async def finish(self) -> str:
        """Flush all of it and return the id."""
        await self._written()
        chunks, self._chunks = self._chunks, []
        await asyncio.shield(self._in_thread(self._incoming.finish, chunks))
        return self._id

    async def abort(self) -> None:
        """Remove the file."""
        self._chunks.clear()
        if self._writing is not None:
            self._writing.add_done_callback(_forget_outcome)
        self._provisional.discard(self._id)
        await asyncio.shield(self._in_thread(self._incoming.abort, ()))  # it takes its turn after what writes still

    async def _written(self) -> None:
        """Wait for the block before. Shielded: a cancelled task must not take a thread for idle that is not."""
        if self._writing is not None:
            await asyncio.shield(self._writing)
            self._writing = None

    def _in_thread(self, work: Callable[[Sequence[bytes]], None], chunks: Sequence[bytes]) -> asyncio.Future[None]:
        return asyncio.get_running_loop().run_in_executor(self._threads, work, chunks)


def _forget_outcome(done: asyncio.Future[None]) -> None:
    """Take note of an error that the one who aborts knows already, or does not care for."""
    if not done.cancelled():
        done.exception()
