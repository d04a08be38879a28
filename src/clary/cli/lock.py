"""One server on a data directory: the lock that it holds for its life, with its address in it.

The lock is the kernel's (flock), so that it ends with the server however that ends; `server.lock` says, while it is
held, who holds it. A second lock, shared, is held by each `clary run`: the last one to leave ends a server that one of
them started.
"""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO, NamedTuple

#: How long a server may take from its lock to its address, and how long a lock held for a glance may stand in the way.
START_TIME = 30.0
GLANCE_TIME = 0.5
PAUSE = 0.02


class Holder(NamedTuple):
    """The server on a data directory. `for_run` says that a `clary run` started it."""

    pid: int
    url: str
    for_run: bool


class Held(Exception):  # noqa: N818
    """Another server is on the data directory."""


class ServerLock:
    """A server's hold on its data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "server.lock"
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, for as long as this process lives.

        Raises:
            Held: another server has it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("a+")
        deadline = time.monotonic() + GLANCE_TIME
        while not lock(self._file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise Held
            time.sleep(PAUSE)
        self._file.truncate(0)

    def publish(self, url: str, *, for_run: bool) -> None:
        """Say that the server is ready, and where."""
        self._write(json.dumps(Holder(os.getpid(), url, for_run)._asdict()))

    def withdraw(self) -> None:
        """Say that the server is ending: whoever looks for one waits until it has."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.write(text)
            self._file.flush()


def find_server(data_dir: Path) -> Holder | None:
    """Return the server on a data directory, once it is ready; None when there is none, or none any longer."""
    deadline = time.monotonic() + START_TIME
    while time.monotonic() < deadline:
        try:
            with (data_dir / "server.lock").open() as file:
                if lock(file, fcntl.LOCK_SH):
                    return None
                text = file.read()
        except FileNotFoundError:
            return None
        if text:
            return Holder(**json.loads(text))
        time.sleep(PAUSE)
    return None


class UserLock:
    """A `clary run`'s share in the server that it uses."""

    def __init__(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._file = (data_dir / "users.lock").open("a")
        lock(self._file, fcntl.LOCK_SH, wait=True)

    def last(self) -> bool:
        """Whether nobody else has a share; then nobody else gets one before this one is closed."""
        return lock(self._file, fcntl.LOCK_EX)

    def close(self) -> None:
        """Give up the share."""
        self._file.close()


def lock(file: IO[str], kind: int, *, wait: bool = False) -> bool:
    """Lock a file in one of flock's ways; say whether that worked (always, after a `wait`)."""
    try:
        fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
