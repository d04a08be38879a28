"""Time, so that tests can set it."""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Everything that is stored or compared with something stored asks a clock, never `time` itself."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time()
