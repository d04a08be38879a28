"""One replica of a model host: a program that is kept running, and the connections to it."""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from clary.jobs import model_socket
from clary.jobs.hosts import HostEvents, HostResponse, HostSpec, HostStream, HostTimeout, HostUnavailable
from clary.jobs.model_connection import PING, ModelConnection
from clary.jobs.program import LaunchError, Process, Program, Runner

logger = logging.getLogger(__name__)

#: A program that ends before it was ever healthy is given up after so many starts: the next would end so too.
START_ATTEMPTS = 3
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.1, 30.0
#: A replica that was healthy for so long begins again with the first pause.
STEADY_SECONDS = 60.0
PING_SECONDS = 2.0
#: How often a starting program is pinged: soon at first, for a warm one is there within milliseconds.
PING_PAUSE_SECONDS = (0.005, 0.1)
#: Between SIGTERM and SIGKILL, once a replica has nothing to do any more.
STOP_SECONDS = 5.0
#: An idle connection is not used again after this: model servers close theirs, some after two seconds.
IDLE_SECONDS = 1.0

_numbers = itertools.count(1)


class Replica:
    """One replica. It is kept running until `stop`; `healthy` is done after the first healthy ping, or says why not.

    `on_change` is called when it gets ready or down, and after each exchange.
    """

    def __init__(
        self, program: Program, spec: HostSpec, events: HostEvents, runner: Runner, on_change: Callable[[], None]
    ) -> None:
        self.program = program
        self.ready = False
        #: Exchanges under way. Whoever begins one adds it; it takes itself off at its end.
        self.busy = 0
        self.healthy: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._spec = spec
        self._events = events
        self._runner = runner
        self._on_change = on_change
        self._stopping = asyncio.Event()
        self._quiet = asyncio.Event()
        self._idle: list[ModelConnection] = []
        self._connections: set[ModelConnection] = set()
        self._process: Process | None = None
        self._socket = ""
        self._last_line = ""
        self._task = asyncio.create_task(self._run(), name=f"replica {program.name}")

    async def exchange(self, head: bytes, body: bytes) -> HostResponse:
        """Send a request that `busy` counts already, return the answer. Raises HostUnavailable, HostTimeout."""
        try:
            connection = self._spare() or await self._connect()
            return await connection.exchange(head, body, self._spec.invoke_seconds)
        finally:
            self.release()

    async def open_stream(self, head: bytes, body: bytes) -> HostStream:
        """Do the same, but return the answer when its head has come."""
        try:
            connection = self._spare() or await self._connect()
        except BaseException:
            self.release()
            raise
        return await connection.open_stream(head, body, self._spec.invoke_seconds, self.release)

    async def stop(self, drain_seconds: float) -> None:
        """Take nothing new, let exchanges come to their end for so long at most, then end the program."""
        self.ready = False
        self._stopping.set()
        if self.busy:
            self._quiet.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._quiet.wait(), drain_seconds)
        if self._process is not None:
            self._process.terminate(STOP_SECONDS)
        await asyncio.wait([self._task])

    def release(self) -> None:
        """One exchange is over."""
        self.busy -= 1
        if self.busy == 0:
            self._quiet.set()
        self._on_change()

    def _spare(self) -> ModelConnection | None:
        oldest = asyncio.get_running_loop().time() - IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                if connection.used_at > oldest:
                    return connection
                connection.close()
        return None

    async def _connect(self) -> ModelConnection:
        try:
            opened = model_socket.connect(self.program.root, self._socket)
        except OSError as error:
            raise HostUnavailable(f"the model takes no connection: {error.strerror}") from error
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_unix_connection(
            lambda: ModelConnection(self._idle.append, self._connections.discard), sock=opened
        )
        self._connections.add(connection)
        return connection

    async def _run(self) -> None:
        """Start the program again and again."""
        pause, lives, reason = FIRST_PAUSE_SECONDS, 0, ""
        deadline = time.monotonic() + self._spec.start_seconds
        while not self._stopping.is_set():
            began = time.monotonic()
            reason = await self._live(deadline)
            lives += 1
            if not self.healthy.done() and (lives == START_ATTEMPTS or time.monotonic() >= deadline):
                break
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, LAST_PAUSE_SECONDS)
        if not self.healthy.done():
            self.healthy.set_exception(LaunchError("it was stopped" if self._stopping.is_set() else reason))
            self.healthy.exception()  # nobody has to look

    async def _live(self, deadline: float) -> str:
        """Run the program once; return why it was not healthy, if it never was."""
        self._socket = f"model-{next(_numbers)}.sock"
        model_socket.remove(self.program.root, self._socket)
        try:
            path = await self._runner.seen(self.program, self.program.root / self._socket)
            with model_socket.bindable(path) as short:
                variables = {**self.program.env, "CLARY_SOCKET": short}
                self._process = await self._runner.start(replace(self.program, env=variables))
                return await self._watch(self._process, deadline)
        except LaunchError as error:
            return str(error)
        finally:
            self._process = None
            model_socket.remove(self.program.root, self._socket)

    async def _watch(self, process: Process, deadline: float) -> str:
        """See the program to its end."""
        lines = asyncio.create_task(self._pass_lines(process))
        health = asyncio.create_task(self._until_healthy(process, deadline))
        if self._stopping.is_set():
            process.terminate(STOP_SECONDS)
        ending = await process.wait()
        health.cancel()
        self.ready = False
        for connection in list(self._connections):
            connection.close()
        self._on_change()
        await lines
        if self._events.on_exit is not None:
            await self._events.on_exit(self.program.name, ending)
        late = time.monotonic() >= deadline
        what = "did not answer GET /ping with 200 in time" if late else f"ended with exit code {ending.code}"
        return f"{self.program.name} {what}" + (f": {self._last_line}" if self._last_line else "")

    async def _pass_lines(self, process: Process) -> None:
        async for line in process.output():
            self._last_line = line.text or self._last_line
            try:
                await self._events.on_line(self.program.name, line)
            except Exception:
                logger.exception("a line of %s could not be passed on", self.program.name)

    async def _until_healthy(self, process: Process, deadline: float) -> None:
        """Ping until the program is healthy; end it when it is not in time."""
        soon, later = PING_PAUSE_SECONDS
        began = time.monotonic()
        while time.monotonic() < deadline:
            if await self._ping():
                self.ready = not self._stopping.is_set()
                if not self.healthy.done():
                    self.healthy.set_result(None)
                self._on_change()
                return
            await asyncio.sleep(soon if time.monotonic() - began < 1 else later)
        process.terminate(0)

    async def _ping(self) -> bool:
        with suppress(HostUnavailable, HostTimeout):
            connection = await self._connect()
            return (await connection.exchange(PING, b"", PING_SECONDS)).status == 200
        return False
