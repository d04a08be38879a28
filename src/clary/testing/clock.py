"""A clock that tests move."""

import time


class FakeClock:
    """The machine's clock plus what `advance` added, so that days pass in a test at once."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._ahead += seconds
