"""libsvm text: `label[:weight] [qid:group] index:value …`, one row a line, `#` starts a comment.

Indices count from where the file counts, 0 or 1, as in SageMaker's XGBoost; what a row does not name is missing.
All text is parsed in bulk: every separator becomes a line end, pyarrow parses the one column of numbers that remains,
and the places of the colons say what each number is. Text that does not fit is read again, line by line, to name the
place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
from scipy import sparse

from clary.ml.batches import Batch, Floats, floats
from clary.ml.errors import DataError
from clary.ml.formats.format import CHUNK, Format, whole_lines

Positions = npt.NDArray[np.int64]

SEPARATORS = bytes(range(33)) + b":"
TO_LINES = bytes.maketrans(SEPARATORS, b"\n" * len(SEPARATORS))
LARGEST_INDEX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Libsvm(Format):
    """Sparse rows. In a request (`labels=False`) a line is all pairs, or a label, which is passed over, and pairs."""

    labels: bool = True
    chunk: int = CHUNK

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows; a batch is as wide as its largest index demands."""
        line = 1
        for text in whole_lines(stream, self.chunk):
            try:
                batch = _parse(_plain(text), self.labels)
            except ValueError as error:
                raise _culprit(text, file, line, self.labels) or DataError(str(error), file, line) from None
            if batch.rows:
                yield batch
            line += text.count(b"\n")


def _plain(text: bytes) -> bytes:
    """Return the text with blanks where comments and `qid` were: the place of every other byte stays."""
    if b"#" in text:
        text = b"\n".join(line.partition(b"#")[0] for line in text.split(b"\n"))
    return text if text.endswith(b"\n") else text + b"\n"


def _parse(text: bytes, labels: bool) -> Batch:
    """Parse whole lines.

    Raises:
        ValueError: some line is malformed.
    """
    queries = text.count(b"qid:")
    tokens = _Tokens.of(text.replace(b"qid:", b"    ") if queries else text)
    lines = np.flatnonzero(tokens.per_line)  # empty lines are no rows
    counts, colons = tokens.per_line[lines], tokens.colons_per_line[lines]
    if queries not in {0, len(lines)}:
        raise ValueError("some lines have a qid and some have none")
    grouped = queries > 0
    alone = counts - 2 * colons - grouped  # 1: the label stands alone; 0: a weight follows it by a colon
    weighted = (alone == 0) & labels
    leading = np.where(weighted, 2, alone) + grouped
    pairs = (counts - leading) // 2
    starts = np.cumsum(counts) - counts
    is_pair = _check_places(tokens, starts, counts, leading, weighted)
    numbers = tokens.numbers()
    indices, values = numbers[is_pair][0::2], numbers[is_pair][1::2]
    if len(indices) and not (
        np.all(indices == np.floor(indices)) and indices.min() >= 0 and indices.max() < LARGEST_INDEX
    ):
        raise ValueError("an index is not a whole number from 0 on")
    features = sparse.csr_matrix(
        (floats(values), indices.astype(np.int32), np.append(0, np.cumsum(pairs))),
        shape=(len(lines), int(indices.max(initial=-1)) + 1),
    )
    if not labels:
        return Batch(features)
    target = _finite(numbers[starts])
    weights = np.where(weighted, numbers[np.minimum(starts + 1, len(numbers) - 1)], 1) if weighted.any() else None
    return Batch(
        features,
        target,
        None if weights is None else _finite(weights),
        numbers[starts + leading - 1].astype(np.int64) if grouped else None,
    )


def _check_places(
    tokens: "_Tokens", starts: Positions, counts: Positions, leading: Positions, weighted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which tokens belong to pairs, sure that every colon stands where it must: after an index or a label."""
    if np.any(leading < 0) or np.any(leading > counts):
        raise ValueError("a line has too many or too few colons")
    place = np.arange(len(tokens.starts)) - np.repeat(starts, counts)
    after_leading = place - np.repeat(leading, counts)
    expected = (after_leading >= 0) & (after_leading % 2 == 0)
    expected[starts[weighted]] = True
    if not np.array_equal(expected, tokens.before_colon):
        raise ValueError("a line is not made of index:value pairs")
    return after_leading >= 0


def _finite(values: npt.NDArray[np.float64]) -> Floats:
    finite = floats(values)
    if not np.isfinite(finite).all():
        raise ValueError("a label or a weight is not a finite number")
    return finite


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Where the numbers of a text start, which are followed by a colon, and how many of both each line has."""

    text: bytes
    starts: Positions
    before_colon: npt.NDArray[np.bool_]
    per_line: Positions
    colons_per_line: Positions

    @classmethod
    def of(cls, text: bytes) -> "_Tokens":
        codes = np.frombuffer(text, np.uint8)
        separates = (codes <= ord(" ")) | (codes == ord(":"))
        edges = np.flatnonzero(np.diff(separates, prepend=True))  # text ends with a separator, so edges come in pairs
        starts, ends = edges[0::2], edges[1::2]
        line_ends = np.flatnonzero(codes == ord("\n"))
        before_colon = codes[ends] == ord(":")
        colons = ends[before_colon]
        if len(colons) != np.count_nonzero(codes == ord(":")) or separates[colons + 1].any():
            raise ValueError("a colon does not stand between two numbers")
        return cls(text, starts, before_colon, _per_line(starts, line_ends), _per_line(colons, line_ends))

    def numbers(self) -> npt.NDArray[np.float64]:
        """Parse them all."""
        if not len(self.starts):
            return np.empty(0)
        column = self.text.translate(TO_LINES, b"+")  # a sign that says nothing, and that pyarrow does not read
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(column),
                read_options=pa.csv.ReadOptions(column_names=["number"]),
                convert_options=pa.csv.ConvertOptions(column_types={"number": pa.float64()}, null_values=[]),
            )
        except pa.ArrowInvalid as error:
            raise ValueError(str(error)) from None
        if table.num_rows != len(self.starts):
            raise ValueError("a line is not made of index:value pairs")
        numbers: npt.NDArray[np.float64] = table.column(0).to_numpy()
        return numbers


def _per_line(positions: Positions, line_ends: Positions) -> Positions:
    return np.diff(np.searchsorted(positions, line_ends), prepend=0)


def _culprit(text: bytes, file: str, first: int, labels: bool) -> DataError | None:
    """Find the first line that cannot be parsed by itself."""
    grouped: bool | None = None
    for number, raw in enumerate(text.split(b"\n"), first):
        line = _plain(raw)
        try:
            batch = _parse(line, labels)
        except ValueError:
            shown = raw.decode("utf-8", "replace").strip()[:60]
            csv = "; this looks like CSV, whose ContentType is text/csv" if b"," in raw and b":" not in raw else ""
            return DataError(f"'{shown}' is not 'label[:weight] [qid:group] index:value …'{csv}", file, number)
        if batch.rows:
            if grouped is not None and grouped != (batch.groups is not None):
                return DataError("some lines have a qid and some have none", file, number)
            grouped = batch.groups is not None
    return None
