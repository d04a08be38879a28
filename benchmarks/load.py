"""A load generator for requests that were written out (and signed) beforehand: one process, many connections.

It spends about 10 µs a request, so it saturates later than the Python servers that it loads. A figure of CPU a request
charges the server's processes alone, so what the generator costs does not enter it.
"""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Load:
    """What a run of load saw: answered requests, seconds, and each answer's latency in seconds."""

    answered: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0
        self.buffer = b""
        self.closing = False

    def send(self, request: bytes) -> None:
        self.begun = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bool:
        """Take what has come; say whether the answer is whole. Anything but a 2xx is an error."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed a connection")
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return False
        if not head.startswith(b"HTTP/1.1 2"):
            raise RuntimeError(f"the server answered {self.buffer[:1000]!r}")
        lower = head.lower()
        self.closing = b"connection: close" in lower
        at = lower.find(b"content-length:")
        if at < 0:
            whole = b"transfer-encoding" not in lower or body.endswith(b"0\r\n\r\n")
        else:
            whole = len(body) >= int(lower[at + 15 : lower.find(b"\r\n", at) if b"\r\n" in lower[at:] else None])
        if whole:
            self.buffer = b""
        return whole


def load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float) -> Load:
    """Send the requests in turn over and over for `seconds`, one under way a connection."""
    result = Load()
    selector = selectors.DefaultSelector()
    turn = 0
    for _ in range(connections):
        connection = Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests[turn % len(requests)])
        turn += 1
    begin = time.perf_counter()
    until = begin + seconds
    now = begin
    while now < until:
        ready = selector.select(10)
        if not ready:
            raise RuntimeError(f"no answer for 10 s, after {result.answered} of them")
        for key, _ in ready:
            connection = key.data
            if not connection.receive():
                continue
            now = time.perf_counter()
            result.latencies.append(now - connection.begun)
            result.answered += 1
            if connection.closing:
                connection = reconnect(selector, connection, port)
            connection.send(requests[turn % len(requests)])
            turn += 1
    result.seconds = now - begin
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return result


def reconnect(selector: selectors.BaseSelector, old: Connection, port: int) -> Connection:
    """Replace a connection that the server closes after its answer, as moto's does."""
    selector.unregister(old.socket)
    old.socket.close()
    new = Connection(port)
    selector.register(new.socket, selectors.EVENT_READ, new)
    return new
