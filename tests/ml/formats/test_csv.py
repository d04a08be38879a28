import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.ml.batches import Batch, concatenate
from clary.ml.errors import DataError
from clary.ml.formats.csv import Csv


def read(text: str | bytes, form: Csv | None = None) -> Batch:
    content = text.encode() if isinstance(text, str) else text
    batch = concatenate((form or Csv()).read(io.BytesIO(content), "a.csv"))
    assert batch is not None
    return batch


def test_read_label_first() -> None:
    batch = read("1,2.5,3\n0,-1e3,4\n")
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 0]
    assert batch.features.tolist() == [[2.5, 3], [-1000, 4]]
    assert batch.features.dtype == np.float32
    assert batch.features.flags.c_contiguous


def test_read_weights_second() -> None:
    batch = read("1,0.5,3\n0,2,4", Csv(weights=True))
    assert batch.weights is not None
    assert batch.weights.tolist() == [0.5, 2]
    assert batch.features.tolist() == [[3], [4]]


def test_read_without_labels() -> None:
    batch = read("1,2\n3,4\n", Csv(labels=0))
    assert batch.labels is None
    assert batch.features.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", " "])
def test_read_finds_the_delimiter(delimiter: str) -> None:
    assert read(f"1{delimiter}2{delimiter}3\n").features.tolist() == [[2, 3]]


@pytest.mark.parametrize("text", ["1,,3\n", "1,nan,3\n", "1,NaN,3\r\n", '1,"",3', "1, ,3\n"])
def test_read_empty_field_as_missing(text: str) -> None:
    (row,) = read(text).features.tolist()
    assert np.isnan(row[0])
    assert row[1] == 3


@pytest.mark.parametrize("text", ["\ufeff1,2\r\n3,4\r\n", '"1","2"\n\n"3","4"\n\n', " 1, 2\n3 ,4 "])
def test_read_as_spreadsheets_write(text: str) -> None:
    batch = read(text)
    assert batch.labels is not None
    assert batch.labels.tolist() == [1, 3]
    assert batch.features.tolist() == [[2], [4]]


def test_read_in_pieces_gives_the_same_rows() -> None:
    text = "".join(f"{row % 2},{row},{row * 0.5}\n" for row in range(1000))
    whole, pieces = read(text), read(text, Csv(chunk=64))
    assert np.array_equal(whole.features, pieces.features)


@pytest.mark.parametrize("text", [b"", b"\n\n", b"  \n"])
def test_read_nothing(text: bytes) -> None:
    assert list(Csv().read(io.BytesIO(text), "a.csv")) == []


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("1,2,3\n1,2\n", 2, None, "has 2 fields, the lines before have 3"),
        ("1,2,3\n\n1,2,3,4\n", 3, None, "has 4 fields"),
        ("1,2\n1,abc\n", 2, 2, "'abc' is not a number"),
        ("1,2\n1,1_000\n", 2, 2, "'1_000' is not a number"),
        ("label,age\n1,2\n", 1, 1, "header"),
        ("1,2\nnan,2\n", 2, 1, "label is 'nan'"),
        ("1,2\n\n,2\n", 3, 1, "label is ''"),
        ("inf,2\n", 1, 1, "label is 'inf'"),
        ("1\n", 1, None, "1 column, expected the label, one feature"),
    ],
)
def test_read_names_the_place(text: str, line: int, column: int | None, words: str) -> None:
    for form in (Csv(), Csv(chunk=4)):
        with pytest.raises(DataError, match=words) as caught:
            read(text, form)
        assert (caught.value.file, caught.value.line, caught.value.column) == ("a.csv", line, column)
        assert "a.csv" in str(caught.value)


def test_read_refuses_a_weight_that_is_missing() -> None:
    with pytest.raises(DataError, match="weight is ''") as caught:
        read("1,1,2\n1,,2\n", Csv(weights=True))
    assert (caught.value.line, caught.value.column) == (2, 2)


@pytest.mark.parametrize("content", [b"\x00\x01\x02", b"\xff\xfe1,2", b'1,"2\n3,4', b"PAR1\x15\x00,\n,"])
def test_read_names_the_file_of_what_is_no_csv(content: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.csv"):
        read(content)


floats = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(
    st.integers(1, 5).flatmap(
        lambda width: st.lists(st.lists(floats, min_size=width + 1, max_size=width + 1), min_size=1)
    )
)
def test_read_what_numpy_writes(rows: list[list[float]]) -> None:
    table = np.array(rows, np.float32)
    stream = io.BytesIO()
    np.savetxt(stream, table, delimiter=",", fmt="%.9g")
    batch = read(stream.getvalue())
    assert batch.labels is not None
    assert np.array_equal(np.column_stack([batch.labels, batch.features]), table)
