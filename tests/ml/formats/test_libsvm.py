import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import dump_svmlight_file

from clary.ml.batches import Batch, Floats, concatenate
from clary.ml.errors import DataError
from clary.ml.formats.libsvm import Libsvm


def read(text: str | bytes, form: Libsvm | None = None) -> Batch:
    content = text.encode() if isinstance(text, str) else text
    batch = concatenate((form or Libsvm()).read(io.BytesIO(content), "a.libsvm"))
    assert batch is not None
    return batch


def table(batch: Batch) -> Floats:
    dense: Floats = sparse.csr_matrix(batch.features).toarray()
    return dense


def test_read_pairs() -> None:
    batch = read("1 0:1.5 3:-2e1\n0 1:4\n")
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 0]
    assert table(batch).tolist() == [[1.5, 0, 0, -20], [0, 4, 0, 0]]
    assert batch.features.dtype == np.float32
    assert sparse.csr_matrix(batch.features).nnz == 3


def test_read_an_explicit_zero_is_no_missing_value() -> None:
    assert sparse.csr_matrix(read("1 0:0 1:1\n").features).nnz == 2


def test_read_weights_where_given() -> None:
    batch = read("1:0.5 0:1\n0 0:2\n")
    assert batch.weights is not None
    assert batch.weights.tolist() == [0.5, 1]


def test_read_query_ids() -> None:
    batch = read("1 qid:7 0:1\n0:2 qid:7 0:1\n1 qid:8\n")
    assert batch.groups is not None
    assert batch.groups.tolist() == [7, 7, 8]
    assert batch.weights is not None
    assert batch.weights.tolist() == [1, 2, 1]


@pytest.mark.parametrize(
    "text", ["+1 0:+1\t1:2  \r\n\n-1 \n", "+1 0:1 1:2 # a comment\n# another: 1\n-1", "1.0 0:1 1:2\n-1.0\n\n"]
)
def test_read_as_tools_write(text: str) -> None:
    batch = read(text)
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, -1]
    assert table(batch).tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize("text", ["0:1 2:3\n", "5 0:1 2:3"])
def test_read_a_request_with_or_without_label(text: str) -> None:
    batch = read(text, Libsvm(labels=False))
    assert batch.labels is None
    assert table(batch).tolist() == [[1, 0, 3]]


def test_read_in_pieces_widens_to_the_widest() -> None:
    text = "".join(f"{row % 2} {row}:1\n" for row in range(100))
    assert read(text, Libsvm(chunk=50)).features.shape == (100, 100)


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_read_nothing(text: str) -> None:
    assert list(Libsvm().read(io.BytesIO(text.encode()), "a")) == []


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("1 0:1\n1 0:1 3\n", 2, "'1 0:1 3' is not 'label"),
        ("1 0:1\n\n1 x:3\n", 3, "'1 x:3'"),
        ("1 0:x\n", 1, "'1 0:x'"),
        ("1,2,3\n", 1, "looks like CSV"),
        ("1:2:3 4\n", 1, "1:2:3"),
        ("1 -1:3\n", 1, "-1:3"),
        ("1 1.5:3\n", 1, "1.5:3"),
        ("1 99999999999:3\n", 1, "99999999999"),
        ("1 0: 3\n", 1, "0: 3"),
        ("1 :3\n", 1, ":3"),
        ("nan 0:1\n", 1, "nan"),
        ("1:inf 0:1\n", 1, "inf"),
        ("1 qid:1 0:1\n1 0:1\n", 2, "some have none"),
        ("1 qid:x 0:1\n", 1, "qid:x"),
    ],
)
def test_read_names_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert (caught.value.file, caught.value.line) == ("a.libsvm", line)


@given(st.binary(max_size=60))
def test_read_any_bytes_or_names_the_file(content: bytes) -> None:
    try:
        list(Libsvm().read(io.BytesIO(content), "a.libsvm"))
    except DataError as error:
        assert error.file == "a.libsvm"


@given(st.integers(1, 20), st.integers(1, 10), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_read_what_scikit_learn_writes(rows: int, columns: int, density: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix = sparse.random(rows, columns, density, format="csr", dtype=np.float32, random_state=seed)
    labels = random.normal(size=rows).astype(np.float32)
    stream = io.BytesIO()
    dump_svmlight_file(matrix, labels, stream, zero_based=True)
    batch = read(stream.getvalue())
    batch.features.resize(rows, columns)
    assert np.array_equal(table(batch), matrix.toarray())
    assert batch.labels is not None
    assert np.array_equal(batch.labels, labels)
