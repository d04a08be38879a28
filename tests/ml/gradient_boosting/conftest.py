from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xgboost

from clary.ml.batches import Floats

Train = Callable[..., xgboost.Booster]


@pytest.fixture
def features() -> Floats:
    """Return 300 rows of four features, some missing."""
    random = np.random.default_rng(7)
    matrix = random.normal(size=(300, 4)).astype(np.float32)
    matrix[random.random(matrix.shape) < 0.1] = np.nan
    return matrix


@pytest.fixture
def train(features: Floats) -> Train:
    """Return a function that trains a small booster on the features, with labels that suit the objective."""

    def run(objective: str = "binary:logistic", rounds: int = 8, **parameters: Any) -> xgboost.Booster:
        labels = (np.nan_to_num(features[:, 0]) > 0).astype(int) + (np.nan_to_num(features[:, 1]) > 0)
        if objective.startswith("binary"):
            labels = labels > 0
        if objective.startswith("multi"):
            parameters["num_class"] = 3
        if objective in {"reg:gamma", "survival:cox"}:
            labels = labels + 1
        return xgboost.train({"objective": objective} | parameters, xgboost.DMatrix(features, labels), rounds)

    return run
