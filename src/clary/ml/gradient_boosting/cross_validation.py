"""Repeated k-fold cross-validation, SageMaker's `_kfold` and `_num_cv_round`: a model for each fold.

Every repetition deals the rows anew into folds, each class evenly where there are classes, and trains a model on all
but each fold. The models stand side by side in the artefact, and an endpoint answers with their mean.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost

from clary.ml.batches import Batch, Floats
from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.callbacks import EvaluationLog
from clary.ml.gradient_boosting.estimator import boost
from clary.ml.gradient_boosting.matrices import matrix_of

Rows = npt.NDArray[np.intp]


class Folds:
    """The models of a cross-validation, their mean scores, and for each row its mean score when it was held out.

    `boosters`: one for each fold of each repetition. `scores`: {"train": {"rmse": 0.5}, "validation": …}.
    `predictions`: [rows], or [rows, classes].
    """

    def __init__(self, parsed: Mapping[str, Any], data: Batch, log: Callable[[str], None]) -> None:
        if data.groups is not None or data.labels is None:
            raise ClientError("Hyperparameter _kfold: rows with query ids cannot be dealt into folds.")
        if data.rows < parsed["_kfold"]:
            raise ClientError(
                f"Hyperparameter _kfold: {parsed['_kfold']} folds need as many rows, there are {data.rows}."
            )
        self.boosters: list[xgboost.Booster] = []
        held_out: list[Floats] = []
        scores: list[dict[str, dict[str, list[float]]]] = []
        for train, test in _splits(data.labels, parsed):
            evaluations: dict[str, dict[str, list[float]]] = {}
            matrices = [matrix_of(_take(data, rows), parsed) for rows in (train, test)]
            booster = boost(parsed, *matrices, callbacks=[EvaluationLog(log)], evaluations=evaluations)
            self.boosters.append(booster)
            scores.append(evaluations)
            predicted: Floats = booster.predict(matrices[1])
            held_out.append(_scatter(predicted, test, data.rows))
        self.scores = _means(scores)
        self.predictions: Floats = np.sum(held_out, axis=0) / np.float32(parsed.get("_num_cv_round", 1))

    def line(self, rounds: int) -> str:
        """Return the mean scores as a line of the log, which metric definitions find last."""
        values = [f"{data}-{name}:{value:.5f}" for data, log in self.scores.items() for name, value in log.items()]
        return "#011".join([f"[{rounds}]", *values])


def _splits(labels: Floats, parsed: Mapping[str, Any]) -> Iterator[tuple[Rows, Rows]]:
    """Yield the rows to train on and those held out, for each fold of each repetition."""
    folds = parsed["_kfold"]
    random = np.random.default_rng(parsed.get("seed", 0))
    for _ in range(parsed.get("_num_cv_round", 1)):
        order = random.permutation(len(labels))
        if parsed.get("objective", "").startswith(("binary:", "multi:")):
            order = order[np.argsort(labels[order], kind="stable")]
        fold_of = np.empty(len(labels), np.intp)
        fold_of[order] = np.arange(len(labels)) % folds
        for fold in range(folds):
            yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


def _take(data: Batch, rows: Rows) -> Batch:
    labels, weights = (None if column is None else column[rows] for column in (data.labels, data.weights))
    return Batch(data.features[rows], labels, weights)


def _scatter(predicted: Floats, rows: Rows, count: int) -> Floats:
    whole = np.zeros((count, *predicted.shape[1:]), np.float32)
    whole[rows] = predicted
    return whole


def _means(scores: list[dict[str, dict[str, list[float]]]]) -> dict[str, dict[str, float]]:
    first = scores[0]
    return {
        data: {name: float(np.mean([each[data][name][-1] for each in scores])) for name in log}
        for data, log in first.items()
    }
