"""A listener in a thread, on uvloop as in production, and raw sockets against it."""

import asyncio
import http.client
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvloop

from clary.wire.connection import Handler, Limits
from clary.wire.server import Listener, Tunnel

#: Waits in tests end after this many seconds.
PATIENCE = 10.0


class Running:
    """A listener that serves `handler` on a free port of loopback."""

    def __init__(self, handler: Handler, limits: Limits | None = None, tunnel: Tunnel | None = None) -> None:
        self.loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.listener = Listener(handler, "127.0.0.1", 0, now=time.time, limits=limits, tunnel=tunnel)
        self.run(self.listener.start())
        self.port = self.listener.port
        self._clients: list[http.client.HTTPConnection] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.run(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def _stop(self) -> None:
        await self.listener.stop(grace=0.2)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def http(self) -> http.client.HTTPConnection:
        self._clients.append(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE))
        return self._clients[-1]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def ask(self, data: bytes) -> bytes:
        """Send bytes and return all that comes until the server closes."""
        with self.connect() as client:
            client.sendall(data)
            return self.rest(client)

    @staticmethod
    def rest(client: socket.socket) -> bytes:
        """Return what comes until the server closes."""
        parts = []
        while part := client.recv(65536):
            parts.append(part)
        return b"".join(parts)


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    """Return a function that serves a handler until the test ends: `serve(handler, limits, tunnel)`."""
    started = []

    def start(*args: Any, **options: Any) -> Running:
        started.append(Running(*args, **options))
        return started[-1]

    yield start
    for running in started:
        running.stop()
