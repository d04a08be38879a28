"""Append-only logs as files.

    FOLDER/HASH[:2]/HASH/    a log, by the hash of its name (a name may hold anything, and be long)
    FOLDER/trash/            logs that were deleted, until they are gone

Decision: a file for each log, and no descriptor, task or memory for one that is idle. What is appended to a log while
its disk flushes shares the next flush, as in the database.
"""

import asyncio
import hashlib
import secrets
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from clary.state.blobs import Corrupt
from clary.state.folders import make_folder
from clary.state.log import Entry, Log
from clary.state.log_files import LogFiles
from clary.state.log_format import decode_header

#: Logs that stay open when nobody uses them.
_OPEN_LOGS = 64
_WRITERS, _READERS = 8, 2
#: Names that `live` is asked about at once.
_BATCH = 500
#: What is read of a segment for the sake of the name in its header.
_NAME_BYTES = 64 * 1024

_Args = TypeVarTuple("_Args")
_Result = TypeVar("_Result")


class _OpenLog:
    """A log in use: its files, and the calls that wait for the next flush."""

    def __init__(self, files: asyncio.Future[LogFiles]) -> None:
        self.files = files
        self.waiting: list[tuple[Sequence[tuple[float, bytes]], asyncio.Future[int]]] = []
        self.flushing: asyncio.Task[None] | None = None
        #: Held while the files are changed.
        self.changing = asyncio.Lock()
        #: Calls under way, besides the flush.
        self.uses = 0

    @property
    def idle(self) -> bool:
        """Whether it can be closed."""
        return self.files.done() and self.flushing is None and not self.uses


class FileLog(Log):
    """Logs below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trash = folder / "trash"
        self._logs: OrderedDict[str, _OpenLog] = OrderedDict()
        self._writers = ThreadPoolExecutor(_WRITERS, "log-writer")
        self._readers = ThreadPoolExecutor(_READERS, "log-reader")

    async def open(self) -> None:
        """Create the folders, and empty the trash in the background."""
        make_folder(self._trash)
        self._readers.submit(_empty, self._trash)

    async def close(self) -> None:
        """Wait for the flushes under way."""
        for log in list(self._logs.values()):
            if log.flushing is not None:
                await asyncio.wait([log.flushing])
            (await log.files).close()
        self._logs.clear()
        await asyncio.to_thread(self._writers.shutdown)
        await asyncio.to_thread(self._readers.shutdown)

    async def append(self, name: str, entries: Sequence[tuple[float, bytes]]) -> int:
        """Append entries and return the number of the first."""
        log = await self._opened(name)
        if not entries:
            return log.files.result().tail
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        log.waiting.append((entries, done))
        if log.flushing is None:
            log.flushing = asyncio.get_running_loop().create_task(self._flush(log))
        return await done

    async def read(self, name: str, start: int, limit: int, max_bytes: int | None = None) -> list[Entry]:
        """Return up to `limit` entries from number `start` on."""
        log = await self._opened(name)
        files = log.files.result()
        if start >= files.tail or limit <= 0:
            return []
        return await self._look(log, files.read, start, limit, max_bytes)

    async def head(self, name: str) -> int:
        """Return the number of the first entry that is kept."""
        return (await self._opened(name)).files.result().head

    async def tail(self, name: str) -> int:
        """Return the number that the next entry will get."""
        return (await self._opened(name)).files.result().tail

    async def seek_time(self, name: str, at: float) -> int:
        """Return the number of the first entry whose time is `at` or later, else `tail`."""
        log = await self._opened(name)
        return await self._look(log, log.files.result().seek_time, at)

    async def trim(self, name: str, before: int) -> None:
        """Unlink the segments below."""
        log = await self._opened(name)
        await self._change(log, log.files.result().trim, before)

    async def delete(self, name: str) -> None:
        """Move the log into the trash, and empty that in the background."""
        log = await self._opened(name)
        await self._change(log, log.files.result().remove, self._trash / secrets.token_hex(16))
        self._readers.submit(_empty, self._trash)

    async def sweep(self, live: Callable[[Sequence[str]], Awaitable[set[str]]]) -> int:
        """Delete the logs whose names `live` does not know."""
        names = list(await self._in(self._readers, lambda: list(self._names())))
        dead: list[str] = []
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            known = await live(batch)
            dead += (name for name in batch if name not in known)
        for name in dead:
            await self.delete(name)
        return len(dead)

    async def _opened(self, name: str) -> _OpenLog:
        """Return the log in use. It stays so until the caller waits for something else; then `uses` keeps it."""
        log = self._logs.get(name)
        if log is None:
            digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
            log = _OpenLog(self._in(self._readers, LogFiles, self._folder / digest[:2] / digest, name))
            self._logs[name] = log
            self._close_idle()
        self._logs.move_to_end(name)
        if not log.files.done():
            log.uses += 1
            try:
                await asyncio.wait([log.files])
            finally:
                log.uses -= 1
        if log.files.exception() is not None and self._logs.get(name) is log:
            del self._logs[name]  # the next call tries again
        log.files.result()
        return log

    def _close_idle(self) -> None:
        """Close those of the logs beyond the limit that nobody uses, the longest unused first."""
        surplus = len(self._logs) - _OPEN_LOGS
        if surplus > 0:
            for name in [name for name, log in self._logs.items() if log.idle][:surplus]:
                self._logs.pop(name).files.result().close()

    async def _look(self, log: _OpenLog, work: Callable[[*_Args], _Result], *args: *_Args) -> _Result:
        log.uses += 1
        try:
            return await self._in(self._readers, work, *args)
        finally:
            log.uses -= 1

    async def _change(self, log: _OpenLog, work: Callable[[*_Args], None], *args: *_Args) -> None:
        """Run what changes the files by itself, and to its end even when the caller's task is cancelled."""

        async def run() -> None:
            try:
                async with log.changing:
                    await self._in(self._writers, work, *args)
            finally:
                log.uses -= 1

        log.uses += 1
        await asyncio.shield(asyncio.get_running_loop().create_task(run()))

    async def _flush(self, log: _OpenLog) -> None:
        """Write and flush what waits, until nothing does."""
        while log.waiting:
            async with log.changing:
                waiting, log.waiting = log.waiting, []
                batch = [entry for entries, _ in waiting for entry in entries]
                try:
                    number = await self._in(self._writers, log.files.result().append, batch)
                except Exception as error:
                    for _, done in waiting:
                        if not done.done():
                            done.set_exception(type(error)(*error.args))
                    continue
            for entries, done in waiting:
                if not done.done():
                    done.set_result(number)
                number += len(entries)
        log.flushing = None
        self._close_idle()

    def _names(self) -> Iterator[str]:
        """Yield the names of all logs, for a thread."""
        for folder in self._folder.glob("??/*"):
            for path in sorted(folder.glob("*.log"))[:1]:
                with suppress(Corrupt, FileNotFoundError), path.open("rb") as file:
                    yield decode_header(file.read(_NAME_BYTES))[0]

    def _in(
        self, threads: ThreadPoolExecutor, work: Callable[[*_Args], _Result], *args: *_Args
    ) -> asyncio.Future[_Result]:
        return asyncio.get_running_loop().run_in_executor(threads, work, *args)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path, ignore_errors=True)
