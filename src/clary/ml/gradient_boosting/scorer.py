"""Predictions for requests: one row in some six microseconds, many rows by xgboost's own way.

For one row, xgboost spends a hundred microseconds on describing the arrays, and twenty of them in its C library.
treelite's evaluator (GTIL) takes a bare pointer; called without its Python wrapper it needs six for a hundred trees.
A model that treelite does not know, or scores differently, is left to xgboost.
"""

import ctypes
import json
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
    """Scores rows of `feature_count` values one at a time."""

    def __init__(self, model: treelite.Model, feature_count: int, outputs: int) -> None:
        self._model = model  # its handle must live as long as we do
        self._lock = threading.Lock()
        self._pack = struct.Struct(f"{feature_count}f").pack_into
        self._row = (ctypes.c_float * feature_count)()
        self._scores = (ctypes.c_float * outputs)()
        self._config = ctypes.c_void_p()
        config = json.dumps({"predict_type": "default", "nthread": 1}).encode()
        _check_call(_LIB.TreeliteGTILParseConfig(config, ctypes.byref(self._config)))
        self._predict = _LIB.TreeliteGTILPredict
        row, scores = (ctypes.cast(array, ctypes.c_void_p) for array in (self._row, self._scores))
        self._arguments = (model.handle, row, b"float32", ctypes.c_uint64(1), scores, self._config)

    def score(self, values: Sequence[float]) -> list[float]:
        """Return the row's scores: one, or one for each class.

        Raises:
            struct.error, OverflowError: not `feature_count` values that float32 can hold.
        """
        with self._lock:
            self._pack(self._row, 0, *values)
            _check_call(self._predict(*self._arguments))
            return self._scores[:]

    def __del__(self) -> None:
        _LIB.TreeliteGTILDeleteConfig(self._config)


def row_scorer(booster: xgboost.Booster) -> RowScorer | None:
    """Return a scorer that agrees with the booster on rows that take many of its paths; None where there is none."""
    columns = booster.num_features()
    rows = _probes(columns)
    expected = score_rows(booster, rows).reshape(len(rows), -1)
    try:
        scorer = RowScorer(treelite.frontend.from_xgboost(booster), columns, expected.shape[1])
        scores = np.array([scorer.score(row) for row in rows.tolist()])
    except treelite.core.TreeliteError:
        return None
    agree = np.allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
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


def _probes(columns: int) -> Floats:
    """Return 64 rows of values of all sizes, some missing: [64, columns]."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(64, columns)) * 10 ** random.uniform(-4, 5, size=(64, columns))
    rows[random.random(rows.shape) < 0.1] = np.nan
    rows[0] = 0
    return rows.astype(np.float32)
