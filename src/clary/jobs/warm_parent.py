"""The server's end of a warm parent: starts the process, hands it orders."""

import asyncio
import os
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from clary.jobs.parent.order import Order
from clary.jobs.program import LaunchError

#: Our package is importable for a Python of another environment too, behind all that is its own.
_BOOT = "import sys; sys.path.append({path!r}); from clary.jobs.parent.loop import main; main()"
_PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2])


def _home() -> str:
    """Return the user's home folder, where Python looks for packages that are the user's own."""
    try:
        return str(Path.home())
    except RuntimeError:  # a user without an entry, as in some containers
        return "/"


class WarmParent:
    """One parent process. It starts at once and takes orders from then on; they wait until its imports are done."""

    def __init__(self, name: str, modules: Sequence[str], python: Path) -> None:
        self.name = name
        self._server, parent = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.setblocking(False)
        with parent:
            # A clean environment: a fork shows its parent's in /proc, and the server's may hold credentials.
            self._process = subprocess.Popen(  # noqa: S603  - our own Python, our own code
                [
                    str(python),
                    "-P",
                    "-c",
                    _BOOT.format(path=_PACKAGE_FOLDER),
                    str(parent.fileno()),
                    *modules,
                ],
                pass_fds=[parent.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": _home()},
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether the process runs. One that does not is of no more use."""
        if self._process.poll() is None:
            return True
        self._server.close()
        return False

    async def send(self, order: Order, control: int, output: int) -> None:
        """Hand over an order with the program's control socket and output pipe; the caller closes its copies.

        Raises:
            LaunchError: the parent is gone.
        """
        file = order.to_file()
        try:
            while True:
                try:
                    socket.send_fds(self._server, [b"order"], [file, control, output])
                except BlockingIOError:
                    await self._writable()
                else:
                    return
        except OSError as error:
            raise LaunchError(f"the warm parent {self.name!r} is gone: {error.strerror}") from error
        finally:
            os.close(file)

    async def close(self) -> None:
        """End the process, which may still be at its imports, and wait for that. Programs that run go on."""
        self._server.close()
        self._process.kill()
        await asyncio.to_thread(self._process.wait)

    async def _writable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._server.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._server.fileno())
