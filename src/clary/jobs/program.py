"""What to run and how it ended: the contract between services and runners."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class Network(Enum):
    """What a program reaches. HOST: what the machine reaches. NONE: its own loopback alone."""

    HOST = "host"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use: CPUs, bytes of memory, seconds of wall time. None: no limit of ours.

    When its seconds are over a program gets SIGTERM, and SIGKILL `grace` seconds later.
    """

    cpus: float | None = None
    memory: int | None = None
    seconds: float | None = None
    grace: float = 0.0


@dataclass(frozen=True, slots=True)
class Program:
    """One process to run under SageMaker's container contract.

    `root` is a folder of the host which the program sees as `/opt/ml`; where there is no sandbox it is told by the
    variable `CLARY_ML_ROOT` and by the `SM_*` variables, which then name the host's path.
    Either `argv` is executed, or `entry` (`module:function`, called with no arguments, its int or None is the exit
    code) runs in a fork of the warm parent called `warm`.
    `readable` are further host paths that the program may read (never write), at the same path.
    """

    name: str
    root: Path
    argv: Sequence[str] = ()
    entry: str | None = None
    warm: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    network: Network = Network.HOST
    limits: Limits = Limits()
    readable: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended: `code` as a shell gives it (128 + signal), and whether a limit of ours ended it."""

    code: int
    out_of_memory: bool = False
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output: seconds since the epoch when it was written, text without its line end."""

    at: float
    text: str


class Process(ABC):
    """A running program. When the server dies, it dies too."""

    @abstractmethod
    def output(self) -> AsyncIterator[Line]:
        """Yield stdout and stderr, merged, as they are written, until the process has ended. To be iterated once.

        A line over 256 KiB is split, as CloudWatch Logs demands. Bytes that are not UTF-8 are replaced.
        """

    @abstractmethod
    def batches(self) -> AsyncIterator[list[Line]]:
        """Yield the same lines as `output`, as many at a time as have come. Instead of it, not besides.

        Somebody has to take the output: a program whose output nobody takes waits once the pipe is full.
        """

    @abstractmethod
    async def wait(self) -> Exit:
        """Wait for the end. Every process that the program started is gone when this returns."""

    @abstractmethod
    def terminate(self, grace: float) -> None:
        """Send SIGTERM now and SIGKILL `grace` seconds later; without any grace, SIGKILL alone.

        A second call changes nothing but a shorter grace.
        """


class Runner(ABC):
    """Starts programs somewhere: in processes of this machine, in containers, on a Ray cluster."""

    @abstractmethod
    async def start(self, program: Program) -> Process:
        """Start a program.

        Raises:
            LaunchError: it cannot be started, and why, in words for a FailureReason.
        """

    @abstractmethod
    async def prewarm(self, name: str, modules: Sequence[str], python: str | None = None) -> None:
        """Have a parent called `name` ready for programs with `warm=name`: `python` (default: ours) with these modules.

        A second call with the same arguments does nothing. A module that cannot be imported fails the programs.
        """

    @abstractmethod
    async def seen(self, program: Program, path: Path) -> str:
        """Return a path below the program's root as the program sees it."""

    @abstractmethod
    async def close(self) -> None:
        """End every process and let go of everything."""


class LaunchError(Exception):
    """A program could not be started."""


class StopRequest:
    """Asks a running job to stop: `event` is set when someone did."""

    def __init__(self) -> None:
        self.event = asyncio.Event()

    @property
    def requested(self) -> bool:
        """Whether the job is to stop."""
        return self.event.is_set()
