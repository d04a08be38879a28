import numpy as np
import pytest
from scipy import sparse

from clary.ml.batches import Batch, Floats, concatenate
from clary.ml.errors import ClientError


def column(*values: float) -> Floats:
    return np.array(values, np.float32).reshape(-1, 1)


def test_concatenate_nothing() -> None:
    assert concatenate([]) is None
    assert concatenate([Batch(np.empty((0, 3), np.float32))]) is None


def test_concatenate_fills_up_weights() -> None:
    whole = concatenate([Batch(column(1)), Batch(column(2), weights=np.array([5], np.float32))])
    assert whole is not None
    assert whole.weights is not None
    assert whole.weights.tolist() == [1, 5]


def test_concatenate_refuses_labels_of_some() -> None:
    with pytest.raises(ClientError, match="labels"):
        concatenate([Batch(column(1)), Batch(column(2), labels=np.array([5], np.float32))])


def test_concatenate_dense_and_sparse_keeps_zeros() -> None:
    # In a sparse row, what is not stored is missing: the dense row's zero must be stored.
    narrow = sparse.csr_matrix(column(7))
    whole = concatenate([Batch(np.array([[0, 1]], np.float32)), Batch(narrow)])
    assert whole is not None
    stored = sparse.csr_matrix(whole.features)
    assert stored.nnz == 3
    assert stored.toarray().tolist() == [[0, 1], [7, 0]]
