import pytest

from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.engine import engine_parameters, threads_for
from clary.ml.gradient_boosting.hyperparameters import HYPERPARAMETERS, parse

DOCUMENTED = (
    "num_class num_round alpha base_score booster colsample_bylevel "
    "colsample_bynode colsample_bytree csv_weights deterministic_histogram early_stopping_rounds eta "
    "eval_metric gamma grow_policy interaction_constraints lambda lambda_bias "
    "max_bin max_delta_step max_depth max_leaves min_child_weight monotone_constraints "
    "normalize_type nthread objective one_drop process_type rate_drop "
    "refresh_leaf sample_type scale_pos_weight seed single_precision_histogram sketch_eps "
    "skip_drop subsample tree_method tweedie_variance_power updater use_dask_gpu_training "
    "verbosity "
)


def test_every_documented_hyperparameter_is_declared() -> None:
    assert set(DOCUMENTED.split()) <= set(HYPERPARAMETERS.declared)


def test_every_default_is_allowed() -> None:
    for declared in HYPERPARAMETERS.declared.values():
        if declared.default is not None:
            assert declared.parse(str(declared.default)) == declared.default, declared.name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": "0"}, "num_round: '0' is not valid, expected an integer in [1, inf)"),
        ({"num_round": "1", "eta": "1.1"}, "eta: '1.1' is not valid, expected a number in [0, 1]"),
        ({"num_round": "1", "objective": "binary:logistics"}, "objective: 'binary:logistics' is not valid"),
        ({"num_round": "1", "objective": "multi:softmax"}, "num_class: objective multi:softmax requires it"),
        ({"num_round": "1", "num_class": "3"}, "num_class: objective reg:squarederror has no classes"),
        ({"num_round": "1", "eval_metric": "auc,foo"}, "eval_metric: 'foo' is not valid"),
        ({"num_round": "1", "eval_metric": "rmse@2"}, "eval_metric: 'rmse@2' is not valid"),
        ({"num_round": "1", "eval_metric": "error@x"}, "eval_metric: 'error@x' is not valid"),
        ({"num_round": "1", "eval_metric": "aft-nloglik"}, "goes with objective survival:aft"),
        ({"num_round": "1", "updater": "grow_colmaker,grow_histmaker"}, "no more than one that grows trees"),
        ({"num_round": "1", "updater": "shotgun"}, "updater: 'shotgun' is not valid"),
        ({"num_round": "1", "updater": "prune", "booster": "gblinear"}, "expected one or more out of shotgun"),
        ({"num_round": "1", "process_type": "update", "updater": "sync"}, "expected one or more out of refresh"),
        ({"num_round": "1", "max_dept": "3"}, "Extraneous hyperparameter found: max_dept. Did you mean max_depth?"),
    ],
)
def test_parse_names_what_is_wrong(given: dict[str, str], words: str) -> None:
    with pytest.raises(ClientError) as caught:
        parse(given)
    assert words in str(caught.value)


@pytest.mark.parametrize("metrics", ["auc,error@0.7", '["ndcg@5-", "map@3"]', "rmse"])
def test_parse_takes_metrics(metrics: str) -> None:
    assert parse({"num_round": "1", "eval_metric": metrics})["eval_metric"]


def test_engine_gets_what_xgboost_still_has() -> None:
    given = {
        "num_round": "5",
        "eta": "0.1",
        "objective": "reg:linear",
        "tree_method": "gpu_hist",
        "sketch_eps": "0.03",
        "rate_drop": "0.5",
        "predictor": "gpu_predictor",
        "dsplit": "row",
        "silent": "1",
        "monotone_constraints": "(1, 0)",
        "updater": "refresh,prune",
        "refresh_leaf": "false",
    }
    assert engine_parameters(parse(given)) == {
        "eta": 0.1,
        "objective": "reg:squarederror",
        "tree_method": "hist",
        "max_bin": 34,
        "verbosity": 0,
        "monotone_constraints": "(1, 0)",
        "updater": "refresh,prune",
        "refresh_leaf": 0,
    }


def test_engine_names_an_updater_that_xgboost_dropped() -> None:
    with pytest.raises(ClientError, match="no longer has grow_skmaker, use grow_histmaker"):
        engine_parameters({"updater": ["grow_skmaker"]})


def test_threads_grow_with_the_data() -> None:
    assert threads_for(1) == 1
    assert threads_for(10**9) == 0
