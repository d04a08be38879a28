"""The files of one log. For threads: it blocks; of the methods that change something one runs at a time."""

import os
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from clary.state.blob_format import write_all
from clary.state.blobs import Corrupt
from clary.state.folders import flush_folder, make_folder
from clary.state.log import Entry
from clary.state.log_format import encode_batch, encode_header
from clary.state.log_segment import Segment, entries, find_time, load

#: A segment is closed once it holds so many bytes.
SEGMENT_BYTES = 16 * 2**20
#: Closed segments of which the marks are kept in memory.
_LOADED = 8


class LogFiles:
    """The segments of one log, in a folder that is made with the first entry."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        #: Held while segments are read, and by the methods that change something only to publish what they did.
        self._lock = threading.Lock()
        self._firsts = [int(path.stem) for path in sorted(folder.glob("*.log"))]
        self._loaded: dict[int, Segment] = {}
        self._last = self._load_last()
        #: The last segment, open for writing.
        self._file: int | None = None

    @property
    def head(self) -> int:
        """The number of the first entry."""
        firsts = self._firsts
        return firsts[0] if firsts else 0

    @property
    def tail(self) -> int:
        """The number that the next entry gets."""
        last = self._last
        return last.following if last else 0

    def append(self, batch: Sequence[tuple[float, bytes]]) -> int:
        """Write a batch, flush it and return the number of its first entry.

        Raises:
            OSError: ENOSPC and its like; nothing was appended.
        """
        first = self.tail
        if self._last is None or self._last.size >= SEGMENT_BYTES:
            self._begin_segment(first, batch)
        else:
            self._extend(self._last, batch)
        return first

    def read(self, start: int, limit: int, max_bytes: int | None) -> list[Entry]:
        """Return entries from number `start` on.

        Raises:
            Corrupt: the first of them is not what was written.
        """
        found: list[Entry] = []
        room = max_bytes
        with self._lock:
            try:
                for entry in self._entries(max(start, self.head)):
                    room = None if room is None else room - len(entry.data)
                    if len(found) == limit or (found and room is not None and room < 0):
                        break
                    found.append(entry)
            except Corrupt:
                if not found:
                    raise
        return found

    def seek_time(self, at: float) -> int:
        """Return the number of the first entry of that time or later, else the tail."""
        with self._lock:
            for first in self._firsts:
                number = find_time(self._segment(first).from_time(at), at)
                if number is not None:
                    return number
            return self.tail

    def trim(self, before: int) -> None:
        """Unlink the segments that hold only entries below that number."""
        if self._last is not None and before >= self.tail > self._last.first:
            self._begin_segment(self.tail, ())  # so that the last can go too, and its numbers are not given again
        with self._lock:
            gone = [first for first, following in pairwise(self._firsts) if following <= before]
            self._firsts = self._firsts[len(gone) :]
            for first in gone:
                self._loaded.pop(first, None)
                self._path(first).unlink()

    def remove(self, to: Path) -> None:
        """Move the folder away, durably; the log is empty then."""
        with self._lock:
            self.close()
            self._firsts, self._last = [], None
            self._loaded.clear()
            with suppress(FileNotFoundError):
                self._folder.rename(to)
                flush_folder(self._folder.parent)

    def close(self) -> None:
        """Close the file that is open for writing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _entries(self, start: int) -> Iterator[Entry]:
        """Yield entries through the segments."""
        while start < self.tail:
            first = self._firsts[bisect_right(self._firsts, start) - 1]
            stretch = self._segment(first).from_number(start)
            yield from entries(stretch, start)
            start = stretch.following

    def _segment(self, first: int) -> Segment:
        """Return a segment with its marks, which for a closed one means that it is read through at first."""
        if self._last is not None and first == self._last.first:
            return self._last
        segment = self._loaded.pop(first, None) or load(self._path(first), last=False)
        # Its own end may be damaged; where the next begins is certain.
        segment.following = self._firsts[bisect_right(self._firsts, first)]
        self._loaded[first] = segment
        if len(self._loaded) > _LOADED:
            del self._loaded[next(iter(self._loaded))]
        return segment

    def _load_last(self) -> Segment | None:
        """Load the last segment. One that a crash left without anything is removed; then it is the one before."""
        while self._firsts:
            segment = load(self._path(self._firsts[-1]), last=True)
            if segment.size:
                return segment
            self._path(self._firsts.pop()).unlink()
        return None

    def _extend(self, last: Segment, batch: Sequence[tuple[float, bytes]]) -> None:
        written, frames = encode_batch(batch, last.following, last.size)
        if self._file is None:
            self._file = os.open(last.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            if os.fstat(self._file).st_size != last.size:  # a batch that failed, and could not be cut off then
                os.truncate(self._file, last.size)
            write_all(self._file, written)
            os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):
                os.truncate(self._file, last.size)
            raise
        with self._lock:
            for frame in frames:
                last.add(frame)

    def _begin_segment(self, first: int, batch: Sequence[tuple[float, bytes]]) -> None:
        header = encode_header(self._name, first)
        written, frames = encode_batch(batch, first, len(header))
        self.close()
        make_folder(self._folder)
        segment = Segment(self._path(first), len(header))
        file = os.open(segment.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            write_all(file, [header, *written])
            os.fdatasync(file)
            flush_folder(self._folder)
        except OSError:
            os.close(file)
            segment.path.unlink()
            raise
        self._file = file
        for frame in frames:
            segment.add(frame)
        with self._lock:
            if self._last is not None:
                self._loaded[self._last.first] = self._last
            self._last = segment
            self._firsts = [*self._firsts, first]

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020}.log"
