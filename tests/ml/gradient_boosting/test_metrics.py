import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from clary.ml.gradient_boosting.metrics import CLASSIFICATION, REGRESSION, classes

REFERENCE = {
    "accuracy": reference.accuracy_score,
    "f1": lambda truth, predicted: reference.f1_score(truth, predicted, average="macro"),
    "f1_macro": lambda truth, predicted: reference.f1_score(truth, predicted, average="macro"),
    "precision_macro": lambda truth, predicted: reference.precision_score(
        truth, predicted, average="macro", zero_division=0
    ),
    "precision_micro": lambda truth, predicted: reference.precision_score(truth, predicted, average="micro"),
    "recall_macro": lambda truth, predicted: reference.recall_score(truth, predicted, average="macro", zero_division=0),
    "recall_micro": lambda truth, predicted: reference.recall_score(truth, predicted, average="micro"),
}
BINARY = {
    "f1_binary": reference.f1_score,
    "precision": lambda truth, predicted: reference.precision_score(truth, predicted, zero_division=0),
    "recall": lambda truth, predicted: reference.recall_score(truth, predicted, zero_division=0),
}

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1)


@given(pairs)
def test_classification_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(rows).T
    for name, expected in REFERENCE.items():
        assert CLASSIFICATION[name](truth, predicted) == pytest.approx(expected(truth, predicted)), name


@given(pairs)
def test_binary_equals_scikit_learn(rows: list[tuple[int, int]]) -> None:
    truth, predicted = np.array(rows).T % 2
    for name, expected in BINARY.items():
        if truth.any() or predicted.any():
            assert CLASSIFICATION[name](truth, predicted) == pytest.approx(expected(truth, predicted)), name


def test_balanced_accuracy_equals_scikit_learn() -> None:
    truth, predicted = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 0, 1, 1, 2, 1])
    assert CLASSIFICATION["balanced_accuracy"](truth, predicted) == reference.balanced_accuracy_score(truth, predicted)


def test_regression_equals_scikit_learn() -> None:
    truth, predicted = np.array([1, 2, 4], np.float32), np.array([1.5, 2, 3], np.float32)
    assert REGRESSION["mse"](truth, predicted) == pytest.approx(reference.mean_squared_error(truth, predicted))
    assert REGRESSION["r2"](truth, predicted) == pytest.approx(reference.r2_score(truth, predicted))


@pytest.mark.parametrize(
    ("objective", "predictions", "expected"),
    [
        ("binary:logistic", [0.5, 0.51], [0, 1]),
        ("binary:logitraw", [-0.1, 0.1], [0, 1]),
        ("binary:hinge", [0, 1], [0, 1]),
        ("multi:softmax", [2, 0], [2, 0]),
        ("multi:softprob", [[0.1, 0.9], [0.6, 0.4]], [1, 0]),
    ],
)
def test_classes_of_predictions(objective: str, predictions: list[float], expected: list[int]) -> None:
    assert classes(np.array(predictions, np.float32), objective).tolist() == expected
