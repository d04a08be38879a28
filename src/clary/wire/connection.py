"""One HTTP/1.1 connection: bytes in, requests out to a handler, responses back in order.

Decision: our own asyncio protocol on httptools (llhttp, Node.js's parser), not uvicorn's on the same parser: ASGI's
scope, messages and header tuples add half to the cost of a small request, and its bodies cannot tell a truncated upload
from a whole one. What is hard to get right, the parsing, is llhttp's, in its strict mode; the rules are RFC 9112's.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import httptools

from clary.wire.body import ArrivingBody, idle, incomplete
from clary.wire.errors import AwsError
from clary.wire.exchange import Exchange, Refused, plain
from clary.wire.head import Head, render
from clary.wire.types import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may take: sizes in bytes, times in seconds."""

    target: int = 16 * 1024
    head: int = 64 * 1024
    #: Received but not yet read by the handler; above it the socket is left alone.
    buffered: int = 256 * 1024
    #: An unread body of up to this size is skipped, so that the connection lives on; above it the connection closes.
    skipped: int = 1024 * 1024
    head_time: float = 30.0
    idle_time: float = 75.0
    body_time: float = 60.0
    write_time: float = 120.0
    linger_time: float = 5.0


class Host(Protocol):
    """What a connection needs of the server that accepted it."""

    handler: Handler
    limits: Limits

    def opened(self, connection: "HttpConnection") -> None:
        """Take note of a connection."""
        ...

    def closed(self, connection: "HttpConnection") -> None:
        """Take note of its end."""
        ...

    def date(self) -> str:
        """Return the value of the Date header."""
        ...

    def tunnel(self, connection: "HttpConnection", authority: str, rest: bytes) -> None:
        """Take over a connection that asked to CONNECT to `authority` (`host:port`); `rest` came after its head."""
        ...


class HttpConnection(asyncio.Protocol):
    """Speaks HTTP/1.1 with one client.

    Requests are answered in the order in which they came: one that arrives before its predecessor is answered
    (pipelining) waits. A client that goes away fails the body that it was sending, or else cancels the handler.
    """

    def __init__(self, host: Host, *, secure: bool = False) -> None:
        self.transport: asyncio.Transport
        self.peer = ""
        self._host = host
        self._secure = secure
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        # The message that the parser is in.
        self._in_head = False
        self._head_size = 0
        self._long = False
        self._target = b""
        self._headers: dict[str, str] = {}
        self._arriving: Exchange | None = None
        # What came of the messages before it.
        self._current: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._refused: Refused | None = None
        # The socket. `_since` is when the wait that goes on now began, whatever it is for.
        self._since = self._loop.time()
        self._paused = False
        self._drained: asyncio.Future[None] | None = None

    # The socket ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket, or the TLS stream on it."""
        self.transport = transport  # type: ignore[assignment]  # uvloop's transports do not derive from asyncio's
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else ""
        self._host.opened(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came. Handlers start at the loop's next turn, when a small body is there with its head."""
        if self._refused is not None:
            return
        was_in_head = self._in_head
        self._long = was_in_head or len(data) > self._host.limits.head
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            cause = error.__context__
            self.refuse(cause if isinstance(cause, Refused) else Refused(400, f"Malformed HTTP request: {error}"))
            return
        if not was_in_head:
            if self._arriving is None or not self._arriving.answered:
                self._since = self._loop.time()
        elif self._in_head:
            self._head_size += len(data)
            if self._head_size > self._host.limits.head:
                self.refuse(Refused(431, "The request's headers are too large"))
                return
        self._steer()

    def eof_received(self) -> None:
        """Let the transport close: a client that shuts its side is taken to be gone, as most servers do."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever works for this client that it has gone."""
        self._host.closed(self)
        self.resume_writing()
        if self._arriving is not None:
            self._arriving.body.fail(incomplete())
        current = self._current
        if current is not None and current.task is not None and (current.body.complete or current.begun):
            current.task.cancel()
        self._queue.clear()

    def pause_writing(self) -> None:
        """Make writers wait: the client does not take what we send."""
        self._drained = self._loop.create_future()
        self._since = self._loop.time()

    def resume_writing(self) -> None:
        """Let writers go on."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _steer(self) -> None:
        """Read from the socket only while somebody takes what comes."""
        arriving = self._arriving
        full = arriving is not None and arriving.body.buffered > self._host.limits.buffered
        pause = full or bool(self._queue)
        if pause != self._paused and not self.transport.is_closing():
            self._paused = pause
            if pause:
                self.transport.pause_reading()
            else:
                self._since = self._loop.time()
                self.transport.resume_reading()

    def expire(self, now: float) -> None:
        """End what has waited too long; the server calls this every few seconds. `now` is the loop's time."""
        limits, wait = self._host.limits, now - self._since
        if self._drained is not None:
            if wait > limits.write_time:
                self.transport.abort()
        elif self._in_head:
            if wait > limits.head_time:
                self.refuse(Refused(408, "The request's headers did not arrive in time"))
        elif self._arriving is not None:
            if self._arriving.answered:
                if wait > limits.linger_time:
                    self.transport.abort()
            elif not self._paused and wait > limits.body_time:
                self._arriving.body.fail(idle())
        elif self._current is None and wait > limits.idle_time:
            self.transport.close()

    def detach(self) -> asyncio.Transport:
        """Give up the socket to whoever takes it over, and return it."""
        self._host.closed(self)
        return self.transport

    def shutdown(self) -> None:
        """Close once the request under way, if there is one, is answered."""
        if self._current is None:
            self.transport.close()
        else:
            self._current.keep_alive = False

    # The parser ------------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._in_head = True
        self._head_size = 0
        self._target = b""
        self._headers = {}

    def on_url(self, part: bytes) -> None:
        """Take the request target, or the next part of it."""
        self._target += part
        if len(self._target) > self._host.limits.target:
            raise Refused(414, "The request's target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header (a trailer, once the head is over; those are dropped)."""
        if not self._in_head:
            return
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        if key in self._headers:
            if key == "host":
                raise Refused(400, "The request has more than one Host header")
            text = f"{self._headers[key]},{text}"
        self._headers[key] = text

    def on_headers_complete(self) -> None:
        """Start the request, or queue it behind the one under way."""
        self._in_head = False
        headers = self._headers
        keep_alive = self._parser.should_keep_alive()
        # HTTP/1.0 keeps a connection only if asked to: without a Connection header, one that is kept is HTTP/1.1.
        http_10 = (not keep_alive or "connection" in headers) and self._parser.get_http_version() == "1.0"
        self._check(headers, http_10=http_10)
        if self._parser.should_upgrade():
            return
        method = self._parser.get_method().decode("latin-1")
        path, query = self._split_target()
        length = headers.get("content-length")
        body = ArrivingBody(None if "transfer-encoding" in headers else int(length or 0), self._demand)
        request = HttpRequest(method, path, query, headers, body, self._secure, self.peer)
        exchange = Exchange(request, body, keep_alive=keep_alive, http_10=http_10)
        self._arriving = exchange
        if self._current is None:
            self._start(exchange)
        else:
            self._queue.append(exchange)

    def on_body(self, chunk: bytes) -> None:
        """Hand on the next bytes of the body."""
        if self._arriving is not None and not self._arriving.answered:
            self._arriving.body.feed(chunk)

    def on_message_complete(self) -> None:
        """End the body."""
        exchange, self._arriving = self._arriving, None
        if exchange is not None:
            exchange.body.finish()
            if exchange.answered and not exchange.keep_alive:
                self.transport.close()

    def _check(self, headers: dict[str, str], *, http_10: bool) -> None:
        """Refuse what llhttp lets through and we do not serve."""
        if "host" not in headers and not http_10:
            raise Refused(400, "The request has no Host header")
        if "transfer-encoding" in headers and headers["transfer-encoding"].lower() != "chunked":
            raise Refused(501, "The only transfer coding served is chunked")
        if self._long and sum(map(len, headers.values())) > self._host.limits.head:
            raise Refused(431, "The request's headers are too large")

    def _split_target(self) -> tuple[str, str]:
        """Return the raw path and query of an origin-form or absolute-form target (RFC 9112 §3.2)."""
        try:
            target = self._target.decode("ascii")
        except UnicodeDecodeError:
            raise Refused(400, "The request's target has bytes that must be percent-encoded") from None
        if not target.startswith("/"):
            scheme, _, rest = target.partition("://")
            if scheme.lower() in {"http", "https"}:
                authority, slash, rest = rest.partition("/")
                authority, mark, query = authority.partition("?")
                self._headers["host"] = authority
                target = f"/{rest}" if slash else f"/{mark}{query}"
        path, _, query = target.partition("#")[0].partition("?")
        return path, query

    def _upgrade(self, rest: bytes) -> None:
        """Go on after a head that asks for another protocol: a tunnel, or one that we do not speak and so ignore."""
        method, target = self._parser.get_method(), self._target
        if method == b"CONNECT":
            self._host.tunnel(self, target.decode("latin-1"), rest)
            return
        kept = [
            f"{name}: {value}\r\n" for name, value in self._headers.items() if name not in {"connection", "upgrade"}
        ]
        self._parser = httptools.HttpRequestParser(self)
        self.data_received(b"%s %s HTTP/1.1\r\n%s\r\n%s" % (method, target, "".join(kept).encode("latin-1"), rest))

    # The answers -----------------------------------------------------------------------------------------------------

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        if exchange.expects and exchange.body.length == 0:
            # Nobody will wait for an empty body, but botocore, where it is not told to continue, takes the answer's
            # status for that of its next request on this connection, too.
            self._demand()
        exchange.task = self._loop.create_task(self._answer(exchange))

    def _demand(self) -> None:
        """A handler waits for more of its body."""
        if self._current is not None and self._current.expects and not self.transport.is_closing():
            self._current.expects = False
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._steer()

    async def _answer(self, exchange: Exchange) -> None:
        request = exchange.request
        try:
            try:
                response = await self._host.handler(request)
                head = self._head(exchange, response)
            except Exception:
                log.exception("%s %s failed", request.method, request.path)
                response = plain(500, "Internal server error")
                head = self._head(exchange, response)
            if self._drained is not None:
                await self._drained
            exchange.begun = True
            if not isinstance(response.body, bytes):
                await self._stream(exchange, head, response.body)
            elif not self.transport.is_closing():
                self.transport.write(head.data if exchange.head_only else head.data + response.body)
        except asyncio.CancelledError:
            self.transport.abort()
            raise
        except Exception:
            # The head has gone out, so that only a broken connection can tell the client.
            log.exception("The response to %s %s broke off", request.method, request.path)
            self.transport.abort()
        self._end(exchange)

    def _head(self, exchange: Exchange, response: HttpResponse) -> Head:
        """Decide whether the connection lives on, and render the head that says so."""
        body = exchange.body
        if not body.complete:
            # An unread body must be skipped before the next request can be read; one that the client still holds back
            # (`Expect`) may come or not, so that nobody can tell where the next request would begin.
            length = body.length
            exchange.keep_alive &= not exchange.expects and length is not None and length <= self._host.limits.skipped
        head = render(
            response,
            self._host.date(),
            keep_alive=exchange.keep_alive,
            head_only=exchange.head_only,
            http_10=exchange.http_10,
        )
        exchange.keep_alive &= head.chunked or head.length is not None
        return head

    async def _stream(self, exchange: Exchange, head: Head, stream: AsyncIterator[bytes]) -> None:
        """Send a response whose body is made as it goes out; let go of the stream whatever happens."""
        try:
            if not self.transport.is_closing():
                self.transport.write(head.data)
                if not exchange.head_only:
                    await self._send(head, stream)
        finally:
            if isinstance(stream, AsyncGenerator):
                await stream.aclose()

    async def _send(self, head: Head, stream: AsyncIterator[bytes]) -> None:
        """Send a body in the framing that its head announced, no faster than the client takes it."""
        sent = 0
        async for chunk in stream:
            if not chunk:
                continue
            sent += len(chunk)
            if head.length is not None and sent > head.length:
                raise ValueError(f"The body is longer than its Content-Length of {head.length}")
            if head.chunked:
                self.transport.writelines((b"%x\r\n" % len(chunk), chunk, b"\r\n"))
            else:
                self.transport.write(chunk)
            if self._drained is not None:
                await self._drained
        if head.chunked:
            self.transport.write(b"0\r\n\r\n")
        elif head.length is not None and sent < head.length:
            raise ValueError(f"The body ended after {sent} of {head.length} bytes")

    def _end(self, exchange: Exchange) -> None:
        """Go on to what comes after an answered exchange."""
        exchange.answered = True
        self._current = None
        self._since = self._loop.time()
        exchange.body.discard()
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._queue.clear()
            # A client that still sends is heard out for a while, or its kernel would drop our answer (RFC 9112 §9.6).
            if exchange.body.complete or exchange.expects or self._refused is not None:
                self.transport.close()
        elif self._queue:
            self._start(self._queue.popleft())
        elif self._refused is not None:
            self.refuse(self._refused)
        self._steer()

    def refuse(self, refused: Refused) -> None:
        """Answer what is not served, after the requests before it, and close."""
        self._refused = refused
        self._in_head = False
        arriving = self._arriving
        if arriving is not None and not arriving.answered:
            arriving.keep_alive = False
            arriving.body.fail(AwsError("MalformedRequest", str(refused), refused.status))
        elif self._current is None and not self.transport.is_closing():
            if arriving is None:
                response = plain(refused.status, str(refused))
                head = render(response, self._host.date(), keep_alive=False, head_only=False, http_10=False)
                self.transport.writelines([head.data, f"{refused}\n".encode()])
            self.transport.close()
