"""xgboost's failures, as errors that say who can mend them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import xgboost

from clary.ml.errors import AlgorithmError, ClientError

PREFIX = re.compile(r"^\s*\[[\d:]+\] \S+:\d+: ")
"""The time and the source file, before the text of one of xgboost's errors."""

USERS_FAULTS = ("must be", "should be", "invalid", "unknown", "expect", "mismatch", "contains", "not support", "label")
"""Words of xgboost's checks of parameters and data; its other failures are ours."""


@contextmanager
def explained() -> Iterator[None]:
    """Turn xgboost's errors into ours; also a decorator, `@explained()`.

    Raises:
        ClientError: xgboost refused the parameters or the data.
        AlgorithmError: it failed otherwise.
    """
    try:
        yield
    except xgboost.core.XGBoostError as error:
        # Its own words, without the stack trace.
        text = PREFIX.sub("", str(error).split("Stack trace:")[0]).strip()
        kind = ClientError if any(word in text.lower() for word in USERS_FAULTS) else AlgorithmError
        raise kind(f"XGB train call failed with exception: {text}") from error
