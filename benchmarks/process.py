"""Servers under test: started, watched, charged for the CPU and memory of their whole process tree, ended."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    pids = [pid]
    for parent in pids:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            pids += [int(child) for child in task.read_text().split()]
    return pids


def cpu_seconds(pids: Sequence[int]) -> float:
    """User and system time so far, with that of children that have ended and were waited for."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(value) for value in fields[11:15])
    return total / TICKS


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def users_environment() -> dict[str, str]:
    """Return the environment without what keeps Python from keeping its compiled modules, as a user's is."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class ServerProcess:
    """A server in a process of its own; a context manager that yields once `path` answers 200."""

    def __init__(self, command: Sequence[str], port: int, path: str, env: Mapping[str, str] | None = None) -> None:
        self.command = command
        self.port = port
        self.path = path
        self.env = users_environment() | dict(env or {})
        self.ready_after = 0.0

    def __enter__(self) -> Self:
        begin = time.perf_counter()
        self.log = tempfile.TemporaryFile()  # not a pipe: a server that logs every request would fill it, and wait
        self.process = subprocess.Popen(
            self.command, env=self.env, stdout=subprocess.DEVNULL, stderr=self.log, start_new_session=True
        )
        while not self.healthy():
            if self.process.poll() is not None:
                self.log.seek(0)
                raise RuntimeError(f"{self.command[0]} ended: {self.log.read().decode()[-2000:]}")
            if time.perf_counter() - begin > 60:
                raise RuntimeError(f"{self.command[0]} is not healthy after 60 s")
            time.sleep(0.002)
        self.ready_after = time.perf_counter() - begin
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        return cpu_seconds(tree(self.process.pid))
