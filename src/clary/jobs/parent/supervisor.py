"""Watches over one program, in a process of its own: makes its sandbox, starts it, ends it, tells the server.

It speaks with the server in JSON messages: `{"pid": 17}` once the program runs, or `{"failed": "why"}`; then
`{"code": 0, "out_of_memory": false, "timed_out": false}`. The server sends `{"terminate": 5.0}` (the grace in
seconds), or dies, which ends the connection. Whatever the program has started is a child of this process or becomes
one when its own parent ends, and is killed with it; a sandbox's PID 1 is such a child, and takes all of its processes
along.
"""

import json
import os
import select
import signal
import socket
import time
import traceback
from contextlib import suppress
from typing import NoReturn

from clary.jobs.parent import child, kernel
from clary.jobs.parent.cgroups import Cgroup
from clary.jobs.parent.namespaces import Sandbox, SandboxError
from clary.jobs.parent.order import Order

_MESSAGE_BYTES = 65536


def supervise(order: Order, control: socket.socket, output: int) -> NoReturn:
    """Run the program of `order` to its end. Never returns, whatever happens."""
    try:
        _Supervisor(order, control).run(output)
    except (OSError, SandboxError) as error:
        _tell(control, {"failed": str(error)})
    except BaseException:
        traceback.print_exc()
    finally:
        kill_children()
        os._exit(0)


def kill_children() -> None:
    """Kill every descendant and wait until none is left. Orphans arrive here one generation after the other."""
    with suppress(ChildProcessError):
        while True:
            for pid in kernel.children():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)


class _Supervisor:
    """One program on its way: `run` is the whole of it."""

    def __init__(self, order: Order, control: socket.socket) -> None:
        self.order = order
        self.control = control
        self.pid = 0
        self.status: int | None = None
        self.timed_out = False
        self.gone = False
        self.terminated = False
        self.ends_at = None if order.seconds is None else time.monotonic() + order.seconds
        self.kill_at: float | None = None

    def run(self, output: int) -> None:
        os.setsid()
        kernel.set_process_name("clary-supervise")
        kernel.adopt_orphans()
        sandbox = None if self.order.sandbox is None else Sandbox(self.order.sandbox, self.order.hosts)
        group = None
        if self.order.memory is not None or self.order.quota is not None:
            group = Cgroup.make(f"clary-{os.getpid()}", self.order.memory, self.order.quota)
        try:
            self._run_program(sandbox, group, output)
        finally:
            kill_children()
            if group is not None:
                group.remove()

    def _run_program(self, sandbox: Sandbox | None, group: Cgroup | None, output: int) -> None:
        wake, wake_in = wake_on_child()
        status = self._fork(sandbox, group, output, (wake, wake_in))
        os.close(output)
        said = os.read(status, 4096)
        if said.startswith(child.FAILED):
            raise OSError(said[1:].decode(errors="replace"))
        _tell(self.control, {"pid": self.pid})
        self._watch(wake)
        kill_children()
        # A program that is fast says its last word together with its first one.
        _tell(self.control, self._report(group, said + _rest(status)))

    def _fork(self, sandbox: Sandbox | None, group: Cgroup | None, output: int, private: tuple[int, ...]) -> int:
        """Start the program and return the pipe on which it tells how that went."""
        status, status_out = os.pipe()
        if sandbox is not None:
            sandbox.enter_for_children()
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (status, self.control.fileno(), *private):
                os.close(fd)
            child.become(self.order, sandbox, group, output, status_out)
        os.close(status_out)
        return status

    def _watch(self, wake: int) -> None:
        """Wait for the end of the program, or bring it about; return when it has ended or the server has."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(wake, select.POLLIN)
        self._reap()
        while self.status is None and not self.gone:
            for fd, _ in poll.poll(self._pause()):
                if fd == wake:
                    os.read(wake, 4096)
                    self._reap()
                else:
                    self._hear()
            self._keep_time()

    def _pause(self) -> float | None:
        times = [at for at in (self.ends_at, self.kill_at) if at is not None]
        return max(0.0, (min(times) - time.monotonic()) * 1000) if times else None

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid == self.pid:
                    self.status = status

    def _hear(self) -> None:
        message = self.control.recv(_MESSAGE_BYTES)
        if message:
            self._terminate(json.loads(message)["terminate"])
        else:
            self.gone = True

    def _terminate(self, grace: float) -> None:
        if self.status is not None:
            return
        if not self.terminated and grace > 0:
            os.kill(self.pid, signal.SIGTERM)
        self.terminated = True
        at = time.monotonic() + grace
        self.kill_at = at if self.kill_at is None else min(self.kill_at, at)

    def _keep_time(self) -> None:
        if self.status is not None:
            return
        now = time.monotonic()
        if self.ends_at is not None and now >= self.ends_at:
            self.ends_at, self.timed_out = None, True
            self._terminate(self.order.grace)
        if self.kill_at is not None and now >= self.kill_at:
            os.kill(self.pid, signal.SIGKILL)
            self.kill_at = None

    def _report(self, group: Cgroup | None, said: bytes) -> dict[str, object]:
        code = 128 + signal.SIGKILL if self.status is None else os.waitstatus_to_exitcode(self.status)
        code = 128 - code if code < 0 else code
        no_memory = code != 0 and (said.endswith(child.NO_MEMORY) or (group is not None and group.out_of_memory()))
        return {"code": code, "out_of_memory": no_memory, "timed_out": self.timed_out}


def wake_on_child() -> tuple[int, int]:
    """Return both ends of a pipe that gets readable when a child ends."""
    wake, wake_in = os.pipe()
    for fd in (wake, wake_in):
        os.set_blocking(fd, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
    return wake, wake_in


def _rest(status: int) -> bytes:
    """Return what the program wrote to its status pipe since it was last read."""
    os.set_blocking(status, False)
    with suppress(BlockingIOError):
        return os.read(status, 1)
    return b""


def _tell(control: socket.socket, message: dict[str, object]) -> None:
    with suppress(OSError):  # the server is gone, which is heard of elsewhere
        control.send(json.dumps(message).encode())
