import struct
from collections.abc import Callable

import numpy as np
import pytest
import xgboost

from clary.ml.batches import Floats
from clary.ml.gradient_boosting.scorer import row_scorer, score_rows

Train = Callable[..., xgboost.Booster]


@pytest.mark.parametrize(
    ("objective", "parameters"),
    [
        ("binary:logistic", {}),
        ("binary:logistic", {"booster": "dart", "rate_drop": 0.3}),
        ("binary:logistic", {"scale_pos_weight": 3, "base_score": 0.2}),
        ("binary:logitraw", {}),
        ("binary:hinge", {}),
        ("reg:squarederror", {"num_parallel_tree": 3}),
        ("reg:squarederror", {"max_depth": 0, "max_leaves": 8, "grow_policy": "lossguide"}),
        ("reg:logistic", {"scale_pos_weight": 1}),
        ("reg:gamma", {}),
        ("reg:tweedie", {}),
        ("count:poisson", {}),
        ("survival:cox", {}),
        ("multi:softprob", {}),
        ("multi:softmax", {}),
        ("rank:pairwise", {}),
    ],
)
def test_row_scorer_equals_xgboost(
    train: Train, features: Floats, objective: str, parameters: dict[str, object]
) -> None:
    booster = train("binary:logistic" if objective == "reg:logistic" else objective, **parameters)
    expected = score_rows(booster, features).reshape(len(features), -1)
    scorer = row_scorer(booster)
    assert scorer is not None
    scores = np.array([scorer.score(row) for row in features.tolist()])
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-6)


def test_row_scorer_refuses_rows_of_another_length(train: Train) -> None:
    scorer = row_scorer(train())
    assert scorer is not None
    with pytest.raises(struct.error):
        scorer.score([1.0])


def test_row_scorer_leaves_linear_models_to_xgboost(train: Train, features: Floats) -> None:
    booster = train("reg:squarederror", booster="gblinear")
    assert row_scorer(booster) is None
    complete = np.nan_to_num(features)
    assert np.array_equal(score_rows(booster, complete), booster.predict(xgboost.DMatrix(complete)))


def test_row_scorer_leaves_a_model_that_scores_differently_to_xgboost(
    train: Train, monkeypatch: pytest.MonkeyPatch
) -> None:
    booster, other = train(), train(rounds=3)
    expected = score_rows(other, np.zeros((64, 4), np.float32))
    monkeypatch.setattr("clary.ml.gradient_boosting.scorer.score_rows", lambda *_: expected)
    assert row_scorer(booster) is None
