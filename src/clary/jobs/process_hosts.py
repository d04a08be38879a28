"""Model hosts in processes of this machine: replicas of programs, started by the runner, reached over unix sockets."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from clary.jobs.hosts import (
    HostEvents,
    HostRequest,
    HostResponse,
    Hosts,
    HostSpec,
    HostStatus,
    HostStream,
    HostUnavailable,
)
from clary.jobs.model_connection import request_head
from clary.jobs.program import LaunchError, Runner
from clary.jobs.replica import Replica

#: Exchanges under way with one replica; further requests wait in the server. Enough to keep any model server busy.
REPLICA_EXCHANGES = 64


class ProcessHosts(Hosts):
    """Model hosts over a runner. Close it before the runner."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._hosts: dict[str, _Host] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def ensure(self, name: str, spec: HostSpec, events: HostEvents) -> None:
        """Start the host or change it; the replicas of the old spec serve until those of the new one are ready."""
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(name)
        async with host.changing:
            if self._hosts.get(name) is not host:
                raise LaunchError(f"{name} was removed")
            if host.spec == spec and not host.failed:
                return
            old = host.replicas
            await host.start(spec, events, self._runner)
        self._stop(old, drain_seconds=spec.invoke_seconds)

    def status(self, name: str) -> HostStatus | None:
        """Return the status."""
        host = self._hosts.get(name)
        return host.status if host is not None else None

    async def invoke(self, name: str, request: HostRequest) -> HostResponse:
        """Send one request to the least busy ready replica."""
        head = request_head(request)
        replica = await self._host(name).reserve()
        return await replica.exchange(head, request.body)

    async def open_stream(self, name: str, request: HostRequest) -> HostStream:
        """Send one request and return once the head of its answer is there."""
        head = request_head(request)
        replica = await self._host(name).reserve()
        return await replica.open_stream(head, request.body)

    async def stream(self, name: str, request: HostRequest) -> AsyncIterator[bytes]:
        """Send one request and yield its answer's body as it comes."""
        stream = await self.open_stream(name, request)
        try:
            async for part in stream:
                yield part
        finally:
            await stream.aclose()

    async def remove(self, name: str) -> None:
        """Stop the host: it takes nothing new, and has `invoke_seconds` to finish what it has."""
        host = self._hosts.pop(name, None)
        if host is not None:
            host.turn_away()
            await stop_all(host.take_replicas(), drain_seconds=host.invoke_seconds)

    async def close(self) -> None:
        """Stop all, at once."""
        hosts = list(self._hosts.values())
        self._hosts.clear()
        for host in hosts:
            host.turn_away()
        await asyncio.gather(*(stop_all(host.take_replicas(), drain_seconds=0) for host in hosts))
        await asyncio.gather(*self._background)

    def _host(self, name: str) -> "_Host":
        host = self._hosts.get(name)
        if host is None:
            raise HostUnavailable(f"there is no host {name}")
        return host

    def _stop(self, replicas: list[Replica], drain_seconds: float) -> None:
        task = asyncio.create_task(stop_all(replicas, drain_seconds))
        self._background.add(task)
        task.add_done_callback(self._background.discard)


class _Host:
    """One model host: its replicas, and the requests that wait for one to get free."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.changing = asyncio.Lock()
        self.spec: HostSpec | None = None
        self.replicas: list[Replica] = []
        self.starting: list[Replica] = []
        self.failed = False
        self._waiting: deque[asyncio.Future[Replica]] = deque()

    @property
    def status(self) -> HostStatus:
        """What `Hosts.status` returns."""
        if any(replica.ready for replica in self.replicas):
            return HostStatus.READY
        if self.failed:
            return HostStatus.FAILED
        return HostStatus.DOWN if self.replicas else HostStatus.STARTING

    @property
    def invoke_seconds(self) -> float:
        """How long one request may take."""
        return self.spec.invoke_seconds if self.spec is not None else 0.0

    async def start(self, spec: HostSpec, events: HostEvents, runner: Runner) -> None:
        """Start the replicas of `spec` and let them serve instead of those before.

        Raises:
            LaunchError: one of them never got healthy; those before go on.
        """
        self.starting = [Replica(program, spec, events, runner, self._serve_waiting) for program in spec.programs]
        self.failed = False
        try:
            await asyncio.gather(*(asyncio.shield(replica.healthy) for replica in self.starting))
        except BaseException as error:
            self.failed = isinstance(error, LaunchError) and not self.replicas
            failed, self.starting = self.starting, []
            await stop_all(failed, drain_seconds=0)
            raise
        self.replicas, self.starting, self.spec = self.starting, [], spec
        self._serve_waiting()

    def take_replicas(self) -> list[Replica]:
        """Return all replicas, to be stopped."""
        replicas = self.replicas + self.starting
        self.replicas = []
        return replicas

    async def reserve(self) -> Replica:
        """Return the ready replica that has least to do, with one exchange reserved; wait while each has enough.

        Raises:
            HostUnavailable: none is ready, or too many wait already.
        """
        replica = None if self._waiting else self._free_replica()
        if replica is not None:
            replica.busy += 1
            return replica
        if self.status is not HostStatus.READY or self.spec is None:
            raise HostUnavailable(f"{self.name} is {self.status.value}")
        if len(self._waiting) >= self.spec.max_waiting:
            raise HostUnavailable(f"{len(self._waiting)} requests wait for {self.name} already")
        turn: asyncio.Future[Replica] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                turn.result().release()
            raise

    def turn_away(self) -> None:
        """Let nobody wait any longer."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(HostUnavailable(f"{self.name} is not ready"))

    def _free_replica(self) -> Replica | None:
        best = None
        for replica in self.replicas:
            if replica.ready and replica.busy < REPLICA_EXCHANGES and (best is None or replica.busy < best.busy):
                best = replica
        return best

    def _serve_waiting(self) -> None:
        """A replica has changed: give it to those who have waited longest, or turn all away when none is ready."""
        while self._waiting and (replica := self._free_replica()) is not None:
            turn = self._waiting.popleft()
            if not turn.done():
                replica.busy += 1
                turn.set_result(replica)
        if self._waiting and self.status is not HostStatus.READY:
            self.turn_away()


async def stop_all(replicas: list[Replica], drain_seconds: float) -> None:
    """Stop replicas side by side."""
    await asyncio.gather(*(replica.stop(drain_seconds) for replica in replicas))
