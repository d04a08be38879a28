"""Where the parts of a model's answer go as they come off a connection: into one response, or to a reader."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable

from clary.jobs.hosts import HostResponse, HostStream

#: Bytes of a streamed answer that may wait for its reader before the model has to.
STREAM_BYTES = 1024 * 1024

Headers = list[tuple[str, str]]


class Answer(ABC):
    """One answer: its head, parts of its body, then its end or an error."""

    @abstractmethod
    def begin(self, status: int, headers: Headers) -> None:
        """Take the head; names are lower-case."""

    @abstractmethod
    def add(self, data: bytes) -> None:
        """Take a part of the body."""

    @abstractmethod
    def done(self) -> None:
        """The answer is complete."""

    @abstractmethod
    def fail(self, error: Exception) -> None:
        """The answer will not be completed."""


class WholeAnswer(Answer):
    """Collects an answer; `future` is its response."""

    def __init__(self) -> None:
        self.future: asyncio.Future[HostResponse] = asyncio.get_running_loop().create_future()
        self._status = 0
        self._headers: Headers = []
        self._parts: list[bytes] = []

    def begin(self, status: int, headers: Headers) -> None:
        """Keep the head."""
        self._status, self._headers = status, headers

    def add(self, data: bytes) -> None:
        """Keep a part."""
        self._parts.append(data)

    def done(self) -> None:
        """Make the response."""
        if not self.future.done():
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self.future.set_result(HostResponse(self._status, body, self._headers))

    def fail(self, error: Exception) -> None:
        """Pass the error on."""
        if not self.future.done():
            self.future.set_exception(error)


class StreamedAnswer(Answer, HostStream):
    """Passes an answer on while it comes.

    `pause` and `resume` stop and go on reading from the model; `leave` is called once, when the reader has come to the
    end or wants no more.
    """

    def __init__(
        self, pause: Callable[[], None], resume: Callable[[], None], leave: Callable[["StreamedAnswer"], None]
    ) -> None:
        self.head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pause = pause
        self._resume = resume
        self._leave = leave
        self._parts: deque[bytes] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self._ended = False
        self._left = False
        self._error: Exception | None = None

    def begin(self, status: int, headers: Headers) -> None:
        """Pass the head on."""
        self.status, self.headers = status, headers
        if not self.head.done():
            self.head.set_result(None)

    def add(self, data: bytes) -> None:
        """Pass a part on, and let the model wait when too much waits already."""
        self._parts.append(data)
        self._waiting += len(data)
        self._news.set()
        if self._waiting > STREAM_BYTES:
            self._pause()

    def done(self) -> None:
        """Let the reader come to the end."""
        self._ended = True
        self._news.set()

    def fail(self, error: Exception) -> None:
        """Let the reader come to the error."""
        if not self.head.done():
            self.head.set_exception(error)
        self._error = error
        self.done()

    async def __anext__(self) -> bytes:
        """Return the next part; an error comes after what came before it."""
        while not self._parts:
            if self._ended:
                await self.aclose()
                raise self._error or StopAsyncIteration
            self._waiting = 0
            self._news.clear()
            self._resume()
            await self._news.wait()
        return self._parts.popleft()

    async def aclose(self) -> None:
        """Want no more of it."""
        if not self._left:
            self._left = True
            self._leave(self)
