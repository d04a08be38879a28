import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from clary.ml.batches import Batch, Floats, Matrix, concatenate
from clary.ml.errors import DataError
from clary.ml.formats.protobuf import encode_varints, write_delimited
from clary.ml.formats.recordio import MAGIC, RecordIO, frame, write_records, write_scores
from clary.ml.formats.records import FLOAT64, INT32

RANDOM = np.random.default_rng(0)


def written(features: Matrix, labels: Floats | None = None) -> bytes:
    stream = io.BytesIO()
    write_records(stream, features, labels)
    return stream.getvalue()


def read(content: bytes, form: RecordIO | None = None) -> Batch:
    batch = concatenate((form or RecordIO()).read(io.BytesIO(content), "a.rec"))
    assert batch is not None
    return batch


def record(tensor: bytes, kind: int, label: float | None = 1.0) -> bytes:
    """Return a frame whose features are the tensor of that kind."""
    entry = write_delimited(1, b"values") + write_delimited(2, write_delimited(kind, tensor))
    message = write_delimited(1, entry)
    if label is not None:
        target = write_delimited(2, write_delimited(2, write_delimited(1, struct.pack("<f", label))))
        message += write_delimited(2, write_delimited(1, b"values")[:8] + target)
    return frame(message)


def test_read_bytes_as_the_sagemaker_sdk_writes_them() -> None:
    # write_numpy_to_dense_tensor of the SageMaker Python SDK, for [[1.0, 2.0]] and the label 1.
    features = "0a16 0a06 76616c756573 120c 120a 0a08 0000803f00000040"
    label = "1212 0a06 76616c756573 1208 1206 0a04 0000803f"
    message = bytes.fromhex(features + label)
    batch = read(bytes.fromhex("0a23d7ce 2c000000") + message)
    assert len(message) == 0x2C
    assert batch.features.tolist() == [[1, 2]]
    assert batch.labels is not None
    assert batch.labels.tolist() == [1]


@pytest.mark.parametrize("chunk", [64, 1000, 1 << 20])
@pytest.mark.parametrize("columns", [1, 3, 30])
def test_dense_round_trip(chunk: int, columns: int) -> None:
    features = RANDOM.normal(size=(500, columns)).astype(np.float32)
    labels = RANDOM.normal(size=500).astype(np.float32)
    batch = read(written(features, labels), RecordIO(chunk=chunk))
    assert np.array_equal(batch.features, features)
    assert batch.labels is not None
    assert np.array_equal(batch.labels, labels)


@pytest.mark.parametrize("chunk", [64, 1 << 20])
def test_sparse_round_trip(chunk: int) -> None:
    features = sparse.random(200, 300, 0.05, format="csr", dtype=np.float32, random_state=0)
    batch = read(written(features, np.ones(200, np.float32)), RecordIO(chunk=chunk))
    assert batch.features.shape == features.shape
    assert (batch.features != features).nnz == 0


@given(
    st.lists(st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=2), min_size=1),
    st.integers(1, 200),
)
def test_dense_round_trip_of_any_floats(rows: list[list[float]], chunk: int) -> None:
    table = np.array(rows, np.float32)
    batch = read(written(table), RecordIO(labels=False, chunk=chunk))
    assert np.array_equal(batch.features, table)


def test_read_float64_and_int32() -> None:
    doubles = write_delimited(1, np.array([0.5, -2], "<f8").tobytes())
    integers = write_delimited(1, encode_varints(np.array([300, -2])))
    assert read(record(doubles, FLOAT64) * 3).features.tolist() == [[0.5, -2]] * 3
    assert read(record(integers, INT32) * 3).features.tolist() == [[300, -2]] * 3
    assert read(record(doubles, FLOAT64) + record(integers, INT32)).features.tolist() == [[0.5, -2], [300, -2]]


def test_read_numbers_that_are_not_packed() -> None:
    single = b"\x0d" + struct.pack("<f", 1.5) + b"\x0d" + struct.pack("<f", 2.5)
    assert read(record(single, 2) * 3).features.tolist() == [[1.5, 2.5]] * 3


def test_read_rows_of_another_length_between() -> None:
    short, long = (record(write_delimited(1, bytes(4 * count)), 2) for count in (1, 2))
    with pytest.raises(DataError, match="record 4 has 2 features, those before have 1"):
        read(short * 3 + long)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda good: good[:-3], "record 2 is cut off"),
        (lambda good: good + good[:5], "record 3 is cut off"),
        (lambda good: good + b"\0" + good[1:], "record 3 is corrupt: its frame starts with"),
        (lambda good: good + struct.pack("<II", MAGIC, 1 << 29), "record 3 is split"),
        (lambda good: good + frame(b"\xff\xff"), "record 3 is corrupt"),
        (lambda good: good + frame(b""), "record 3 is corrupt: it has no features"),
        (lambda good: good + record(b"", 9), "record 3 is corrupt: it holds bytes"),
        (lambda good: good + record(write_delimited(1, bytes(8)), 2, None), "record 3 is not valid: it has no label"),
        (lambda good: good + record(write_delimited(1, bytes(8)), 2, float("nan")), "record 3 .* finite"),
        (lambda good: good + record(write_delimited(1, bytes(8)) + write_delimited(2, b"\1"), 2), "record 3 .* keys"),
    ],
)
def test_read_names_the_record(damage: Callable[[bytes], bytes], words: str) -> None:
    good = record(write_delimited(1, bytes(8)), 2)
    with pytest.raises(DataError, match=words) as caught:
        read(damage(good * 2))
    assert caught.value.file == "a.rec"


def test_read_names_the_record_whose_label_is_not_finite() -> None:
    labels = np.zeros(100, np.float32)
    labels[41] = np.inf
    with pytest.raises(DataError, match=r"record 42 .* finite"):
        read(written(np.zeros((100, 2), np.float32), labels))


@given(st.binary(max_size=100))
def test_read_any_bytes_or_names_the_file(content: bytes) -> None:
    for start in (b"", frame(b"")[:4], written(np.ones((2, 2), np.float32))):
        try:
            list(RecordIO(labels=False).read(io.BytesIO(start + content), "a.rec"))
        except DataError as error:
            assert error.file == "a.rec"


def test_scores_are_labels() -> None:
    stream = io.BytesIO()
    write_scores(stream, np.array([[0.25, 0.75]], np.float32))
    assert b"score" in stream.getvalue()
    assert np.array([0.25, 0.75], "<f4").tobytes() in stream.getvalue()
