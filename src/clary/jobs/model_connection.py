"""HTTP/1.1 to a model: one connection, kept alive, one exchange at a time.

Decision: written on asyncio's protocol and httptools rather than on a client library, because it stands in the way of
each InvokeEndpoint, and the server's share of that is a figure we publish.
"""

import asyncio
from collections.abc import Callable

from httptools import HttpParserError, HttpResponseParser

from clary.jobs.hosts import HostRequest, HostResponse, HostStream, HostTimeout, HostUnavailable
from clary.jobs.model_answers import Answer, StreamedAnswer, WholeAnswer

#: Bodies up to this size go out in one piece with their head.
_ONE_PIECE_BYTES = 64 * 1024
#: Headers that belong to this connection and not to the caller.
_OURS = frozenset({"host", "content-length", "connection", "transfer-encoding", "keep-alive", "expect", "upgrade"})
PING = b"GET /ping HTTP/1.1\r\nhost: localhost\r\n\r\n"


class ModelConnection(asyncio.Protocol):
    """One connection to one model. `on_free` is called after each exchange, `on_lost` once, when it is closed."""

    def __init__(
        self, on_free: Callable[["ModelConnection"], None], on_lost: Callable[["ModelConnection"], None]
    ) -> None:
        self._on_free = on_free
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser = HttpResponseParser(self)
        self._answer: Answer | None = None
        self._headers: list[tuple[str, str]] = []
        self._interim = False
        self._ends_with_connection = False
        self.closed = False
        #: When it was last in use, by the event loop's clock.
        self.used_at = self._loop.time()

    async def exchange(self, head: bytes, body: bytes, seconds: float) -> HostResponse:
        """Send a request and return the whole answer.

        Raises:
            HostTimeout: it did not come in time; the connection is closed.
            HostUnavailable: the connection broke.
        """
        answer = WholeAnswer()
        self._send(answer, head, body)
        timer = self._loop.call_later(seconds, self._expire, seconds)
        try:
            return await answer.future
        finally:
            timer.cancel()
            self._leave(answer)  # a caller that was cancelled: what comes now is nobody's

    async def open_stream(self, head: bytes, body: bytes, seconds: float, on_end: Callable[[], None]) -> HostStream:
        """Send a request and return when the head of the answer is there; the rest may take as long as it takes.

        `on_end` is called when the stream has been read or closed, and when there never was one.

        Raises:
            HostTimeout, HostUnavailable: as `exchange`.
        """

        def leave(answer: Answer) -> None:
            self._leave(answer)
            on_end()

        answer = StreamedAnswer(self._pause, self._resume, leave)
        timer = self._loop.call_later(seconds, self._expire, seconds)
        try:
            self._send(answer, head, body)
            await answer.head
        except BaseException:
            await answer.aclose()
            raise
        finally:
            timer.cancel()
        return answer

    def close(self) -> None:
        """Break the connection."""
        self._transport.abort()

    def _send(self, answer: Answer, head: bytes, body: bytes) -> None:
        if self.closed:
            raise HostUnavailable("the model closed the connection")
        self._answer = answer
        if len(body) <= _ONE_PIECE_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.writelines((head, body))

    def _leave(self, answer: Answer) -> None:
        """Close the connection if nobody waits any more for what it is about to bring."""
        if self._answer is answer:
            self._answer = None
            self.close()

    def _pause(self) -> None:
        self._transport.pause_reading()

    def _resume(self) -> None:
        if not self.closed:
            self._transport.resume_reading()

    def _expire(self, seconds: float) -> None:
        self._fail(HostTimeout(f"the model did not answer within {seconds:g} seconds"))
        self.close()

    def _fail(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.fail(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport (asyncio calls this)."""
        self._transport = transport  # type: ignore[assignment]  # a stream's transport, whatever the loop's class for it

    def data_received(self, data: bytes) -> None:
        """Parse a part of the answer (asyncio calls this)."""
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(HostUnavailable(f"the model does not speak HTTP: {error}"))
            self.close()

    def eof_received(self) -> bool:
        """Complete an answer that ends where the connection does (asyncio calls this)."""
        if self._answer is not None and self._ends_with_connection:
            self._answer.done()
            self._answer = None
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the exchange under way (asyncio calls this)."""
        self.closed = True
        self._fail(HostUnavailable("the model closed the connection before it had answered"))
        self._on_lost(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header (httptools calls this)."""
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Pass the head on (httptools calls this)."""
        status = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        self._interim = status < 200
        if self._answer is not None and not self._interim:
            self._ends_with_connection = not any(name in {"content-length", "transfer-encoding"} for name, _ in headers)
            self._answer.begin(status, headers)

    def on_body(self, data: bytes) -> None:
        """Pass a part of the body on (httptools calls this)."""
        if self._answer is not None:
            self._answer.add(data)

    def on_message_complete(self) -> None:
        """Pass the end on, and be free for the next request (httptools calls this)."""
        answer = self._answer
        if answer is None or self._interim:
            return
        self._answer = None
        self._ends_with_connection = False
        answer.done()
        if self._parser.should_keep_alive():
            self.used_at = self._loop.time()
            self._on_free(self)
        else:
            self.close()


def request_head(request: HostRequest) -> bytes:
    """Return the head of a POST.

    Raises:
        ValueError: a header or the path holds a line end.
    """
    lines = [f"POST {request.path} HTTP/1.1", "host: localhost"]
    lines += [f"{name}: {value}" for name, value in request.headers if name not in _OURS]
    lines.append(f"content-length: {len(request.body)}\r\n\r\n")
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) + 1 or head.count("\r") != len(lines) + 1:
        raise ValueError("a header holds a line end")
    return head.encode("latin-1")
