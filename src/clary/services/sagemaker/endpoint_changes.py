"""Tells the job of an endpoint that the endpoint is to change."""

import asyncio


class EndpointChanges:
    """One event for each endpoint whose job listens. A change that nobody hears is found by the job when it starts."""

    def __init__(self) -> None:
        self._events: dict[tuple[str, str], asyncio.Event] = {}

    def listen(self, scope: str, name: str) -> asyncio.Event:
        """Return the event that `tell` sets."""
        return self._events.setdefault((scope, name), asyncio.Event())

    def forget(self, scope: str, name: str) -> None:
        """Listen no more."""
        self._events.pop((scope, name), None)

    def tell(self, scope: str, name: str) -> None:
        """Say that the endpoint's record has changed."""
        if event := self._events.get((scope, name)):
            event.set()
