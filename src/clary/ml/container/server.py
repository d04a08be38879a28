"""The model server: HTTP/1.1 with SageMaker's three paths, on a unix socket or a port.

One thread and an event loop: a small request takes less time than handing it to another thread. A large one, which
takes long, goes to a thread, so that pings are answered meanwhile (the engines let go of the interpreter's lock).
"""

import asyncio
import json
import logging
import os
import signal
import stat
from collections import deque
from pathlib import Path
from typing import cast

import httptools
import uvloop

from clary.ml.container.model import Answer, Model, Refusal

logger = logging.getLogger(__name__)

SMALL = 32 << 10
"""Bytes of a body that is worked on at once."""

LARGEST = int(os.environ.get("MAX_CONTENT_LENGTH", str(20 << 20)))
"""Bytes that a body may have. SageMaker sends 6 MiB to an endpoint, and up to 100 MB in batch transform."""

REASONS = {200: b"OK", 204: b"No Content", 400: b"Bad Request", 404: b"Not Found", 405: b"Method Not Allowed",
           406: b"Not Acceptable", 413: b"Payload Too Large", 415: b"Unsupported Media Type",
           500: b"Internal Server Error"}  # fmt: skip


def run(model: Model, socket: str | None, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish the requests at hand and return."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(model, socket, port))


async def serve(model: Model, socket: str | None, port: int) -> None:
    """Serve on the running loop, as `run` does."""
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    connections: set[Connection] = set()

    def connect() -> Connection:
        return Connection(model, connections)

    if socket is not None:
        _remove_stale(Path(socket))
        server = await loop.create_unix_server(connect, socket, backlog=1024)
    else:
        server = await loop.create_server(connect, "0.0.0.0", port, backlog=1024)  # noqa: S104  # its own loopback
    logger.info("Model loaded, serving on %s", socket or f"port {port}")
    await ending.wait()
    server.close()
    await asyncio.gather(*(connection.drain() for connection in list(connections)))


class Connection(asyncio.Protocol):
    """One client. Requests are answered in order; those sent ahead wait in the parser's queue."""

    def __init__(self, model: Model, connections: "set[Connection]") -> None:
        self._model = model
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._waiting: deque[_Request] = deque()
        self._request = _Request()
        self._busy: asyncio.Task[None] | None = None
        self._closing = False

    # The transport's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._connections.discard(self)
        self._closing = True

    def data_received(self, data: bytes) -> None:
        """Feed the parser, which calls back below."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._write(Answer(400, f"Malformed HTTP: {error}".encode()), keep=False)

    # The parser's calls

    def on_message_begin(self) -> None:
        """Start a request."""
        self._request = _Request()

    def on_url(self, url: bytes) -> None:
        """Note the path, which may come in parts."""
        self._request.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note the headers that matter."""
        lower = name.lower()
        if lower == b"content-type":
            self._request.content_type = value.decode("latin-1")
        elif lower == b"accept":
            self._request.accept = value.decode("latin-1")
        elif lower == b"expect" and value.lower() == b"100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Note a part of the body; of one that is too large, only its size."""
        request = self._request
        request.size += len(body)
        if request.size > LARGEST:
            request.parts.clear()
        else:
            request.parts.append(body)

    def on_message_complete(self) -> None:
        """Answer, now or from a thread."""
        request = self._request
        request.method = self._parser.get_method()
        request.keep = self._parser.should_keep_alive()
        if self._busy is None and request.size <= SMALL:
            self._write(self._answer(request), request.keep)
            return
        self._waiting.append(request)
        if self._busy is None:
            self._busy = asyncio.get_running_loop().create_task(self._work())

    # Our own

    async def drain(self) -> None:
        """Finish what has been asked, then close."""
        if self._busy is not None:
            await self._busy
        self._transport.close()

    async def _work(self) -> None:
        """Answer the waiting requests in a thread, one after the other."""
        while self._waiting and not self._closing:
            request = self._waiting.popleft()
            self._write(await asyncio.to_thread(self._answer, request), request.keep)
        self._busy = None

    def _answer(self, request: "_Request") -> Answer:
        path = request.path.split(b"?", 1)[0]
        if path == b"/invocations":
            return self._invoke(request) if request.method == b"POST" else Answer(405, b"Expected POST /invocations")
        if path == b"/ping":
            return Answer(200, b"")
        if path == b"/execution-parameters":
            return Answer(200, EXECUTION_PARAMETERS, "application/json")
        return Answer(404, b"Expected /ping, /invocations or /execution-parameters")

    def _invoke(self, request: "_Request") -> Answer:
        if request.size > LARGEST:
            return Answer(413, f"The body has {request.size} bytes, at most {LARGEST} are taken".encode())
        body = request.parts[0] if len(request.parts) == 1 else b"".join(request.parts)
        try:
            return self._model.invoke(body, request.content_type, request.accept)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.text.encode())
        except Exception:
            # Whatever it was, the server goes on; the client learns that it is not to blame.
            logger.exception("Invocation failed")
            return Answer(500, b"The model server failed to answer; its log says why")

    def _write(self, answer: Answer, keep: bool) -> None:
        if self._closing:
            return
        self._transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\nContent-Length: %d\r\n%b\r\n%b"
            % (
                answer.status,
                REASONS[answer.status],
                answer.content_type.encode(),
                len(answer.body),
                b"" if keep else b"Connection: close\r\n",
                answer.body,
            )
        )
        if not keep:
            self._closing = True
            self._transport.close()


class _Request:
    """What the parser has seen of a request."""

    __slots__ = ("accept", "content_type", "keep", "method", "parts", "path", "size")

    def __init__(self) -> None:
        self.method = b""
        self.path = b""
        self.content_type = ""
        self.accept = ""
        self.parts: list[bytes] = []
        self.size = 0
        self.keep = True


EXECUTION_PARAMETERS = json.dumps({
    "MaxConcurrentTransforms": len(os.sched_getaffinity(0)),
    "BatchStrategy": "MULTI_RECORD",
    "MaxPayloadInMB": LARGEST >> 20,
}).encode()  # fmt: skip


def _remove_stale(path: Path) -> None:
    """Remove the socket that a killed server left behind."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
