"""The HTTP server: one listening socket, its connections, and how they end."""

import asyncio
import contextlib
from collections.abc import Callable
from email.utils import formatdate

from clary.wire.connection import Handler, HttpConnection, Limits
from clary.wire.exchange import Refused

#: Takes over a connection that asked to CONNECT to an authority (`host:port`), with the bytes after the request's head.
Tunnel = Callable[["Listener", HttpConnection, str, bytes], None]


class Listener:
    """Serves HTTP/1.1 on one address: `start`, then `port` tells where; `stop` drains.

    `handler` answers every request; what it raises becomes a plain 500 and a line in the log. `now` gives the time for
    the Date header, in seconds since the epoch. `tunnel` takes CONNECT requests, which are refused without one.
    """

    def __init__(
        self,
        handler: Handler,
        host: str,
        port: int,
        *,
        now: Callable[[], float],
        tunnel: Tunnel | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.handler = handler
        self.limits = limits or Limits()
        self.host = host
        self.port = port
        self._now = now
        self._tunnel = tunnel
        self._connections: set[HttpConnection] = set()
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._empty: asyncio.Event | None = None
        self._date = (0, "")

    async def start(self) -> None:
        """Bind and begin to serve. Port 0 takes a free one, which `port` then names.

        Raises:
            OSError: the address is in use, or is not this machine's.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: HttpConnection(self), self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        self._expire()

    async def stop(self, grace: float) -> None:
        """Accept nothing more, let requests under way end for up to `grace` seconds, then cut them off."""
        if self._server is None or self._sweep is None:
            return
        self._server.close()
        self._sweep.cancel()
        self._empty = asyncio.Event()
        for connection in list(self._connections):
            connection.shutdown()
        if self._connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), grace)
        if self._connections:
            for connection in list(self._connections):
                connection.transport.abort()
            await self._empty.wait()
        self._server = None

    def _expire(self) -> None:
        """End what has waited too long. One timer for all connections: a timer for each request would cost more."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._connections):
            connection.expire(now)
        limits = self.limits
        shortest = min(limits.head_time, limits.idle_time, limits.body_time, limits.write_time, limits.linger_time)
        self._sweep = loop.call_later(min(shortest / 2, 2.5), self._expire)

    # What the connections ask for

    def opened(self, connection: HttpConnection) -> None:
        """Take note of a connection."""
        self._connections.add(connection)

    def closed(self, connection: HttpConnection) -> None:
        """Take note of its end."""
        self._connections.discard(connection)
        if self._empty is not None and not self._connections:
            self._empty.set()

    def date(self) -> str:
        """Return the value of the Date header, made once a second."""
        second = int(self._now())
        if self._date[0] != second:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]

    def tunnel(self, connection: HttpConnection, authority: str, rest: bytes) -> None:
        """Hand on a CONNECT request."""
        if self._tunnel is None:
            connection.refuse(Refused(405, "This server is no proxy"))
        else:
            self._tunnel(self, connection, authority, rest)
