"""The server's end of a running program: its supervisor, at the other end of a socket, and its output."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

from clary.jobs.output import Output
from clary.jobs.parent.order import Order
from clary.jobs.program import Exit, LaunchError, Line, Process
from clary.jobs.warm_parent import WarmParent
from clary.state.clock import Clock

#: What is reported of a program whose supervisor was killed: the kernel has killed it too.
_KILLED = Exit(code=137)
_MESSAGE_BYTES = 65536


class SupervisedProcess(Process):
    """A program under its supervisor. `ended` is done when nothing of it is left."""

    def __init__(self, control: socket.socket, output: Output) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = control
        self._output = output
        self._started: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[Exit] = self._loop.create_future()
        self._loop.add_reader(control.fileno(), self._hear)

    @classmethod
    async def launch(cls, parent: WarmParent, order: Order, clock: Clock, notice: str = "") -> "SupervisedProcess":
        """Hand the order to the parent and return when the program runs; `notice` precedes its output.

        Raises:
            LaunchError: why it does not.
        """
        try:
            control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            reading, writing = os.pipe()
        except OSError as error:
            raise LaunchError(f"cannot start a process: {error.strerror}") from error
        control.setblocking(False)
        process = cls(control, Output(reading, clock))
        try:
            with theirs, os.fdopen(writing, "wb", buffering=0) as pipe:
                pipe.write(notice.encode())
                await parent.send(order, theirs.fileno(), pipe.fileno())
            await asyncio.shield(process._started)
        except BaseException:
            process._lose("nobody waits for it any more")
            raise
        return process

    async def output(self) -> AsyncIterator[Line]:
        """Yield the lines of stdout and stderr."""
        async for lines in self._output.batches():
            for line in lines:
                yield line

    def batches(self) -> AsyncIterator[list[Line]]:
        """Yield the lines in the lists in which they come."""
        return self._output.batches()

    async def wait(self) -> Exit:
        """Wait for the end of all of it."""
        return await asyncio.shield(self.ended)

    def terminate(self, grace: float) -> None:
        """Send SIGTERM, and SIGKILL later."""
        if not self.ended.done():
            with suppress(OSError):  # its supervisor is just gone, which is about to be heard of
                self._control.send(json.dumps({"terminate": grace}).encode())

    def _hear(self) -> None:
        try:
            data = self._receive()
        except BlockingIOError:
            return
        except OSError:
            data = b""
        message = json.loads(data) if data else {}
        if "pid" in message:
            self._started.set_result(None)
        elif "code" in message:
            self._end(Exit(**message))
        else:
            self._lose(message.get("failed", "its supervisor was killed"))

    def _receive(self) -> bytes:
        try:
            return self._control.recv(_MESSAGE_BYTES)
        except ConnectionResetError:
            # It ended with a message of ours unread. That is told once, and before what it had sent itself.
            return self._control.recv(_MESSAGE_BYTES)

    def _lose(self, reason: str) -> None:
        """The program has not started, or its supervisor is gone; to a supervisor that is not, this is the end too."""
        if not self._started.done():
            self._started.set_exception(LaunchError(reason))
            self._started.exception()  # whoever waits gets it; nobody has to
            self._output.close()
        if not self.ended.done():
            self._end(_KILLED)

    def _end(self, ending: Exit) -> None:
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        self.ended.set_result(ending)
