"""One segment of a log: a file, and marks in memory by which its entries are found. For threads: it blocks."""

import mmap
import os
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from clary.state.blobs import Corrupt
from clary.state.log import Entry
from clary.state.log_format import Frame, decode_header, entries_of, frames

#: There is a mark for so many bytes: what a search reads before it finds.
_MARK_BYTES = 16 * 1024


class Stretch(NamedTuple):
    """A part of a segment to be searched: the file from `offset` up to `size`, and the number behind its last entry."""

    path: Path
    offset: int
    size: int
    following: int


class Segment:
    """The entries `first` up to `following`, in the first `size` bytes of the file, which are on disk."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.first = self.following = int(path.stem)
        self.size = size
        self.latest = float("-inf")
        # Of each marked frame: where it begins, its first number, the latest time of all entries before it.
        self._offsets = array("Q")
        self._numbers = array("Q")
        self._latest_before = array("d")

    def add(self, frame: Frame) -> None:
        """Take note of a frame that is on disk."""
        if not self._offsets or frame.offset - self._offsets[-1] >= _MARK_BYTES:
            self._offsets.append(frame.offset)
            self._numbers.append(frame.first)
            self._latest_before.append(self.latest)
        self.latest = max(self.latest, frame.latest)
        self.following = frame.first + frame.total
        self.size = frame.end

    def from_number(self, number: int) -> Stretch:
        """Return where to look for entry `number` and those behind it."""
        return self._stretch(bisect_right(self._numbers, number))

    def from_time(self, at: float) -> Stretch:
        """Return where to look for the first entry of that time or later."""
        return self._stretch(bisect_left(self._latest_before, at))

    def _stretch(self, behind: int) -> Stretch:
        offset = self._offsets[max(0, behind - 1)] if self._offsets else self.size
        return Stretch(self.path, offset, self.size, self.following)


def load(path: Path, *, last: bool) -> Segment:
    """Read a segment through; if it is the `last`, cut off what a crash tore, which may leave nothing (size 0).

    Raises:
        FileNotFoundError: it is gone.
    """
    length = path.stat().st_size
    segment = Segment(path, 0)
    if length:
        _read_through(segment, _map(path, length), last)
    if last and segment.size < length:
        os.truncate(path, segment.size)
    return segment


def _read_through(segment: Segment, data: mmap.mmap, last: bool) -> None:
    with suppress(Corrupt):  # the header is told by the file's name as well
        _, segment.size = decode_header(data)
    for frame in frames(data, segment.size):
        missing = frame.first != segment.following
        if missing and last and frame.batch <= segment.following:
            break  # what is missing belongs to this batch or a later one: it was torn, not damaged
        segment.add(frame)


def entries(stretch: Stretch, start: int) -> Iterator[Entry]:
    """Yield the entries from number `start` on.

    Raises:
        Corrupt: the next entry is not what was written.
        FileNotFoundError: the segment is gone.
    """
    data = _map(stretch.path, stretch.size)
    for frame in frames(data, stretch.offset):
        if frame.first > start:
            break
        for entry in entries_of(data, frame):
            if entry.sequence == start:
                yield entry
                start += 1
    if start < stretch.following:
        raise Corrupt(f"{stretch.path.name}: entry {start} is not what was written")


def find_time(stretch: Stretch, at: float) -> int | None:
    """Return the number of the first entry of that time or later, if there is one.

    Raises:
        FileNotFoundError: the segment is gone.
    """
    data = _map(stretch.path, stretch.size)
    for frame in frames(data, stretch.offset):
        if frame.latest >= at:
            return next(entry.sequence for entry in entries_of(data, frame) if entry.at >= at)
    return None


def _map(path: Path, size: int) -> mmap.mmap:
    """Map the first `size` bytes of a file, for as long as somebody refers to the map.

    Raises:
        Corrupt: it is shorter.
    """
    with path.open("rb") as file:
        try:
            return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise Corrupt(f"{path.name}: {error}") from error
