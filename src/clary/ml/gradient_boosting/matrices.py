"""From batches of rows to xgboost's matrices.

Small data becomes one DMatrix. Large data that the `hist` method trains on becomes a QuantileDMatrix, batch by batch:
it holds a byte or two for a value where a DMatrix holds eight, and the rows need not all be in memory.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xgboost

from clary.ml.batches import Batch, Floats, concatenate
from clary.ml.errors import ClientError

LARGE = 256 << 20
"""Bytes of input from which on the rows are quantised batch by batch."""


def matrix_of(batch: Batch, parameters: Mapping[str, Any]) -> xgboost.DMatrix:
    """Return all rows as one matrix. With the objective `survival:aft`, labels are exact times of events."""
    return xgboost.DMatrix(batch.features, nthread=parameters.get("nthread"), **_facts(batch, parameters))


def quantised(
    batches: Callable[[], Iterable[Batch]], parameters: Mapping[str, Any], reference: xgboost.DMatrix | None = None
) -> xgboost.DMatrix:
    """Return the rows as quantiles. `batches` is called anew for each of xgboost's passes over the data.

    `reference` is the training matrix of a validation matrix: the two share their quantiles.
    """
    rows = _Rows(batches, parameters)
    return xgboost.QuantileDMatrix(
        rows, max_bin=parameters.get("max_bin"), nthread=parameters.get("nthread"), ref=reference
    )


def can_quantise(parameters: Mapping[str, Any]) -> bool:
    """Whether training works on quantiles alone, so that exact values are not missed."""
    trees = parameters.get("booster", "gbtree") in {"gbtree", "dart"}
    histogram = parameters.get("tree_method", "auto") in {"auto", "hist"}
    return trees and histogram and "updater" not in parameters and parameters.get("process_type") != "update"


def one_batch(batches: Iterable[Batch]) -> Batch:
    """Return all rows in memory."""
    batch = concatenate(batches)
    if batch is None:
        raise ClientError("The data has no rows.")
    return batch


def alike(batches: Sequence[Batch]) -> Sequence[Batch]:
    """Return sparse batches as wide as the widest: a row that names no last feature does not say there is none."""
    columns = max(batch.columns for batch in batches)
    for batch in batches:
        if batch.is_sparse:
            batch.features.resize(batch.rows, columns)
    return batches


class _Rows(xgboost.DataIter):
    """Hands batches to xgboost, pass after pass."""

    def __init__(self, batches: Callable[[], Iterable[Batch]], parameters: Mapping[str, Any]) -> None:
        super().__init__()
        self._batches = batches
        self._parameters = parameters
        self._pass: Iterator[Batch] = iter(())

    def reset(self) -> None:
        """Start from the first batch."""
        self._pass = iter(self._batches())

    def next(self, input_data: Callable[..., None]) -> bool:
        """Hand over one batch; say whether there was one."""
        batch = next(self._pass, None)
        if batch is None:
            return False
        input_data(data=batch.features, **_facts(batch, self._parameters))
        return True


def _facts(batch: Batch, parameters: Mapping[str, Any]) -> dict[str, Any]:
    if batch.labels is not None:
        _check_labels(batch.labels, parameters)
    facts: dict[str, Any] = {"label": batch.labels, "weight": batch.weights, "qid": batch.groups}
    if batch.weights is not None and batch.groups is not None:
        # Ranking weighs queries, not rows: the first row of each speaks for it.
        facts["weight"] = batch.weights[np.flatnonzero(np.diff(batch.groups, prepend=batch.groups[0] - 1))]
    if parameters.get("objective") == "survival:aft":
        facts |= {"label_lower_bound": batch.labels, "label_upper_bound": batch.labels}
    return facts


def _check_labels(labels: Floats, parameters: Mapping[str, Any]) -> None:
    """Check what xgboost would check later, and name the label."""
    objective = parameters.get("objective", "")
    allowed = np.ones(len(labels), np.bool_)
    rule = ""
    if objective in {"binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic"}:
        allowed, rule = (labels >= 0) & (labels <= 1), "label must be in [0,1] for logistic regression"
    elif objective.startswith("multi:"):
        known = (labels >= 0) & (labels < parameters["num_class"])
        allowed, rule = known & (labels == np.floor(labels)), "label must be a whole number in [0, num_class)"
    elif objective in {"count:poisson", "reg:tweedie", "reg:gamma"}:
        allowed, rule = labels >= 0, f"label must be nonnegative for {objective}"
    if not allowed.all():
        raise ClientError(f"{rule}, found {labels[np.argmin(allowed)]:g}.")
