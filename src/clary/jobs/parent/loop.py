"""The warm parent: imports what it is told, then forks a supervisor for each order that comes over its socket.

It runs no thread of its own and computes nothing, for a fork takes along one thread alone and whatever locks the others
held. (OpenBLAS and jemalloc start threads when they are imported, and see to forks themselves.) It ends when the server
does. Supervisors do not depend on it: those that run go on when it is killed.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

from clary.jobs.parent import kernel
from clary.jobs.parent.order import Order
from clary.jobs.parent.supervisor import supervise, wake_on_child


def main() -> None:
    """Serve the socket whose descriptor is the first argument; the others are modules to import first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(server.fileno(), False)
    failure = _import(sys.argv[2:])
    kernel.set_process_name("clary-parent")
    # What exists now lives as long as the process: the collector need not touch it, so that forks go on sharing it.
    gc.collect()
    gc.disable()
    gc.freeze()
    _Parent(server, failure).serve()


def _import(modules: list[str]) -> str:
    """Import the modules and return what went wrong, if anything did."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            traceback.print_exc()
            return f"cannot import {name}: {error}"
    return ""


class _Parent:
    """The loop over the socket and the supervisors."""

    def __init__(self, server: socket.socket, failure: str) -> None:
        self.server = server
        self.failure = failure
        self.supervisors: set[int] = set()

    def serve(self) -> None:
        """Take orders until the server closes the socket."""
        kernel.adopt_orphans()
        wake, wake_in = wake_on_child()
        poll = select.poll()
        poll.register(self.server, select.POLLIN)
        poll.register(wake, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == wake:
                    os.read(wake, 4096)
                    self._reap()
                elif not self._take_order((wake, wake_in)):
                    return

    def _take_order(self, private: tuple[int, ...]) -> bool:
        """Fork for one order; False when the server is gone."""
        message, fds, _, _ = socket.recv_fds(self.server, 16, 3)
        if not message:
            return False
        order_file, control_fd, output = fds
        with socket.socket(fileno=control_fd) as control:
            try:
                self._fork(order_file, control, output, private)
            except OSError as error:
                self._refuse(control, f"cannot start a process: {error.strerror}")
        os.close(output)
        return True

    def _fork(self, order_file: int, control: socket.socket, output: int, private: tuple[int, ...]) -> None:
        if self.failure:
            os.close(order_file)
            self._refuse(control, self.failure)
            return
        pid = os.fork()
        if pid == 0:
            self._supervise(order_file, control, output, private)
        os.close(order_file)
        self.supervisors.add(pid)

    def _supervise(self, order_file: int, control: socket.socket, output: int, private: tuple[int, ...]) -> NoReturn:
        signal.set_wakeup_fd(-1)
        for fd in (self.server.fileno(), *private):
            os.close(fd)
        supervise(Order.from_file(order_file), control, output)

    def _refuse(self, control: socket.socket, reason: str) -> None:
        with suppress(OSError):
            control.send(json.dumps({"failed": reason}).encode())

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self.supervisors.discard(pid)
                if os.WIFSIGNALED(status):
                    self._kill_orphans()

    def _kill_orphans(self) -> None:
        """A supervisor was killed: what it watched over is a child of ours now."""
        for pid in kernel.children():
            if pid not in self.supervisors:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
