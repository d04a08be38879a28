"""XGBoost with SageMaker's hyperparameters, as a library.

    model = XGBoost(num_round=100, objective="binary:logistic", eta=0.1).fit(features, labels)
    scores = model.predict(features)

The boosting itself is xgboost's: training with the same parameters gives the same model.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import xgboost
from scipy import sparse

from clary.ml.batches import Batch, Floats, Matrix
from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.artefact import load_booster, save_booster
from clary.ml.gradient_boosting.engine import engine_parameters, threads_for
from clary.ml.gradient_boosting.failure import explained
from clary.ml.gradient_boosting.hyperparameters import METRICS_TO_MAXIMIZE, parse
from clary.ml.gradient_boosting.matrices import matrix_of
from clary.ml.gradient_boosting.metrics import evaluator, is_ours


class XGBoost:
    """Gradient-boosted trees. Hyperparameters are SageMaker's, as Python values or as SageMaker's strings.

    After `fit` or `load`: `booster_` (xgboost's own object) and `feature_count_`; after `fit` alone `evaluations_`:
    {"train": {"rmse": [one value a round]}, "validation": …}.
    """

    def __init__(self, **hyperparameters: object) -> None:
        self.hyperparameters = hyperparameters

    @explained()
    def fit(
        self,
        features: Matrix | npt.ArrayLike,
        labels: npt.ArrayLike,
        *,
        weights: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        validation: tuple[Matrix | npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> Self:
        """Train on features [rows, columns] and labels [rows].

        Raises:
            ClientError: a hyperparameter, or the data, is not allowed.
            AlgorithmError: xgboost fails otherwise.
        """
        parsed = parse(self.hyperparameters)
        train = matrix_of(_batch(features, labels, weights, groups), parsed)
        held_out = None if validation is None else matrix_of(_batch(*validation), parsed)
        self.evaluations_: dict[str, dict[str, list[float]]] = {}
        self.booster_ = boost(parsed, train, held_out, evaluations=self.evaluations_)
        self.feature_count_ = self.booster_.num_features()
        return self

    def predict(self, features: Matrix | npt.ArrayLike) -> Floats:
        """Return the predictions, [rows], or [rows, classes] for `multi:softprob`."""
        matrix = _matrix(features)
        if len(matrix.shape) != 2 or matrix.shape[1] != self.feature_count_:
            raise ClientError(f"features have shape {matrix.shape}, expected [rows, {self.feature_count_}].")
        predictions: Floats = self.booster_.predict(xgboost.DMatrix(matrix), validate_features=False)
        return predictions

    def save(self, path: Path) -> None:
        """Write the model in xgboost's UBJSON format."""
        save_booster(self.booster_, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model that `save`, xgboost or SageMaker wrote."""
        model = cls()
        model.booster_ = load_booster(path)
        model.feature_count_ = model.booster_.num_features()
        return model


def boost(
    parsed: Mapping[str, Any],
    train: xgboost.DMatrix,
    validation: xgboost.DMatrix | None = None,
    *,
    callbacks: Sequence[xgboost.callback.TrainingCallback] = (),
    start: xgboost.Booster | None = None,
    evaluations: dict[str, dict[str, list[float]]] | None = None,
) -> xgboost.Booster:
    """Train with checked hyperparameters, taking up from `start` where given, until `num_round` rounds are done.

    Early stopping watches the last metric, on the validation data where there are any, and keeps the best model.

    Raises:
        XGBoostError: xgboost refuses the parameters or the data, or fails; `explained` says which.
    """
    names = _metrics(parsed)
    objective = parsed.get("objective", "reg:squarederror")
    parameters = {"nthread": threads_for(train.num_row() * train.num_col())} | engine_parameters(parsed)
    if builtin := [name for name in names if not is_ours(name)]:
        parameters["eval_metric"] = builtin
    ours = [name for name in names if is_ours(name)]
    done = start.num_boosted_rounds() if start else 0
    return xgboost.train(
        parameters | ({"disable_default_eval_metric": 1} if ours and not builtin else {}),
        train,
        num_boost_round=max(parsed["num_round"] - done, 0),
        evals=[(train, "train")] + ([(validation, "validation")] if validation is not None else []),
        custom_metric=evaluator(ours, objective) if ours else None,
        callbacks=[*callbacks, *_early_stopping(parsed, names, validation)],
        evals_result=evaluations,
        verbose_eval=False,
        xgb_model=start,
    )


def _metrics(parsed: Mapping[str, Any]) -> list[str]:
    """Return the metrics asked for; the one that tuning looks at comes last, where early stopping looks too."""
    names: list[str] = list(parsed.get("eval_metric", ()))
    if "_tuning_objective_metric" in parsed:
        tuned = parsed["_tuning_objective_metric"].partition(":")[2]
        names = [name for name in names if name != tuned] + [tuned]
    return names


def _early_stopping(
    parsed: Mapping[str, Any], names: Sequence[str], validation: xgboost.DMatrix | None
) -> list[xgboost.callback.TrainingCallback]:
    if "early_stopping_rounds" not in parsed:
        return []
    metric = names[-1] if names else None
    return [
        xgboost.callback.EarlyStopping(
            rounds=parsed["early_stopping_rounds"],
            metric_name=metric,
            data_name="train" if validation is None else "validation",
            maximize=None if metric is None else metric.partition("@")[0] in METRICS_TO_MAXIMIZE,
            save_best=parsed.get("booster") != "gblinear",
        )
    ]


def _batch(
    features: Matrix | npt.ArrayLike,
    labels: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    groups: npt.ArrayLike | None = None,
) -> Batch:
    matrix = _matrix(features)
    target = np.asarray(labels, np.float32)
    if len(matrix.shape) != 2 or target.shape != matrix.shape[:1]:
        raise ClientError(f"features {matrix.shape} and labels {target.shape} do not agree: [rows, columns], [rows].")
    return Batch(
        matrix,
        target,
        None if weights is None else np.asarray(weights, np.float32),
        None if groups is None else np.asarray(groups, np.int64),
    )


def _matrix(features: Matrix | npt.ArrayLike) -> Matrix:
    return features if sparse.issparse(features) else np.asarray(features, np.float32)
