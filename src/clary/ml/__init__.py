"""The algorithms, the data formats and the engines. Runs in job processes, and as a library."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clary.ml.gradient_boosting.estimator import XGBoost as XGBoost

__all__ = ["XGBoost"]


def __getattr__(name: str) -> object:
    # On first use: an engine takes most of a second to import, and no program needs them all.
    if name == "XGBoost":
        from clary.ml.gradient_boosting.estimator import XGBoost  # noqa: PLC0415  # on first use, see above

        return XGBoost
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
