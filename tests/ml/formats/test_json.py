import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from clary.ml.batches import Batch, concatenate
from clary.ml.errors import DataError
from clary.ml.formats.format import Format
from clary.ml.formats.json import Json, JsonLines


def read(text: str, form: Format) -> Batch:
    batch = concatenate(form.read(io.BytesIO(text.encode()), "body"))
    assert batch is not None
    return batch


SPARSE = '{"data": {"features": {"keys": [1, 3], "shape": [5], "values": [2, 4]}}}'


@pytest.mark.parametrize(
    "instance", ['{"features": [1, 2.5]}', '{"data": {"features": {"values": [1, 2.5]}}}', "[1, 2.5]"]
)
def test_read_every_form_of_an_instance(instance: str) -> None:
    expected = [[1, 2.5], [1, 2.5]]
    assert read(f'{{"instances": [{instance}, {instance}]}}', Json()).features.tolist() == expected
    assert read(f"{instance}\n\n{instance}\n", JsonLines()).features.tolist() == expected


@pytest.mark.parametrize("text", ["[1, 2]", "[[1, 2]]"])
def test_read_a_bare_list(text: str) -> None:
    assert read(text, Json()).features.tolist() == [[1, 2]]


def test_read_sparse() -> None:
    batch = read(f'{{"instances": [{SPARSE}, [9]]}}', Json())
    assert sparse.csr_matrix(batch.features).toarray().tolist() == [[0, 2, 0, 4, 0], [9, 0, 0, 0, 0]]


def test_read_null_as_missing() -> None:
    assert np.isnan(read("[[null, 1]]", Json()).features[0, 0])


def test_read_labels_and_weights() -> None:
    batch = read('{"features": [1], "label": 2}\n{"features": [3], "label": 4, "weight": 5}', JsonLines(labels=True))
    assert batch.labels is not None
    assert batch.labels.tolist() == [2, 4]
    assert batch.weights is not None
    assert batch.weights.tolist() == [1, 5]


def test_read_in_pieces_gives_the_same_rows() -> None:
    text = "".join(f"[{row}, 1]\n" for row in range(100))
    assert read(text, JsonLines(chunk=32)).features[:, 0].tolist() == list(range(100))


@pytest.mark.parametrize("form", [Json(), JsonLines()])
def test_read_nothing(form: Format) -> None:
    assert list(form.read(io.BytesIO(b" \n"), "body")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("{}", "no list of 'instances'"),
        ('{"instances": [{"a": 1}]}', 'instance 1: expected {"features": '),
        ('{"instances": [[1], "x"]}', "instance 2: expected"),
        ('{"instances": [[1], [1, 2]]}', "instance 2: has 2 features, the first one has 1"),
        ('{"instances": [[1], ["x"]]}', "instance 2: 'x' is not a number"),
        ('{"instances": [[1, [2]]]}', "is not a number"),
        ('{"instances": [{"features": {"keys": [1], "values": []}}]}', "keys"),
        ('{"instances": [{"features": {"keys": [-1], "values": [1]}}]}', "keys"),
        ('{"instances": [{"features": {"keys": "a", "values": [1]}}]}', "keys"),
    ],
)
def test_read_names_the_instance(text: str, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text, Json())
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('{"features": [1], "label": 1}\n\n{', 3, "is not JSON"),
        ('{"features": [1], "label": 1}\n{"features": [1]}', 2, "no 'label'"),
        ('{"features": [1], "label": "x"}', 1, "label is 'x', expected a number"),
        ('{"features": [1], "label": 1}\n{"features": [1, 2], "label": 1}', 2, "has 2 features"),
    ],
)
def test_read_names_the_line(text: str, line: int, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read(text, JsonLines(labels=True))
    assert caught.value.line == line


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["features", "data", "values", "keys", "shape"]), inner)
    ),
)


@given(documents)
def test_read_any_json_or_name_what_is_wrong(document: object) -> None:
    for content in (document, {"instances": document}, {"instances": [document]}):
        try:
            list(Json().read(io.BytesIO(json.dumps(content).encode()), "body"))
        except DataError as error:
            assert error.file == "body"
