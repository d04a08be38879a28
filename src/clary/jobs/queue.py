"""The contract of the job queue: work that outlives the request that asked for it, and the server that began it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from clary.jobs.program import StopRequest
from clary.state.database import Transaction


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. `kind` (`sagemaker.training`) chooses the handler; (`kind`, `scope`, `key`) is unique among
    live jobs.

    `attempt` is 1 the first time; a job taken up again after a crash or a lost lease counts on.
    """

    id: int
    kind: str
    scope: str
    key: str
    payload: dict[str, Any]
    attempt: int
    created: float


#: Does the work. Returning ends the job; it must have recorded the outcome itself. An exception is a fault of ours: it
#: is logged, and the job is tried again after a delay, three attempts at most, then `on_lost` of its kind is called.
#: A handler may be run again from the start after a crash: it must bear being run twice.
Handler = Callable[[Job, StopRequest], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of a kind run: at most `concurrency` at once (None: the queue's own bound)."""

    handler: Handler
    on_lost: Callable[[Job, str], Awaitable[None]]
    concurrency: int | None = None


class Queue(ABC):
    """Jobs with leases.

    Enqueueing is part of the caller's transaction: the record and its job exist together or not at all.
    """

    @abstractmethod
    def register(self, kind: str, job_kind: JobKind) -> None:
        """Say how jobs of `kind` run. Jobs of a kind that nobody registered wait."""

    @abstractmethod
    async def enqueue(
        self,
        tx: Transaction,
        kind: str,
        *,
        scope: str,
        key: str,
        payload: dict[str, Any] | None = None,
        delay: float = 0,
    ) -> None:
        """Add a job. It may start as soon as `tx` commits and `delay` seconds have passed.

        Raises:
            Conflict: a live job has that kind, scope and key.
        """

    @abstractmethod
    async def request_stop(self, tx: Transaction, kind: str, *, scope: str, key: str) -> bool:
        """Ask the job to stop, wherever it runs; one that waits is run with its stop requested.

        False: no such live job.
        """

    @abstractmethod
    async def finish(self, tx: Transaction, job: Job) -> None:
        """End `job` in the transaction that records its outcome, so that it never runs again after that.

        For handlers; what they do afterwards is tidying up. One that merely returns has its job ended a moment later: a
        crash in between runs it once more, and until then its key is taken.
        """

    @abstractmethod
    async def live_kinds(self) -> set[str]:
        """Return the kinds of which live jobs exist, so that their services are loaded at start."""

    @abstractmethod
    async def start(self) -> None:
        """Take up jobs whose lease is over or whose owner is gone, then work."""

    @abstractmethod
    async def close(self) -> None:
        """Stop taking jobs, cancel the handlers that run, give their leases back: the next start takes them up."""
