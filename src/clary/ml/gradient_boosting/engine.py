"""From SageMaker's hyperparameters to those of the installed xgboost.

SageMaker's page still documents what xgboost has since renamed or dropped. A training job must not fail, nor warn
about an unused parameter, because of a value that no longer changes anything.
"""

import math
import os
from collections.abc import Mapping
from typing import Any

from clary.ml.errors import ClientError

OURS = frozenset({
    "num_round", "early_stopping_rounds", "eval_metric", "csv_weights", "save_model_on_termination", "_kfold",
    "_num_cv_round", "_tuning_objective_metric",
})  # fmt: skip
"""What the training loop uses; xgboost never sees it."""

DROPPED = frozenset({
    "dsplit", "single_precision_histogram", "deterministic_histogram", "predictor", "lambda_bias",
    "use_dask_gpu_training", "prob_buffer_row",
})  # fmt: skip
"""What xgboost no longer has and what changes no result."""

VALUES_A_THREAD = 100_000

REMOVED_UPDATERS = {"grow_local_histmaker": "grow_histmaker", "grow_skmaker": "grow_histmaker", "distcol": None}

TREES_ONLY = frozenset({
    "gamma", "max_depth", "max_leaves", "min_child_weight", "max_delta_step", "subsample", "sampling_method",
    "colsample_bytree", "colsample_bylevel", "colsample_bynode", "num_parallel_tree", "monotone_constraints",
    "interaction_constraints", "max_cat_to_onehot", "max_cat_threshold", "tree_method", "grow_policy", "max_bin",
    "sketch_eps", "process_type", "refresh_leaf",
})  # fmt: skip
DART_ONLY = frozenset({"sample_type", "normalize_type", "rate_drop", "one_drop", "skip_drop"})
LINEAR_ONLY = frozenset({"feature_selector", "top_k"})


def engine_parameters(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return xgboost's parameters for checked hyperparameters.

    Differs from AWS: `gpu_hist` trains with `hist` on the CPU, for xgboost's CPU build has no other; the model is the
    same but for rounding.
    """
    booster = parsed.get("booster", "gbtree")
    foreign = _foreign(booster)
    engine = {name: value for name, value in parsed.items() if name not in OURS | DROPPED | foreign}
    if engine.get("objective") == "reg:linear":
        engine["objective"] = "reg:squarederror"
    if engine.get("tree_method") == "gpu_hist":
        engine["tree_method"] = "hist"
    if "sketch_eps" in engine:
        engine.setdefault("max_bin", math.ceil(1 / engine["sketch_eps"]))
        del engine["sketch_eps"]
    if engine.pop("silent", False):
        engine.setdefault("verbosity", 0)
    if "updater" in engine:
        engine["updater"] = ",".join(_updaters(engine["updater"]))
    for name in ("refresh_leaf", "one_drop"):
        if name in engine:
            engine[name] = int(engine[name])
    for name in ("monotone_constraints", "interaction_constraints"):
        if name in engine:
            engine[name] = str(tuple(engine[name]) if name == "monotone_constraints" else engine[name])
    return engine


def threads_for(values: int) -> int:
    """Return how many threads training on that many values is worth; 0 is xgboost's own choice, one for each CPU.

    Below some hundred thousand values for each, they wait for one another longer than they work.
    """
    worth = max(1, values // VALUES_A_THREAD)
    return worth if worth < len(os.sched_getaffinity(0)) else 0


def _foreign(booster: str) -> frozenset[str]:
    """Return what the chosen booster does not know."""
    if booster == "gblinear":
        return TREES_ONLY | DART_ONLY
    return LINEAR_ONLY if booster == "dart" else LINEAR_ONLY | DART_ONLY


def _updaters(names: list[str]) -> list[str]:
    for name in names:
        if name in REMOVED_UPDATERS:
            other = REMOVED_UPDATERS[name]
            hint = f", use {other}" if other else ""
            raise ClientError(f"Hyperparameter updater: xgboost no longer has {name}{hint}.")
    return names
