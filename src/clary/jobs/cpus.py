"""Which CPUs a program may use: the least taken ones, so that small programs do not crowd on one."""

import math
from collections.abc import Iterable


class CpuShares:
    """Counts for each CPU how many programs are bound to it."""

    def __init__(self, cpus: Iterable[int]) -> None:
        self._load = dict.fromkeys(sorted(cpus), 0)

    def take(self, amount: float | None) -> list[int]:
        """Return the CPUs for a program that may use `amount` of them; none in particular when it may use all."""
        if amount is None or math.ceil(amount) >= len(self._load):
            return []
        cpus = sorted(self._load, key=lambda cpu: self._load[cpu])[: max(1, math.ceil(amount))]
        for cpu in cpus:
            self._load[cpu] += 1
        return cpus

    def give_back(self, cpus: list[int]) -> None:
        """The program that was bound to these has ended."""
        for cpu in cpus:
            self._load[cpu] -= 1
