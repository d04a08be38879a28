"""CSV as SageMaker's algorithms take it: numbers only, no header, the label first.

pyarrow parses (in C++, on all cores), in pieces that bound the memory. It says little of what it cannot parse: only
then does a search in Python find the line and the column. An empty field is a missing value.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv

from clary.ml.batches import Batch, Floats
from clary.ml.errors import DataError
from clary.ml.formats.format import CHUNK, Format, whole_lines

DELIMITERS = ",\t;| "
"""Tried in this order on the first line, as SageMaker's XGBoost does."""

MISSING = [*pa.csv.ConvertOptions().null_values, " "]
"""An empty field, and pyarrow's words for one: NA, null, NaN, …"""

BLOCK = 1 << 20
"""Bytes that one core parses at a time."""


@dataclass(frozen=True, slots=True)
class Csv(Format):
    """Comma-separated values: `labels` leading columns (0 or 1), then a column of weights if `weights`."""

    labels: int = 1
    weights: bool = False
    chunk: int = CHUNK

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows. Every line must have as many fields as the first one."""
        parser: _Parser | None = None
        for text in whole_lines(stream, self.chunk):
            if text.isspace():
                continue
            parser = parser or _Parser.of(text, self, file)
            yield parser.parse(text)
            parser = replace(parser, line=parser.line + text.count(b"\n"))


@dataclass(frozen=True, slots=True)
class _Parser:
    """What the first line told, and where in the file we are: `line` is the number of the next one."""

    form: Csv
    file: str
    delimiter: str
    columns: int
    line: int = 1

    @classmethod
    def of(cls, text: bytes, form: Csv, file: str) -> "_Parser":
        line = next(line for line in io.BytesIO(text) if not line.isspace())
        first = line.decode("utf-8-sig", "replace").strip("\r\n")
        delimiter = next((each for each in DELIMITERS if each in first), ",")
        columns = first.count(delimiter) + 1
        leading = form.labels + form.weights
        if columns <= leading:
            names = ["the label"] * form.labels + ["the weight"] * form.weights + ["one feature"]
            raise DataError(
                f"has {columns} column{'s' if columns > 1 else ''}, expected {', '.join(names)} or more", file, 1
            )
        return cls(form, file, delimiter, columns)

    def parse(self, text: bytes) -> Batch:
        names = [str(index) for index in range(self.columns)]
        try:
            table = pa.csv.read_csv(
                pa.BufferReader(text),
                read_options=pa.csv.ReadOptions(column_names=names, block_size=max(BLOCK, _longest(text))),
                parse_options=pa.csv.ParseOptions(delimiter=self.delimiter),
                convert_options=pa.csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.float32()), null_values=MISSING
                ),
            )
        except pa.ArrowInvalid as error:
            raise self._culprit(text) or DataError(str(error), self.file, self.line) from None
        return self._batch(table, text)

    def _batch(self, table: Any, text: bytes) -> Batch:
        form = self.form
        leading = form.labels + form.weights
        features = np.empty((table.num_rows, self.columns - leading), np.float32)
        start = 0
        # Row group by row group, so that the strided writes stay within the cache.
        for part in table.to_batches():
            rows = features[start : start + part.num_rows]
            for index in range(leading, self.columns):
                rows[:, index - leading] = part.column(index).to_numpy(zero_copy_only=False)
            start += part.num_rows
        labels = self._whole(table, 0, "label", text) if form.labels else None
        weights = self._whole(table, form.labels, "weight", text) if form.weights else None
        return Batch(features, labels, weights)

    def _whole(self, table: Any, index: int, what: str, text: bytes) -> Floats:
        values: Floats = table.column(index).to_numpy()
        finite = np.isfinite(values)
        if not finite.all():
            row = int(np.argmin(finite))
            line, fields = next(item for number, item in enumerate(self._lines(text)) if number == row)
            raise DataError(f"the {what} is '{fields[index]}', expected a finite number", self.file, line, index + 1)
        return values

    def _lines(self, text: bytes) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the number and the fields of each line that is not empty."""
        lines = text.decode("utf-8-sig", "replace").splitlines()
        for line, fields in enumerate(csv.reader(lines, delimiter=self.delimiter), self.line):
            if fields:
                yield line, fields

    def _culprit(self, text: bytes) -> DataError | None:
        """Find the first field or line that is not as it should be."""
        for line, fields in self._lines(text):
            if len(fields) != self.columns:
                return DataError(f"has {len(fields)} fields, the lines before have {self.columns}", self.file, line)
            for column, field in enumerate(fields, 1):
                if not _numeric(field):
                    return DataError(self._not_a_number(field, fields, line), self.file, line, column)
        return None

    def _not_a_number(self, field: str, fields: Sequence[str], line: int) -> str:
        text = f"'{field}' is not a number"
        if line == 1 and not any(_numeric(each) for each in fields if each):
            return f"{text}: this looks like a header row, and the file must have none"
        return text


def _numeric(field: str) -> bool:
    if field in MISSING:
        return True
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _longest(text: bytes) -> int:
    """Return an upper bound for the longest line: pyarrow refuses a line that is longer than a block."""
    return len(text) if b"\n" not in text[:BLOCK] else BLOCK
