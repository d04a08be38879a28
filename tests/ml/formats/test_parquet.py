import io
import os
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from clary.ml.batches import Batch, concatenate
from clary.ml.errors import DataError
from clary.ml.formats.parquet import Parquet


def written(**columns: Any) -> io.BytesIO:
    stream = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), stream)
    return io.BytesIO(stream.getvalue())


def read(stream: io.BytesIO, form: Parquet | None = None) -> Batch:
    batch = concatenate((form or Parquet()).read(stream, "a.parquet"))
    assert batch is not None
    return batch


def test_read_numbers_of_every_type() -> None:
    decimals = pa.array([Decimal(1), Decimal(2)], pa.decimal128(20, 2))
    batch = read(written(y=[1, 0], a=[0.5, None], b=[True, False], c=pa.array([3, 4], pa.uint8()), d=decimals))
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 0]
    assert np.array_equal(batch.features, np.array([[0.5, 1, 3, 1], [np.nan, 0, 4, 2]], np.float32), equal_nan=True)


def test_read_batch_by_batch_gives_the_same_rows() -> None:
    stream = written(y=np.arange(1000), x=np.arange(1000) * 0.5)
    batches = list(Parquet(rows=300).read(stream, "a"))
    assert [batch.rows for batch in batches] == [300, 300, 300, 100]
    whole = concatenate(batches)
    assert whole is not None
    assert np.array_equal(whole.features[:, 0], np.arange(1000, dtype=np.float32) * 0.5)


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (written(y=[1], name=["x"]), "column 'name' is of type string, expected a number"),
        (written(y=[1], t=pa.array([0], pa.timestamp("s"))), "column 't' is of type timestamp"),
        (written(y=[1, None], x=[1, 2]), "label of row 2 is not a finite number"),
        (written(y=[1]), "has 1 columns"),
        (io.BytesIO(b"1,2,3\n"), "is not a Parquet file"),
        (io.BytesIO(b"PAR1" * 10), "is not a Parquet file"),
    ],
)
def test_read_names_what_is_wrong(stream: io.BytesIO, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(stream)
    assert caught.value.file == "a.parquet"


def test_read_refuses_a_pipe() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader, "rb") as stream, pytest.raises(DataError, match="pipe"):
        next(Parquet().read(stream, "a.parquet"))
