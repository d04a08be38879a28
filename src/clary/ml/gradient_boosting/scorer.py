"""Predictions for requests: one row in some six microseconds, many rows by xgboost's own way.

For one row, xgboost spends a hundred microseconds on describing the arrays, and twenty of them in its C library.
treelite's evaluator (GTIL) takes a bare pointer; called without its Python wrapper it needs six for a hundred trees.
A model that treelite does not know, or scores differently, is left to xgboost.
"""

import ctypes
import json
import math
import struct
import threading
from collections.abc import Sequence

import numpy as np
import treelite
import xgboost
from treelite.core import _LIB, _check_call

from clary.ml.batches import Floats, Matrix

TOLERANCE = 1e-6
"""How far, relative to 1 or the score, the two may differ: they add the same floats in a different order."""


class RowScorer:
    """Scores rows one at a time. `choose`: the answer is the number of the largest score, as for `multi:softmax`."""

    def __init__(self, model: treelite.Model, *, choose: bool = False) -> None:
        self._model = model  # its handle must live as long as we do
        self._choose = choose
        self._lock = threading.Lock()
        self._config = ctypes.c_void_p()
        config = json.dumps({"predict_type": "default", "nthread": 1}).encode()
        _check_call(_LIB.TreeliteGTILParseConfig(config, ctypes.byref(self._config)))
        self._pack = struct.Struct(f"{model.num_feature}f").pack_into
        self._row = (ctypes.c_float * model.num_feature)()
        self._scores = (ctypes.c_float * self._outputs())()
        self._predict = _LIB.TreeliteGTILPredict
        row, scores = (ctypes.cast(array, ctypes.c_void_p) for array in (self._row, self._scores))
        self._arguments = (model.handle, row, b"float32", ctypes.c_uint64(1), scores, self._config)

    def score(self, values: Sequence[float]) -> list[float]:
        """Return the row's scores: one, or one for each class.

        Raises:
            struct.error, OverflowError: not as many values as features, or one that float32 cannot hold.
        """
        with self._lock:
            self._pack(self._row, 0, *values)
            _check_call(self._predict(*self._arguments))
            scores = self._scores[:]
        return [float(scores.index(max(scores)))] if self._choose else scores

    def __del__(self) -> None:
        _LIB.TreeliteGTILDeleteConfig(self._config)

    def _outputs(self) -> int:
        shape, dimensions = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        arguments = (
            self._model.handle,
            ctypes.c_uint64(1),
            self._config,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
        )
        _check_call(_LIB.TreeliteGTILGetOutputShape(*arguments))
        return math.prod(shape[: dimensions.value])


def row_scorer(booster: xgboost.Booster) -> RowScorer | None:
    """Return a scorer that agrees with the booster on rows that take many of its paths; None where there is none."""
    try:
        model = treelite.frontend.from_xgboost(booster)
    except treelite.TreeliteError:
        return None
    columns = booster.num_features()
    if (model.input_type, model.output_type, model.num_feature) != ("float32", "float32", columns):
        return None
    rows = _probes(columns)
    expected = score_rows(booster, rows).reshape(len(rows), -1)
    scorer = RowScorer(model, choose=_objective(booster) == "multi:softmax")
    scores = np.array([scorer.score(row) for row in rows.tolist()])
    agree = scores.shape == expected.shape and np.allclose(scores, expected, TOLERANCE, TOLERANCE, equal_nan=True)
    return scorer if agree else None


def score_rows(booster: xgboost.Booster, features: Matrix) -> Floats:
    """Return the scores of many rows: [rows], or [rows, classes]."""
    if is_linear(booster):
        linear: Floats = booster.predict(xgboost.DMatrix(features, nthread=1), validate_features=False)
        return linear
    scores: Floats = booster.inplace_predict(features, validate_features=False)
    return scores


def is_linear(booster: xgboost.Booster) -> bool:
    """Whether the booster is `gblinear`, which xgboost cannot score in place."""
    return bool(json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear")


def _objective(booster: xgboost.Booster) -> str:
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def _probes(columns: int) -> Floats:
    """Return 64 rows of values of all sizes, some missing: [64, columns]."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(64, columns)) * 10 ** random.uniform(-4, 5, size=(64, columns))
    rows[random.random(rows.shape) < 0.1] = np.nan
    rows[0] = 0
    return rows.astype(np.float32)
