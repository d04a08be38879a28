"""XGBoost as a container: what `clary.ml.container` asks of an algorithm."""

from clary.ml.gradient_boosting.serving import load
from clary.ml.gradient_boosting.training import train

__all__ = ["load", "train"]
