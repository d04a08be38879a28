"""The hyperparameters of SageMaker's XGBoost, as its page documents them, and their rules among each other.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html; for those it leaves out (dart
and survival among them) the ranges that aws/sagemaker-xgboost-container checks, and xgboost's parameter page.
"""

from collections.abc import Mapping
from typing import Any

from clary.ml.errors import ClientError
from clary.ml.hyperparameters import Choice, Flag, Hyperparameters, Integer, Integers, Real, Words

OBJECTIVES = (
    "reg:squarederror", "reg:linear", "reg:logistic", "reg:squaredlogerror", "reg:pseudohubererror",
    "reg:absoluteerror", "reg:gamma", "reg:tweedie", "binary:logistic", "binary:logitraw", "binary:hinge",
    "count:poisson", "multi:softmax", "multi:softprob", "rank:pairwise", "rank:ndcg", "rank:map",
    "survival:cox", "survival:aft",
)  # fmt: skip

METRICS_TO_MAXIMIZE = (
    "accuracy", "auc", "aucpr", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "map", "ndcg", "pre", "precision",
    "precision_macro", "precision_micro", "r2", "recall", "recall_macro", "recall_micro",
)  # fmt: skip

METRICS_TO_MINIMIZE = (
    "aft-nloglik", "cox-nloglik", "error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy",
    "logloss", "mae", "mape", "merror", "mlogloss", "mphe", "mse", "poisson-nloglik", "rmse", "rmsle",
    "tweedie-nloglik",
)  # fmt: skip

THRESHOLDED = ("error", "ndcg", "map", "pre", "auc", "aucpr", "tweedie-nloglik")
"""Metrics that take `@` and a number."""

TREE_UPDATERS = (
    "grow_colmaker", "grow_histmaker", "grow_quantile_histmaker", "grow_local_histmaker", "grow_skmaker", "distcol",
    "sync", "refresh", "prune",
)  # fmt: skip
LINEAR_UPDATERS = ("shotgun", "coord_descent")

HYPERPARAMETERS = Hyperparameters(
    Integer("num_round", "[1, inf)", required=True),
    Integer("num_class", "[2, inf)"),
    # What is learned
    Choice("objective", OBJECTIVES, default="reg:squarederror"),
    # Differs from AWS: the page says 0.5; xgboost estimates it from the data since 2.0, in SageMaker's images too.
    Real("base_score", "(-inf, inf)", default=0.5),
    Words("eval_metric"),
    Integer("early_stopping_rounds", "[1, inf)"),
    Real("scale_pos_weight", "(0, inf)", default=1.0),
    Real("tweedie_variance_power", "(1, 2)", default=1.5),
    Choice("aft_loss_distribution", ("normal", "logistic", "extreme"), default="normal"),
    Real("aft_loss_distribution_scale", "(0, inf)", default=1.0),
    Real("huber_slope", "(0, inf)", default=1.0),
    Integer("seed", "(-2147483648, 2147483647)", default=0),
    # The trees
    Choice("booster", ("gbtree", "gblinear", "dart"), default="gbtree"),
    Real("eta", "[0, 1]", default=0.3, aliases=("learning_rate",)),
    Real("gamma", "[0, inf)", default=0.0, aliases=("min_split_loss",)),
    Integer("max_depth", "[0, inf)", default=6),
    Integer("max_leaves", "[0, inf)", default=0),
    Real("min_child_weight", "[0, inf)", default=1.0),
    Real("max_delta_step", "[0, inf)", default=0.0),
    Real("subsample", "(0, 1]", default=1.0),
    Choice("sampling_method", ("uniform", "gradient_based"), default="uniform"),
    Real("colsample_bytree", "(0, 1]", default=1.0),
    Real("colsample_bylevel", "(0, 1]", default=1.0),
    Real("colsample_bynode", "(0, 1]", default=1.0),
    Real("lambda", "[0, inf)", default=1.0, aliases=("reg_lambda",)),
    Real("alpha", "[0, inf)", default=0.0, aliases=("reg_alpha",)),
    Integer("num_parallel_tree", "[1, inf)", default=1),
    Integers("monotone_constraints", "[-1, 1]"),
    Integers("interaction_constraints", "[0, inf)", nested=True),
    Integer("max_cat_to_onehot", "[1, inf)"),
    Integer("max_cat_threshold", "[1, inf)"),
    # How they are grown
    Choice("tree_method", ("auto", "exact", "approx", "hist", "gpu_hist"), default="auto"),
    Choice("grow_policy", ("depthwise", "lossguide"), default="depthwise"),
    Integer("max_bin", "[2, inf)", default=256),
    Real("sketch_eps", "(0, 1)", default=0.03),
    Choice("process_type", ("default", "update"), default="default"),
    Words("updater", (*TREE_UPDATERS, *LINEAR_UPDATERS)),
    Flag("refresh_leaf", default=True),
    Choice("dsplit", ("row", "col"), default="row"),
    Flag("single_precision_histogram", default=False),
    Flag("deterministic_histogram", default=True),
    Choice("predictor", ("auto", "cpu_predictor", "gpu_predictor"), default="auto"),
    # dart and gblinear
    Choice("sample_type", ("uniform", "weighted"), default="uniform"),
    Choice("normalize_type", ("tree", "forest"), default="tree"),
    Real("rate_drop", "[0, 1]", default=0.0),
    Flag("one_drop", default=False),
    Real("skip_drop", "[0, 1]", default=0.0),
    Real("lambda_bias", "[0, 1]", default=0.0),
    Choice("feature_selector", ("cyclic", "shuffle", "random", "greedy", "thrifty"), default="cyclic"),
    Integer("top_k", "[0, inf)", default=0),
    # The job
    Flag("csv_weights", default=False),
    Flag("save_model_on_termination", default=False),
    Flag("use_dask_gpu_training", default=False),
    Integer("nthread", "[1, inf)"),
    Integer("verbosity", "[0, 3]", default=1),
    Flag("silent", default=False),
    Integer("prob_buffer_row", "(1, inf)"),
    Integer("_kfold", "[2, inf)"),
    Integer("_num_cv_round", "[1, inf)", default=1),
    Choice(
        "_tuning_objective_metric",
        tuple(f"validation:{metric}" for metric in (*METRICS_TO_MAXIMIZE, *METRICS_TO_MINIMIZE)),
    ),
)


def parse(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the typed values of those given, checked one by one and against each other.

    Raises:
        ClientError: naming the first that is not allowed.
    """
    parsed = HYPERPARAMETERS.parse(given)
    _check_classes(parsed)
    _check_metrics(parsed)
    _check_updaters(parsed)
    return parsed


def _check_classes(parsed: Mapping[str, Any]) -> None:
    objective = parsed.get("objective", "reg:squarederror")
    if objective.startswith("multi:") and "num_class" not in parsed:
        raise ClientError(f"Hyperparameter num_class: objective {objective} requires it, expected an integer above 1.")
    if "num_class" in parsed and not objective.startswith("multi:"):
        raise ClientError(
            f"Hyperparameter num_class: objective {objective} has no classes, it goes with multi:softmax and "
            "multi:softprob alone."
        )


def _check_metrics(parsed: Mapping[str, Any]) -> None:
    for metric in parsed.get("eval_metric", ()):
        name, at, threshold = metric.partition("@")
        known = name in METRICS_TO_MAXIMIZE or name in METRICS_TO_MINIMIZE
        if not known or (at and (name not in THRESHOLDED or not _is_threshold(threshold))):
            raise ClientError(
                f"Hyperparameter eval_metric: {metric!r} is not valid, expected a list out of "
                f"{', '.join((*METRICS_TO_MAXIMIZE, *METRICS_TO_MINIMIZE))}; "
                f"{', '.join(THRESHOLDED)} may be followed by @ and a number."
            )
        if name == "aft-nloglik" and parsed.get("objective") != "survival:aft":
            raise ClientError("Hyperparameter eval_metric: aft-nloglik goes with objective survival:aft alone.")


def _is_threshold(text: str) -> bool:
    try:
        float(text.removesuffix("-"))
    except ValueError:
        return False
    return True


def _check_updaters(parsed: Mapping[str, Any]) -> None:
    updaters = parsed.get("updater", [])
    growers = [name for name in updaters if name.startswith("grow_") or name == "distcol"]
    allowed: tuple[str, ...] = TREE_UPDATERS
    if parsed.get("booster") == "gblinear":
        allowed = LINEAR_UPDATERS
    elif parsed.get("process_type") == "update":
        allowed = ("refresh", "prune")
    if not set(updaters) <= set(allowed) or len(growers) > 1:
        raise ClientError(
            f"Hyperparameter updater: {','.join(updaters)!r} is not valid, expected one or more out of "
            f"{', '.join(allowed)}, and no more than one that grows trees."
        )
