"""Quality is checked on scikit-learn's data sets: the model is the one that plain xgboost trains."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.metrics import accuracy_score, mean_squared_error, roc_auc_score
from sklearn.model_selection import train_test_split

from clary.ml import XGBoost
from clary.ml.errors import ClientError


def split(load: Any) -> Any:
    features, labels = load(return_X_y=True)
    return train_test_split(features.astype(np.float32), labels, random_state=0)


def plain(parameters: dict[str, object], rounds: int, features: Any, labels: Any) -> xgboost.Booster:
    return xgboost.train(parameters | {"nthread": 1}, xgboost.DMatrix(features, labels), rounds)


def test_binary_auc_equals_plain_xgboost() -> None:
    train, test, train_labels, test_labels = split(load_breast_cancer)
    parameters: dict[str, object] = {"objective": "binary:logistic", "max_depth": 4, "eta": 0.2}
    ours = XGBoost(num_round=30, nthread=1, **parameters).fit(train, train_labels).predict(test)
    theirs = plain(parameters, 30, train, train_labels).predict(xgboost.DMatrix(test))
    assert np.array_equal(ours, theirs)
    assert roc_auc_score(test_labels, ours) > 0.99


def test_regression_rmse_equals_plain_xgboost() -> None:
    train, test, train_labels, test_labels = split(load_diabetes)
    parameters: dict[str, object] = {"subsample": 0.7, "eta": 0.1, "seed": 3, "lambda": 2.0}
    ours = XGBoost(num_round=50, nthread=1, **parameters).fit(train, train_labels).predict(test)
    theirs = plain(parameters, 50, train, train_labels).predict(xgboost.DMatrix(test))
    assert np.array_equal(ours, theirs)
    assert mean_squared_error(test_labels, ours) < 0.85 * np.var(test_labels)


def test_classes_equal_plain_xgboost() -> None:
    train, test, train_labels, test_labels = split(load_digits)
    parameters: dict[str, object] = {"objective": "multi:softprob", "num_class": 10, "max_depth": 3}
    ours = XGBoost(num_round=15, nthread=1, **parameters).fit(train, train_labels).predict(test)
    theirs = plain(parameters, 15, train, train_labels).predict(xgboost.DMatrix(test))
    assert ours.shape == (len(test), 10)
    assert np.array_equal(ours, theirs)
    assert accuracy_score(test_labels, ours.argmax(axis=1)) > 0.93


def test_hyperparameters_as_sagemakers_strings() -> None:
    features, labels = load_breast_cancer(return_X_y=True)
    strings = XGBoost(num_round="5", max_depth="3", objective="binary:logistic").fit(features, labels)
    values = XGBoost(num_round=5, max_depth=3, objective="binary:logistic").fit(features, labels)
    assert np.array_equal(strings.predict(features), values.predict(features))


def test_weights_equal_repetition() -> None:
    features, labels = load_diabetes(return_X_y=True)
    repeats = np.random.default_rng(0).integers(1, 4, len(labels))
    weighted = XGBoost(num_round=10, tree_method="exact", base_score=100).fit(features, labels, weights=repeats)
    repeated = XGBoost(num_round=10, tree_method="exact", base_score=100).fit(
        np.repeat(features, repeats, axis=0), np.repeat(labels, repeats)
    )
    np.testing.assert_allclose(weighted.predict(features), repeated.predict(features), rtol=1e-4)


def test_order_of_rows_does_not_matter() -> None:
    features, labels = load_diabetes(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    straight = XGBoost(num_round=10, tree_method="exact").fit(features, labels)
    shuffled = XGBoost(num_round=10, tree_method="exact").fit(features[order], labels[order])
    np.testing.assert_allclose(straight.predict(features), shuffled.predict(features), rtol=1e-4)


def test_sparse_features() -> None:
    features, labels = load_digits(return_X_y=True)
    matrix = sparse.csr_matrix(features.astype(np.float32))
    model = XGBoost(num_round=3, objective="multi:softmax", num_class=10).fit(matrix, labels)
    assert accuracy_score(labels, model.predict(matrix)) > 0.9


def test_early_stopping_keeps_the_best_model() -> None:
    train, test, train_labels, test_labels = split(load_diabetes)
    model = XGBoost(num_round=200, early_stopping_rounds=5, eta=0.5, eval_metric="mae,rmse")
    model.fit(train, train_labels, validation=(test, test_labels))
    errors = model.evaluations_["validation"]["rmse"]
    assert len(errors) < 200
    assert model.booster_.num_boosted_rounds() == int(np.argmin(errors)) + 1
    predicted = model.predict(test)
    assert mean_squared_error(test_labels, predicted) == pytest.approx(min(errors) ** 2, rel=1e-4)


def test_early_stopping_on_a_metric_to_maximize_of_ours() -> None:
    train, test, train_labels, test_labels = split(load_breast_cancer)
    model = XGBoost(num_round=100, early_stopping_rounds=3, objective="binary:logistic", eval_metric="accuracy")
    model.fit(train, train_labels, validation=(test, test_labels))
    scores = model.evaluations_["validation"]["accuracy"]
    assert model.booster_.num_boosted_rounds() == int(np.argmax(scores)) + 1
    assert list(model.evaluations_["train"]) == ["accuracy"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"booster": "dart", "rate_drop": 0.1, "one_drop": 1, "objective": "binary:logistic"},
        {"booster": "gblinear", "updater": "coord_descent", "max_depth": 3},
        {"objective": "count:poisson"},
        {"objective": "reg:gamma", "base_score": 1},
        {"objective": "reg:tweedie", "tweedie_variance_power": 1.3, "eval_metric": "tweedie-nloglik@1.3"},
        {"objective": "survival:cox"},
        {"objective": "survival:aft", "aft_loss_distribution": "logistic", "eval_metric": "aft-nloglik"},
        {"objective": "reg:linear"},
        {"objective": "binary:hinge"},
        {"objective": "multi:softmax", "num_class": 2, "eval_metric": "merror,f1_macro"},
        {"tree_method": "gpu_hist", "predictor": "gpu_predictor", "deterministic_histogram": "true"},
        {"tree_method": "approx", "sketch_eps": 0.1, "grow_policy": "lossguide", "max_leaves": 7},
        {"monotone_constraints": "(1,-1)", "interaction_constraints": "[[0, 1], [2]]", "tree_method": "hist"},
        {"updater": "grow_colmaker,prune", "dsplit": "row", "refresh_leaf": 1, "verbosity": 0, "num_parallel_tree": 2},
        {"sampling_method": "uniform", "single_precision_histogram": "false", "silent": 1},
    ],
)
def test_what_sagemaker_documents_trains(parameters: dict[str, object], capfd: pytest.CaptureFixture[str]) -> None:
    features, labels = load_breast_cancer(return_X_y=True)
    labels = labels + (parameters.get("objective") in {"reg:gamma", "survival:cox", "survival:aft"})
    model = XGBoost(num_round=3, **parameters).fit(features, labels)
    assert np.isfinite(model.predict(features)).all()
    assert capfd.readouterr().err == ""


def test_ranking_by_query() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(200, 4))
    labels = (features[:, 0] > 0.5).astype(int)
    groups = np.repeat(np.arange(20), 10)
    model = XGBoost(num_round=10, objective="rank:pairwise", eval_metric="ndcg@5,map")
    scores = model.fit(features, labels, groups=groups, weights=np.ones(200)).predict(features)
    assert roc_auc_score(labels, scores) > 0.95


@pytest.mark.parametrize(
    ("parameters", "labels", "words"),
    [
        ({"objective": "binary:logistic"}, [0, 1, 2], "label must be in [0,1] for logistic regression, found 2"),
        (
            {"objective": "multi:softmax", "num_class": 2},
            [0, 1, 2],
            "label must be a whole number in [0, num_class), found 2",
        ),
        ({"monotone_constraints": "(1,1,1,1)"}, [0, 1, 2], "XGB train call failed with exception: Check failed"),
        ({"objective": "count:poisson"}, [0, -1, 2], "label must be nonnegative for count:poisson, found -1"),
        ({"num_rounds": 3}, [0, 1, 2], "Did you mean num_round?"),
    ],
)
def test_fit_refuses(parameters: dict[str, object], labels: list[int], words: str) -> None:
    with pytest.raises(ClientError) as caught:
        XGBoost(**({"num_round": 1} | parameters)).fit(np.ones((3, 2)), labels)
    assert words in str(caught.value)
    assert "Stack trace" not in str(caught.value)


def test_fit_and_predict_check_shapes() -> None:
    with pytest.raises(ClientError, match="do not agree"):
        XGBoost(num_round=1).fit(np.ones((3, 2)), [1, 2])
    model = XGBoost(num_round=1).fit(np.ones((3, 2)), [1, 2, 3])
    with pytest.raises(ClientError, match=r"expected \[rows, 2\]"):
        model.predict(np.ones((3, 5)))


def test_save_opens_in_plain_xgboost(tmp_path: Path) -> None:
    features, labels = load_diabetes(return_X_y=True)
    model = XGBoost(num_round=5).fit(features, labels)
    model.save(tmp_path / "xgboost-model")
    booster = xgboost.Booster(model_file=tmp_path / "xgboost-model")
    assert np.array_equal(booster.predict(xgboost.DMatrix(features)), model.predict(features))
    assert np.array_equal(XGBoost.load(tmp_path / "xgboost-model").predict(features), model.predict(features))
