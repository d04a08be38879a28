"""Selectable inference: the environment variable `SAGEMAKER_INFERENCE_OUTPUT` names what an answer holds for each row.

    SAGEMAKER_INFERENCE_OUTPUT=predicted_label,probabilities  ->  {"predicted_label": 1, "probabilities": [0.2, 0.8]}

What an objective cannot say is NaN. Source: aws/sagemaker-xgboost-container, serve_utils.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from clary.ml.errors import ClientError

Score: TypeAlias = float | list[float]
Selected: TypeAlias = float | int | list[float] | list[int]

REGRESSION = ("reg:squarederror", "reg:logistic", "reg:gamma", "reg:tweedie")
CLASSES = ("predicted_label", "labels", "raw_score", "raw_scores")
PROBABILITIES = (*CLASSES, "probability", "probabilities")

OFFERED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(REGRESSION, ("predicted_score",)),
    "binary:logistic": PROBABILITIES,
    "binary:logitraw": CLASSES,
    "binary:hinge": CLASSES,
    "multi:softmax": CLASSES,
    "multi:softprob": PROBABILITIES,
}
KEYS = (*PROBABILITIES, "predicted_score")


class Selection:
    """The keys that an endpoint's environment selects, for models of one objective."""

    def __init__(self, text: str, objective: str, classes: int) -> None:
        self.keys = [key.strip() for key in text.lower().split(",")]
        unknown = [key for key in self.keys if key not in KEYS]
        if unknown:
            raise ClientError(f"SAGEMAKER_INFERENCE_OUTPUT names {unknown[0]!r}, expected some of {', '.join(KEYS)}.")
        if objective not in OFFERED:
            raise ClientError(f"Objective {objective} is not supported for selectable inference predictions.")
        self._offered = OFFERED[objective]
        self._objective = objective
        self._labels = list(range(classes)) if objective.startswith("multi:") else [0, 1]

    def of(self, score: Score) -> dict[str, Selected]:
        """Return what is selected of one row's score (a list of them for `multi:softprob`)."""
        return {key: SELECT[key](self, score) if key in self._offered else float("nan") for key in self.keys}

    def _label(self, score: Score) -> int | float:
        if isinstance(score, list):
            return score.index(max(score))
        if self._objective == "binary:logistic":
            return int(score > 0.5)
        return int(score > 0) if self._objective == "binary:logitraw" else score

    def _all_labels(self, _score: Score) -> list[int]:
        return self._labels

    def _winner(self, score: Score) -> float:
        return max(score) if isinstance(score, list) else score

    def _each(self, score: Score) -> list[float]:
        return score if isinstance(score, list) else [1.0 - score, score]

    def _itself(self, score: Score) -> Score:
        return score


SELECT: Mapping[str, Callable[[Selection, Score], Selected]] = {
    "predicted_label": Selection._label,
    "labels": Selection._all_labels,
    "probability": Selection._winner,
    "probabilities": Selection._each,
    "raw_score": Selection._winner,
    "raw_scores": Selection._each,
    "predicted_score": Selection._itself,
}
