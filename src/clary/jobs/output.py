"""The output of a program: a pipe read as lines.

Each line is stamped when it arrives. A consumer that lags lets the pipe fill, and the program waits: nothing is lost.
"""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import suppress

from clary.jobs.program import Line
from clary.state.clock import Clock

#: CloudWatch Logs takes no longer event.
LINE_BYTES = 256 * 1024
#: What one read takes; also the size asked for the pipe.
CHUNK_BYTES = 256 * 1024
#: Characters that may wait for the consumer before the pipe is left to fill.
WAITING_CHARACTERS = 4 * 1024 * 1024


class Output:
    """The reading end of the pipe that a program writes to; owns the descriptor."""

    def __init__(self, fd: int, clock: Clock) -> None:
        self._fd = fd
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._partial = b""
        self._lines: list[Line] = []
        self._waiting = 0
        self._reading = False
        self._ended = False
        self._abandoned = False
        self._news = asyncio.Event()
        os.set_blocking(fd, False)
        with suppress(OSError):  # more than this user may have; the usual 64 KiB do
            fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, CHUNK_BYTES)
        self._resume()

    async def batches(self) -> AsyncIterator[list[Line]]:
        """Yield all lines that have come since the last batch, one at least, until every writer has closed the pipe."""
        try:
            while True:
                await self._news.wait()
                if self._lines:
                    lines, self._lines, self._waiting = self._lines, [], 0
                    if not self._ended:
                        self._news.clear()
                        self._resume()
                    yield lines
                elif self._ended:
                    return
        finally:
            self._abandon()

    def close(self) -> None:
        """Stop reading; what has come can still be taken."""
        if not self._ended:
            self._ended = True
            self._pause()
            os.close(self._fd)
            if self._partial:
                self._take(self._partial + b"\n")
            self._news.set()

    def _abandon(self) -> None:
        """Nobody listens any more: the program may write on, into nothing."""
        self._abandoned = True
        self._lines = []
        if not self._ended:
            self._resume()

    def _resume(self) -> None:
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._fd, self._read)

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def _read(self) -> None:
        try:
            chunk = os.read(self._fd, CHUNK_BYTES)
        except BlockingIOError:
            return
        if not chunk:
            self.close()
            return
        end = chunk.rfind(b"\n") + 1
        if end:
            self._take(self._partial + chunk[:end])
            self._partial = chunk[end:]
        else:
            self._partial += chunk
        while len(self._partial) > LINE_BYTES:
            cut = _cut(self._partial)
            self._take(self._partial[:cut] + b"\n")
            self._partial = self._partial[cut:]
        if self._waiting > WAITING_CHARACTERS:
            self._pause()

    def _take(self, data: bytes) -> None:
        """Add lines; `data` ends with a line end."""
        if self._abandoned:
            return
        at = self._clock.now()
        if len(data) > LINE_BYTES:
            data = b"".join(_split(line) for line in data.splitlines(keepends=True))
        texts = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        texts.pop()
        self._lines += [Line(at, text) for text in texts]
        self._waiting += len(data)
        self._news.set()


def _split(line: bytes) -> bytes:
    """Put line ends into a line that is too long."""
    parts = []
    while len(line) > LINE_BYTES + 1:
        cut = _cut(line)
        parts.append(line[:cut] + b"\n")
        line = line[cut:]
    return b"".join([*parts, line])


def _cut(line: bytes) -> int:
    """Return where to split a long line: at most LINE_BYTES, and not within a character."""
    cut = LINE_BYTES
    while cut > LINE_BYTES - 4 and line[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut
