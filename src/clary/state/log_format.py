"""How a log lies in files: segments of frames.

    FOLDER/NUMBER.log    NUMBER: the first entry's, twenty digits
    segment: header | frame | frame | ...
    header:  magic, crc, first number, length of the name | name of the log
    frame:   magic, crc, length, first number, batch, latest time, total | (time, length, bytes) of each entry

Entries that are flushed together are a batch, cut into frames of 64 KiB. A batch is written once the one before is on
disk, so a crash can tear the last batch only: a bad frame with a later batch behind it was damaged afterwards, and is
kept for what it is; any other is cut off.
"""

import mmap
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from clary.state.blobs import Corrupt
from clary.state.log import Entry

_HEADER = struct.Struct("<8sIQI")
_FRAME = struct.Struct("<4sIIQQdI")
_ENTRY = struct.Struct("<dI")
_MAGIC, _FRAME_MAGIC = b"clary\x00l1", b"\xf5Lg\x01"
#: A frame is closed once it holds so many bytes.
_FRAME_BYTES = 64 * 1024


class Frame(NamedTuple):
    """Where a frame lies in its segment (`offset` up to `end`), and what it holds: `total` entries from `first` on.

    `batch` is the first number of its batch, `latest` the latest time of its entries.
    """

    offset: int
    end: int
    first: int
    batch: int
    latest: float
    total: int


def encode_header(name: str, first: int) -> bytes:
    """Return the header of a segment that begins with entry `first`."""
    text = name.encode()
    rest = struct.pack("<QI", first, len(text)) + text
    return struct.pack("<8sI", _MAGIC, zlib.crc32(rest)) + rest


def decode_header(data: mmap.mmap | bytes) -> tuple[str, int]:
    """Return the log's name, and where the frames begin.

    Raises:
        Corrupt: it is not a header.
    """
    if len(data) >= _HEADER.size:
        magic, crc, _, length = _HEADER.unpack_from(data)
        end = _HEADER.size + length
        if magic == _MAGIC and len(data) >= end and zlib.crc32(data[12:end]) == crc:
            return data[_HEADER.size : end].decode(), end
    raise Corrupt("the segment has no valid header")


def encode_batch(entries: Sequence[tuple[float, bytes]], first: int, offset: int) -> tuple[list[bytes], list[Frame]]:
    """Return entries as frames to be written at `offset`, and where each of them then lies."""
    written: list[bytes] = []
    frames: list[Frame] = []
    number = first
    for part in _parts(entries):
        payload = b"".join(piece for at, data in part for piece in (_ENTRY.pack(at, len(data)), data))
        latest = max(at for at, _ in part)
        rest = struct.pack("<IQQdI", len(payload), number, first, latest, len(part))
        crc = zlib.crc32(payload, zlib.crc32(rest))
        written += (_FRAME_MAGIC + struct.pack("<I", crc) + rest, payload)
        end = offset + _FRAME.size + len(payload)
        frames.append(Frame(offset, end, number, first, latest, len(part)))
        offset, number = end, number + len(part)
    return written, frames


def _parts(entries: Sequence[tuple[float, bytes]]) -> Iterator[Sequence[tuple[float, bytes]]]:
    start = size = 0
    for index, (_, data) in enumerate(entries):
        size += len(data)
        if size >= _FRAME_BYTES:
            yield entries[start : index + 1]
            start, size = index + 1, 0
    if start < len(entries):
        yield entries[start:]


def frames(data: mmap.mmap, offset: int) -> Iterator[Frame]:
    """Yield the unharmed frames from `offset` on; what lies between them was damaged or torn."""
    with memoryview(data) as view:
        while offset >= 0:
            frame = _frame_at(view, offset)
            if frame is None:
                offset = data.find(_FRAME_MAGIC, offset + 1)
            else:
                yield frame
                offset = frame.end


def _frame_at(view: memoryview, offset: int) -> Frame | None:
    if offset + _FRAME.size > len(view):
        return None
    magic, crc, length, first, batch, latest, total = _FRAME.unpack_from(view, offset)
    end = offset + _FRAME.size + length
    if magic != _FRAME_MAGIC or end > len(view) or zlib.crc32(view[offset + 8 : end]) != crc:
        return None
    return Frame(offset, end, first, batch, latest, total)


def entries_of(data: mmap.mmap, frame: Frame) -> Iterator[Entry]:
    """Yield the entries of a frame."""
    offset = frame.offset + _FRAME.size
    for number in range(frame.first, frame.first + frame.total):
        at, length = _ENTRY.unpack_from(data, offset)
        offset += _ENTRY.size + length
        yield Entry(number, at, data[offset - length : offset])
