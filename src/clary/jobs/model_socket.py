"""How the server reaches a model: a unix socket in the program's folder.

The folder is the program's to change, so the socket is opened without following links: a link to some other socket of
the machine would turn the server into the program's messenger. Connecting by descriptor also does away with the
kernel's limit of 108 bytes for a socket's path.

A user's own image, which knows nothing of `CLARY_SOCKET`, listens on port 8080 of its own loopback: a connection
through its network namespace is to be made here.
"""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: The longest path that a socket can be bound to.
PATH_BYTES = 107


def connect(folder: Path, name: str) -> socket.socket:
    """Return a non-blocking socket, connected to the one called `name` in `folder`.

    Raises:
        OSError: nothing listens there (yet), or its backlog is full (BlockingIOError).
    """
    directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        target = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=directory)
    finally:
        os.close(directory)
    try:
        if not stat.S_ISSOCK(os.fstat(target).st_mode):
            raise FileNotFoundError(f"{name} is not a socket")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            connection.connect(f"/proc/self/fd/{target}")
        except BaseException:
            connection.close()
            raise
        return connection
    finally:
        os.close(target)


@contextmanager
def bindable(path: str) -> Iterator[str]:
    """Give a path that a program can bind a socket to: the same, or for a longer one a short cut while the block lasts.

    Paths get long without a sandbox only, where the program sees the host's.
    """
    if len(os.fsencode(path)) <= PATH_BYTES:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="clary-") as folder:
        short = Path(folder, "ml")
        short.symlink_to(Path(path).parent)
        yield str(short / Path(path).name)


def remove(folder: Path, name: str) -> None:
    """Remove a socket that nobody listens on any more."""
    with suppress(OSError):
        (folder / name).unlink()
