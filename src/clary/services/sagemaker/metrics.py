"""Metrics that a training job prints: what MetricDefinitions find in its log.

The built-in algorithms' metrics need no definitions. XGBoost prints one line each round, `[3]<tab>train-auc:0.99<tab>
validation-auc:0.95`, of which AWS makes `train:auc` and `validation:auc`; CloudWatch shows the tab as `#011`, which
the regular expressions of AWS's page therefore expect, so a line is matched in both spellings.

RE2 matches the users' expressions, in time that grows with the line alone: one with nested repeats would stop a server
that tries one way after another.
"""

import re
from collections.abc import Sequence
from typing import Any

import re2

from clary.services.sagemaker.errors import validation
from clary.services.sagemaker.models import Document

#: A metric is looked for in the beginning of a line only, so that no expression takes long over a huge one.
_LONGEST = 4096
_ROUND = re.compile(r"\[\d+\]")
_ROUND_METRIC = re.compile(
    r"(?:\t|#011)(train|validation)-([\w@.+-]+?):([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|nan|inf)"
)


class Metrics:
    """The last value of each metric of one job."""

    def __init__(self, definitions: Sequence[Document]) -> None:
        """Take MetricDefinitions.

        Raises:
            AwsError: a Regex is not a regular expression, or has no group that captures the value.
        """
        self._patterns = [(definition["Name"], _compile(definition)) for definition in definitions]
        self._last: dict[str, tuple[float, float]] = {}

    def read(self, text: str, at: float) -> None:
        """Look for metrics in one line, written `at` (seconds since the epoch)."""
        text = text[:_LONGEST]
        if _ROUND.search(text):
            for data, metric, value in _ROUND_METRIC.findall(text):
                self._last[f"{data}:{metric}"] = (float(value), at)
        for name, pattern in self._patterns:
            match = pattern.search(text) or ("\t" in text and pattern.search(text.replace("\t", "#011")))
            if match:
                self._record(name, match[1], at)

    def _record(self, name: str, value: str | None, at: float) -> None:
        try:
            self._last[name] = (float(value or ""), at)
        except ValueError:
            return  # AWS too passes over what is no number

    def final(self) -> list[Document]:
        """Return FinalMetricDataList. NaN and infinities, which JSON cannot carry, are left out."""
        return [
            {"MetricName": name, "Value": value, "Timestamp": at}
            for name, (value, at) in self._last.items()
            if value - value == 0
        ]


def _compile(definition: Document) -> Any:
    """Return the RE2 pattern of a definition.

    # Differs from AWS: an expression that looks ahead, looks behind or refers back is refused, for RE2 has none of
    # these.
    """
    name, regex = definition["Name"], definition["Regex"]
    options = re2.Options()
    options.log_errors = False
    try:
        pattern = re2.compile(regex, options=options)
    except re2.error as error:
        why = error.args[0].decode(errors="replace")
        raise validation(f"The Regex of the metric {name!r} is not a regular expression: {why}.") from error
    if pattern.groups < 1:
        raise validation(f"The Regex of the metric {name!r} needs a group that captures the value: {regex}")
    return pattern
