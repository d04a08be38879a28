"""An object's bytes on their way to DuckDB: decompressed, cut to the range of a scan, and with lines for records.

Each step is a generator over the one before it, and holds a chunk or a record at most.
"""

import bz2
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from clary.ml.select.errors import SelectError

CHUNK = 256 * 1024
#: The longest record, in and out, in bytes.
MAX_RECORD = 2**20
#: Stands for a line's end within a field where the records' own delimiter has two characters.
_STAND_IN = b"\x1e"
#: Stands for such a delimiter for a moment.
_MARK = b"\x1d"


@dataclass(slots=True)
class Progress:
    """Bytes so far: taken in, after decompression, and sent back."""

    scanned: int = 0
    processed: int = 0
    returned: int = 0

    def described(self) -> dict[str, int]:
        """Return them as the events name them."""
        return {"BytesScanned": self.scanned, "BytesProcessed": self.processed, "BytesReturned": self.returned}


def counted(chunks: Iterable[bytes], progress: Progress, name: str) -> Iterator[bytes]:
    """Pass chunks on, counting their bytes."""
    for chunk in chunks:
        setattr(progress, name, getattr(progress, name) + len(chunk))
        yield chunk


class _Decompressor(Protocol):
    """What bz2 gives, and `_Gzip` too."""

    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """zlib's decompressor with the manners of bz2's."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def decompressed(chunks: Iterable[bytes], compression: str) -> Iterator[bytes]:
    """Undo GZIP or BZIP2, of several members too; a chunk is never longer than `CHUNK`, whatever it was.

    Raises:
        SelectError: it is not compressed so, or breaks off.
    """
    kind: Any = {"GZIP": _Gzip, "BZIP2": bz2.BZ2Decompressor}[compression]
    inner: _Decompressor | None = None
    try:
        for chunk in chunks:
            data = chunk
            while data or (inner is not None and not inner.needs_input):
                inner = inner or kind()
                out = inner.decompress(data, CHUNK)
                data = b""
                if out:
                    yield out
                if inner.eof:
                    data, inner = inner.unused_data.lstrip(b"\0"), None
                elif not out and inner.needs_input:
                    break
    except (zlib.error, OSError) as error:
        raise SelectError("InvalidCompressionFormat", str(error)) from error
    if inner is not None:
        raise SelectError("TruncatedInput")


def ranged(chunks: Iterator[bytes], at: int, start: int, end: int, delimiter: bytes) -> Iterator[bytes]:
    """Pass on the records that begin within `[start, end]`, whole.

    The chunks begin at byte `at` of the object, a delimiter's length before `start` so that one that ends there shows.
    """
    buffer = b""
    if start > 0:
        found = -1
        while found < 0:
            chunk = next(chunks, None)
            if chunk is None:
                return
            buffer += chunk
            found = buffer.find(delimiter)
            if found < 0:  # of a record that began earlier nothing is wanted but its end
                keep = len(delimiter) - 1
                at += len(buffer) - keep if len(buffer) > keep else 0
                buffer = buffer[len(buffer) - keep :] if keep else b""
        at += found + len(delimiter)
        buffer = buffer[found + len(delimiter) :]
    if at > end:
        return
    first = end + 1 - len(delimiter)  # where the delimiter that ends the last record begins, at the earliest
    while True:
        found = buffer.find(delimiter, max(0, first - at)) if at + len(buffer) > first else -1
        if found >= 0:
            yield buffer[: found + len(delimiter)]
            return
        keep = min(len(delimiter) - 1, len(buffer))
        yield buffer[: len(buffer) - keep]
        at += len(buffer) - keep
        buffer = buffer[len(buffer) - keep :]
        chunk = next(chunks, None)
        if chunk is None:
            yield buffer
            return
        buffer += chunk


def lined(chunks: Iterable[bytes], delimiter: bytes) -> Iterator[bytes]:
    """Turn a delimiter of records into a line's end, and the other way round; `unlined` undoes it in the fields."""
    if len(delimiter) == 1:
        swap = bytes.maketrans(delimiter + b"\n", b"\n" + delimiter)
        for chunk in chunks:
            yield chunk.translate(swap)
        return
    rest = b""
    for chunk in chain(chunks, [b""]):
        text = (rest + chunk).replace(delimiter, _MARK)
        rest = delimiter[:1] if chunk and text.endswith(delimiter[:1]) else b""
        yield text.removesuffix(rest).replace(b"\n", _STAND_IN).replace(_MARK, b"\n")


def unlined(sql: str, delimiter: str) -> str:
    """Return SQL of a field as it was before `lined`."""
    if len(delimiter) == 1:
        return f"translate({sql}, chr({ord(delimiter)}) || chr(10), chr(10) || chr({ord(delimiter)}))"
    return f"replace({sql}, chr({_STAND_IN[0]}), chr(10))"


def first_record(chunks: Iterator[bytes], quote: bytes, escape: bytes, comment: bytes) -> tuple[bytes, bytes]:
    """Return the first line that is no comment and not empty, without its end, and what was read after it.

    Raises:
        SelectError: it is longer than a record may be.
    """
    buffer = b""
    at = 0
    while True:
        end = _line_end(buffer, at, quote, escape)
        if end < 0:
            if len(buffer) - at > MAX_RECORD:
                raise SelectError("OverMaxRecordSize")
            chunk = next(chunks, None)
            if chunk is not None:
                buffer = buffer[at:] + chunk
                at = 0
                continue
            end = len(buffer)
        line = buffer[at:end].removesuffix(b"\r")
        if (line and not (comment and line.startswith(comment))) or end == len(buffer):
            return (line, buffer[end + 1 :])
        at = end + 1


def _line_end(buffer: bytes, at: int, quote: bytes, escape: bytes) -> int:
    """Return where the line ends that begins at `at`, a line's end within quotes apart; -1 when it is not there yet."""
    end = buffer.find(b"\n", at)
    while end >= 0 and quote:
        line = buffer[at:end]
        if escape and escape != quote:
            line = line.replace(escape + escape, b"").replace(escape + quote, b"")
        if line.count(quote) % 2 == 0:
            break
        end = buffer.find(b"\n", end + 1)
    return end
