"""Where invocations go: the hosts of every endpoint that is in service, in memory.

The jobs of endpoints keep this table; the runtime reads it for each request, so that an invocation costs no look at the
database.
"""

import asyncio
import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

#: Account, region, endpoint name.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Target:
    """One production variant: its name, the name of its host, and its share of the traffic."""

    variant: str
    host: str
    weight: float


class Route:
    """The targets of one endpoint."""

    __slots__ = ("_bounds", "_only", "_targets")

    def __init__(self, targets: Sequence[Target]) -> None:
        self._targets = tuple(targets)
        self._bounds = list(accumulate(target.weight for target in targets))
        self._only = targets[0] if len(targets) == 1 else None

    def choose(self) -> Target:
        """Return a target at random, each as often as its weight says."""
        if self._only is not None:
            return self._only
        last = len(self._targets) - 1
        return self._targets[min(bisect(self._bounds, random.random() * self._bounds[-1]), last)]  # noqa: S311

    def named(self, variant: str) -> Target | None:
        """Return the variant of that name, whatever its weight."""
        return next((target for target in self._targets if target.variant == variant), None)


class Routing:
    """The routes of all endpoints in service, and who waits for one to come."""

    def __init__(self) -> None:
        self._routes: dict[Key, Route] = {}
        self._waiting: dict[Key, asyncio.Event] = {}

    def get(self, key: Key) -> Route | None:
        """Return the endpoint's route, None while it is not in service."""
        return self._routes.get(key)

    def put(self, key: Key, route: Route) -> None:
        """Send invocations there from now on."""
        self._routes[key] = route
        if key in self._waiting:
            self._waiting.pop(key).set()

    def drop(self, key: Key) -> None:
        """Send invocations nowhere."""
        self._routes.pop(key, None)

    async def wait(self, key: Key, seconds: float) -> Route | None:
        """Wait for the endpoint's route, None when it does not come in time."""
        if key not in self._routes:
            event = self._waiting.setdefault(key, asyncio.Event())
            try:
                await asyncio.wait_for(event.wait(), seconds)
            except TimeoutError:
                return None
        return self._routes.get(key)
