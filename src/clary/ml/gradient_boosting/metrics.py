"""The metrics that SageMaker's container adds to xgboost's own, with scikit-learn's definitions.

Each takes true and predicted class numbers (or values), [rows], and returns a float.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import xgboost

Labels = npt.NDArray[np.int64]
Values = npt.NDArray[np.float32]


def accuracy(truth: Labels, predicted: Labels) -> float:
    """Return the share of rows that are right."""
    return float(np.mean(truth == predicted))


def balanced_accuracy(truth: Labels, predicted: Labels) -> float:
    """Return the mean recall of the classes that occur."""
    right, _, actual = _counts(truth, predicted)
    occurs = actual > 0
    return float(np.mean(right[occurs] / actual[occurs]))


def precision(truth: Labels, predicted: Labels) -> float:
    """Return the precision of class 1."""
    right, claimed, _ = _counts(truth, predicted)
    return float(_ratio(right, claimed)[1])


def precision_macro(truth: Labels, predicted: Labels) -> float:
    """Return the mean precision of the classes that occur in either."""
    right, claimed, actual = _counts(truth, predicted)
    return float(_ratio(right, claimed)[(claimed + actual) > 0].mean())


def recall(truth: Labels, predicted: Labels) -> float:
    """Return the recall of class 1."""
    right, _, actual = _counts(truth, predicted)
    return float(_ratio(right, actual)[1])


def recall_macro(truth: Labels, predicted: Labels) -> float:
    """Return the mean recall of the classes that occur in either."""
    right, claimed, actual = _counts(truth, predicted)
    return float(_ratio(right, actual)[(claimed + actual) > 0].mean())


def f1_binary(truth: Labels, predicted: Labels) -> float:
    """Return the harmonic mean of precision and recall of class 1."""
    right, claimed, actual = _counts(truth, predicted)
    return float(_ratio(2 * right, claimed + actual)[1])


def f1_macro(truth: Labels, predicted: Labels) -> float:
    """Return the mean F1 of the classes that occur in either."""
    right, claimed, actual = _counts(truth, predicted)
    return float(_ratio(2 * right, claimed + actual)[(claimed + actual) > 0].mean())


def mse(truth: Values, predicted: Values) -> float:
    """Return the mean squared error."""
    return float(np.mean(np.square(truth.astype(np.float64) - predicted)))


def r2(truth: Values, predicted: Values) -> float:
    """Return the coefficient of determination."""
    spread = np.var(truth.astype(np.float64))
    return 1.0 - mse(truth, predicted) / float(spread) if spread else 0.0


CLASSIFICATION: Mapping[str, Callable[[Labels, Labels], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": f1_macro,
    "f1_binary": f1_binary,
    "f1_macro": f1_macro,
    "precision": precision,
    "precision_macro": precision_macro,
    "precision_micro": accuracy,
    "recall": recall,
    "recall_macro": recall_macro,
    "recall_micro": accuracy,
}
REGRESSION: Mapping[str, Callable[[Values, Values], float]] = {"mse": mse, "r2": r2}


def is_ours(name: str) -> bool:
    """Whether xgboost does not have the metric."""
    return name in CLASSIFICATION or name in REGRESSION


def evaluator(names: Sequence[str], objective: str) -> Callable[[Values, xgboost.DMatrix], list[tuple[str, float]]]:
    """Return what xgboost calls after a round, with its predictions, for the metrics that it has not."""

    def evaluate(predictions: Values, data: xgboost.DMatrix) -> list[tuple[str, float]]:
        truth = data.get_label()
        scores = []
        for name in names:
            if name in REGRESSION:
                score = REGRESSION[name](truth, predictions)
            else:
                score = CLASSIFICATION[name](truth.astype(np.int64), classes(predictions, objective))
            scores.append((name, score))
        return scores

    return evaluate


def classes(predictions: Values, objective: str) -> Labels:
    """Return the class number of each row's prediction: probabilities, margins or class numbers."""
    if predictions.ndim == 2:
        best: Labels = predictions.argmax(axis=1)
        return best
    if objective == "binary:logitraw":
        return (predictions > 0).astype(np.int64)
    if objective.startswith("multi:"):
        return predictions.astype(np.int64)
    return (predictions > 0.5).astype(np.int64)


def _counts(truth: Labels, predicted: Labels) -> tuple[Labels, Labels, Labels]:
    """Count for each class the rows that are right, those predicted as it, and those of it."""
    size = max(int(truth.max(initial=1)), int(predicted.max(initial=1))) + 1
    right = np.bincount(truth[truth == predicted], minlength=size)
    return right, np.bincount(predicted, minlength=size), np.bincount(truth, minlength=size)


def _ratio(part: Labels, whole: Labels) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
