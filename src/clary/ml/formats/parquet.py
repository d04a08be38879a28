"""Parquet: the label in the first column, every column a number. Read row group by row group."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from clary.ml.batches import Batch, Floats
from clary.ml.errors import DataError
from clary.ml.formats.format import Format

ROWS = 1 << 16
"""Rows of a batch."""


@dataclass(frozen=True, slots=True)
class Parquet(Format):
    """`labels` leading columns (0 or 1), then the features by position; their names do not matter."""

    labels: int = 1
    rows: int = ROWS

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows. A null is a missing value."""
        if not stream.seekable():
            raise DataError("Parquet cannot be read from a pipe, expected TrainingInputMode File", file)
        try:
            parquet = pa.parquet.ParquetFile(stream)
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"is not a Parquet file: {error}", file) from None
        self._check(parquet.schema_arrow, file)
        first = 0
        try:
            for part in parquet.iter_batches(self.rows):
                yield self._batch(part, file, first)
                first += part.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(f"cannot be read after row {first}: {error}", file) from None

    def _check(self, schema: Any, file: str) -> None:
        if len(schema) <= self.labels:
            raise DataError(f"has {len(schema)} columns, expected the label and one feature or more", file)
        for column, field in enumerate(schema, 1):
            kind = field.type
            if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)
                    or pa.types.is_decimal(kind)):  # fmt: skip
                raise DataError(f"column '{field.name}' is of type {kind}, expected a number", file, column=column)

    def _batch(self, part: Any, file: str, first: int) -> Batch:
        columns = [_floats(column) for column in part.columns]
        features = np.empty((part.num_rows, len(columns) - self.labels), np.float32)
        for index, column in enumerate(columns[self.labels :]):
            features[:, index] = column
        if not self.labels:
            return Batch(features)
        labels = np.ascontiguousarray(columns[0])
        finite = np.isfinite(labels)
        if not finite.all():
            row = first + int(np.argmin(finite)) + 1
            raise DataError(f"the label of row {row} is not a finite number", file, column=1)
        return Batch(features, labels)


def _floats(column: Any) -> Floats:
    floats: Floats = pa.compute.cast(column, pa.float32(), safe=False).to_numpy(zero_copy_only=False)
    return floats
