"""One line of the table: what was measured, against what, and what the figure must be."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """A ratio (or an absolute figure where `unit` is given) with its bound: at most or at least `must`."""

    what: str
    value: float
    must: float
    aim: float
    better: Literal["less", "more"] = "less"
    unit: str = "×"
    detail: str = ""

    @property
    def met(self) -> bool:
        return self.value <= self.must if self.better == "less" else self.value >= self.must

    def row(self) -> str:
        sign = "≤" if self.better == "less" else "≥"
        verdict = "ok" if self.met else "MISSED"
        return (
            f"{verdict:6}  {self.value:8.3g} {self.unit:3} (must {sign} {self.must:g}, aim {sign} {self.aim:g})  "
            f"{self.what}\n{'':8}{self.detail}"
        )


def alternate(rounds: int, ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float, float]:
    """Measure both in turn; return the medians of each and of the pairwise ratios.

    A pair's ratio holds when the machine's speed drifts.
    """
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return median(a for a, _ in pairs), median(b for _, b in pairs), median(a / b for a, b in pairs)
