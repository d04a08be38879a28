"""RecordIO-protobuf: SageMaker's own format, `Record` messages in RecordIO frames.

A frame is the magic number, the length of the record (both uint32, little-endian), the record, and padding to a
multiple of four. Where records are dense and of one shape, which is nearly always, they differ in their numbers alone:
one of them is parsed, and all that share every other byte are read as one strided view. The rest go one by one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from clary.ml.batches import Batch, Floats, Matrix, floats
from clary.ml.errors import DataError
from clary.ml.formats.format import Format
from clary.ml.formats.protobuf import write_delimited
from clary.ml.formats.records import DTYPES, FEATURES, LABEL, Record, decode, encode

MAGIC = 0xCED7230A
HEADER = struct.Struct("<II")
CHUNK = 2 << 20
"""Bytes decoded at a time: few enough to stay in a core's cache from the one pass over them to the next."""

BLOCK = 4096
"""Frames compared at a time."""

LARGEST = (1 << 29) - 1
"""The upper three bits of the length say whether a record is split over frames; SageMaker's never are."""


@dataclass(frozen=True, slots=True)
class RecordIO(Format):
    """Records with float32, float64 or int32 tensors, dense or sparse. `labels`: each must have one."""

    labels: bool = True
    chunk: int = CHUNK

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows; errors name the record, counted from 1."""
        rest, first, width = b"", 1, None
        while piece := stream.read(self.chunk):
            buffer = rest + piece if rest else piece
            done = 0
            for batch, following in self._batches(buffer, file, first):
                width = width or batch.columns
                if batch.columns != width and not batch.is_sparse:
                    raise DataError(f"record {first} has {batch.columns} features, those before have {width}", file)
                first += batch.rows
                done = following
                yield batch
            rest = buffer[done:]
        if rest:
            raise DataError(f"record {first} is cut off at the end of the file", file)

    def _batches(self, buffer: bytes, file: str, first: int) -> Iterator[tuple[Batch, int]]:
        """Yield the rows of the whole frames in a buffer, and where the next frame starts."""
        at = 0
        pending: list[Record] = []
        while (frame := _frame(buffer, at, file, first + len(pending))) is not None:
            start, end, following = frame
            try:
                record = Record.read(buffer, start, end)
            except ValueError as error:
                raise DataError(f"record {first + len(pending)} is corrupt: {error}", file) from None
            layout = _Layout.of(at, following, record, self.labels)
            rows = 1 if layout is None else layout.alike(buffer)
            if layout is None or rows < 2:
                pending.append(record)
                at = following
                continue
            if pending:
                yield self._decode(buffer, pending, file, first), at
                first, pending = first + len(pending), []
            batch = layout.read(buffer, rows)
            _check_labels(batch, file, first)
            at += rows * (following - at)
            first += rows
            yield batch, at
        if pending:
            yield self._decode(buffer, pending, file, first), at

    def _decode(self, buffer: bytes, records: list[Record], file: str, first: int) -> Batch:
        try:
            return decode(buffer, records, self.labels)
        except ValueError:
            # Of all, find the one: by itself, and then beside the first.
            for number, record in enumerate(records, first):
                try:
                    decode(buffer, [record], self.labels)
                    decode(buffer, [records[0], record], self.labels)
                except ValueError as error:
                    raise DataError(f"record {number} is not valid: {error}", file) from None
            raise


def _frame(buffer: bytes, at: int, file: str, number: int) -> tuple[int, int, int] | None:
    """Return where the record at `at` starts and ends and where the next frame starts; None if it is cut off."""
    if at + HEADER.size > len(buffer):
        return None
    magic, length = HEADER.unpack_from(buffer, at)
    if magic != MAGIC:
        raise DataError(
            f"record {number} is corrupt: its frame starts with {magic:#010x}, expected {MAGIC:#010x}", file
        )
    if length > LARGEST:
        raise DataError(f"record {number} is split over several frames, expected one", file)
    start = at + HEADER.size
    following = start + (length + 3) // 4 * 4
    return None if following > len(buffer) else (start, start + length, following)


@dataclass(frozen=True, slots=True)
class _Layout:
    """The places that differ between records of one shape, and a frame to compare the others with."""

    at: int
    size: int
    values: tuple[int, int, npt.DTypeLike]
    label: tuple[int, int, npt.DTypeLike] | None

    @classmethod
    def of(cls, at: int, following: int, record: Record, labels: bool) -> "_Layout | None":
        """Return the layout of a record, None where its numbers have no fixed places."""
        tensors = [record.features, *([record.label] if record.label is not None else [])]
        if record.is_sparse or (labels and record.label is None):
            return None
        spans = []
        for tensor in tensors:
            if tensor.kind not in DTYPES or tensor.keys or len(tensor.values) != 1:
                return None
            (field,) = tensor.values
            spans.append((field.start - at, field.end - at, DTYPES[tensor.kind]))
        if len(spans) == 2 and spans[1][1] - spans[1][0] != np.dtype(spans[1][2]).itemsize:
            return None
        return cls(at, following - at, spans[0], spans[1] if len(spans) == 2 and labels else None)

    def alike(self, buffer: bytes) -> int:
        """Return how many frames from here on share all bytes but those of the numbers."""
        available = (len(buffer) - self.at) // self.size
        words = list(self._fixed_words())
        rows, block = 1, 2
        while rows < available:
            end = min(rows + block, available)
            alike = np.ones(end - rows, np.bool_)
            for offset, dtype in words:
                column = np.ndarray(end, dtype, buffer, self.at + offset, (self.size,))
                alike &= column[rows:] == column[0]
            if not alike.all():
                return rows + int(np.argmin(alike))
            rows, block = end, min(block * 8, BLOCK)
        return rows

    def _fixed_words(self) -> Iterator[tuple[int, npt.DTypeLike]]:
        """Yield the places of unsigned integers, as large as possible, that cover the bytes which are no numbers."""
        spans = sorted(span[:2] for span in (self.values, self.label) if span is not None)
        edges = [0, *(edge for span in spans for edge in span), self.size]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            at = start
            while at < end:
                width = next(size for size in (8, 4, 2, 1) if size <= end - at)
                yield at, f"<u{width}"
                at += width

    def read(self, buffer: bytes, rows: int) -> Batch:
        """Return that many rows."""
        features = floats(self._view(buffer, rows, self.values))
        label = None if self.label is None else floats(self._view(buffer, rows, self.label)[:, 0])
        return Batch(features, label)

    def _view(self, buffer: bytes, rows: int, span: tuple[int, int, npt.DTypeLike]) -> npt.NDArray[np.floating]:
        start, end, dtype = span
        item = np.dtype(dtype).itemsize
        shape = (rows, (end - start) // item)
        return np.ndarray(shape, dtype, buffer, self.at + start, (self.size, item))


def _check_labels(batch: Batch, file: str, first: int) -> None:
    if batch.labels is not None and not np.isfinite(batch.labels).all():
        number = first + int(np.argmin(np.isfinite(batch.labels)))
        raise DataError(f"record {number} is not valid: its label is not a finite number", file)


def write_records(stream: BinaryIO, features: Matrix, labels: Floats | None = None) -> None:
    """Write rows as float32 records: dense or, from a CSR matrix, sparse."""
    rows, width = features.shape
    for row in range(rows):
        if isinstance(features, np.ndarray):
            entry = encode(features[row], None, width)
        else:
            part = slice(*features.indptr[row : row + 2])
            entry = encode(features.data[part], features.indices[part], width)
        record = write_delimited(FEATURES, entry)
        if labels is not None:
            record += write_delimited(LABEL, encode(labels[row : row + 1], None, 1))
        stream.write(frame(record))


def write_scores(stream: BinaryIO, scores: Floats, name: str = "score") -> None:
    """Write an answer: a record for each row, whose label holds the row's scores."""
    rows = scores.reshape(len(scores), -1)
    stream.writelines(frame(write_delimited(LABEL, encode(row, None, 1, name))) for row in rows)


def frame(record: bytes) -> bytes:
    """Return a record with its header and its padding."""
    return HEADER.pack(MAGIC, len(record)) + record + bytes(-len(record) % 4)
