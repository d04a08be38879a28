"""The contract of model hosts: long-running programs that answer requests, kept alive."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from clary.jobs.program import Exit, Line, Program


class HostStatus(Enum):
    """STARTING until the first healthy ping, then READY; DOWN while it is being restarted; FAILED when we gave up."""

    STARTING = "Starting"
    READY = "Ready"
    DOWN = "Down"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class HostRequest:
    """One request to a model: POST `path` with these headers (lower-case names) and body."""

    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    path: str = "/invocations"


@dataclass(frozen=True, slots=True)
class HostResponse:
    """What the model answered."""

    status: int
    body: bytes
    headers: Sequence[tuple[str, str]] = ()


class HostStream(ABC):
    """An answer of which only the head has come: iterate it to its end for the parts of its body, or `aclose` it."""

    status: int
    headers: Sequence[tuple[str, str]]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    @abstractmethod
    async def __anext__(self) -> bytes:
        """Return the next part.

        Raises:
            HostUnavailable: the answer breaks off here.
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Want no more of it. Does nothing at its end."""


class HostUnavailable(Exception):  # noqa: N818
    """No replica can take the request now: none is ready, the queue is full, or the replica died under it."""


class HostTimeout(Exception):  # noqa: N818
    """The model did not answer in time."""


@dataclass(frozen=True, slots=True)
class HostSpec:
    """A model host: `replicas` processes of one program, each serving HTTP/1.1 as SageMaker's contract says.

    A program finds in `CLARY_SOCKET` the path of a unix socket to listen on (below `/opt/ml`); one that does not know
    it listens on port 8080 of its own loopback. It is ready when `GET /ping` answers 200.
    """

    programs: Sequence[Program]
    start_seconds: float = 600.0
    invoke_seconds: float = 60.0
    max_waiting: int = 1000


@dataclass(frozen=True, slots=True)
class HostEvents:
    """What a service hears of its hosts: each line and each end of a replica, by the name of its program."""

    on_line: Callable[[str, Line], Awaitable[None]]
    on_exit: Callable[[str, Exit], Awaitable[None]] | None = None


class Hosts(ABC):
    """All model hosts of this server, by name (`account/region/endpoint/variant`).

    A replica that dies is restarted, after a pause that doubles from 0.1 s up to 30 s. A host whose first start does
    not get healthy within `start_seconds` is FAILED and stays down.
    """

    @abstractmethod
    async def ensure(self, name: str, spec: HostSpec, events: HostEvents) -> None:
        """Start the host, or change it to `spec`; return once it is READY.

        Raises:
            LaunchError: it never got healthy; the text ends with the last line of its log.
        """

    @abstractmethod
    def status(self, name: str) -> HostStatus | None:
        """Return the status, None for a host that is not there."""

    @abstractmethod
    async def invoke(self, name: str, request: HostRequest) -> HostResponse:
        """Send one request to the least busy ready replica and return its answer.

        Raises:
            HostUnavailable: none could take it, or the one that had it died.
            HostTimeout: no answer within `invoke_seconds`.
        """

    @abstractmethod
    def stream(self, name: str, request: HostRequest) -> AsyncIterator[bytes]:
        """Send one request and yield its answer's body as it comes."""

    @abstractmethod
    async def open_stream(self, name: str, request: HostRequest) -> HostStream:
        """Send one request and return once the head of its answer is there. Raises what `invoke` raises."""

    @abstractmethod
    async def remove(self, name: str) -> None:
        """Stop the host's processes. Nothing happens when it is not there."""

    @abstractmethod
    async def close(self) -> None:
        """Stop all."""
