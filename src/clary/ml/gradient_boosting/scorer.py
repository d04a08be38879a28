"""Predictions for requests: one row in some twenty microseconds, many rows by xgboost's ordinary way.

`Booster.inplace_predict` spends nearly all its time, for one row, on describing the arrays to the C library. A row
scorer describes one buffer once and calls the library's own function with it, so the predictions are the same bits.
"""

import ctypes
import json
import struct
import threading
from collections.abc import Sequence

import xgboost

from clary.ml.batches import Floats, Matrix

_library = xgboost.core._LIB  # the C API is public, its Python handle is not


class RowScorer:
    """Scores rows of `feature_count` values one at a time, with the first `rounds` rounds (0: all).

    Not for boosters of linear functions.
    """

    def __init__(self, booster: xgboost.Booster, feature_count: int, rounds: int) -> None:
        self._booster = booster  # its handle must live as long as we do
        self._lock = threading.Lock()
        self._pack = struct.Struct(f"{feature_count}f").pack_into
        self._row = (ctypes.c_float * feature_count)()
        self._scores = ctypes.POINTER(ctypes.c_float)()
        self._proxy = ctypes.c_void_p()
        _check(_library.XGProxyDMatrixCreate(ctypes.byref(self._proxy)))
        shape, dimensions = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64()
        address = ctypes.addressof(self._row)
        array = {"data": [address, True], "shape": [1, feature_count], "typestr": "<f4", "version": 3}
        config = {
            "type": 0,
            "training": False,
            "iteration_begin": 0,
            "iteration_end": rounds,
            "missing": float("nan"),
            "strict_shape": True,
            "cache_id": 0,
        }
        self._predict = _library.XGBoosterPredictFromDense
        self._arguments = (
            booster.handle,
            json.dumps(array).encode(),
            json.dumps(config).encode(),
            self._proxy,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
            ctypes.byref(self._scores),
        )
        _check(self._predict(*self._arguments))
        self._outputs = int(shape[1])

    def score(self, values: Sequence[float]) -> list[float]:
        """Return the row's scores: one, or one for each class.

        Raises:
            struct.error, OverflowError: not `feature_count` values that float32 can hold.
        """
        with self._lock:
            self._pack(self._row, 0, *values)
            _check(self._predict(*self._arguments))
            return self._scores[: self._outputs]

    def __del__(self) -> None:
        _library.XGDMatrixFree(self._proxy)


def score_rows(booster: xgboost.Booster, features: Matrix, rounds: int) -> Floats:
    """Return the scores of many rows: [rows], or [rows, classes]."""
    if is_linear(booster):
        matrix = xgboost.DMatrix(features, nthread=1)
        scores: Floats = booster.predict(matrix, validate_features=False, iteration_range=(0, rounds))
    else:
        scores = booster.inplace_predict(features, validate_features=False, iteration_range=(0, rounds))
    return scores


def is_linear(booster: xgboost.Booster) -> bool:
    """Whether the booster is `gblinear`, which xgboost cannot score in place."""
    return bool(json.loads(booster.save_config())["learner"]["gradient_booster"]["name"] == "gblinear")


def _check(code: int) -> None:
    if code:
        raise xgboost.core.XGBoostError(_library.XGBGetLastError().decode())
