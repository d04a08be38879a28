"""One program's sandbox: made by bubblewrap, entered by us.

bubblewrap builds the mounts and namespaces, and holds them with its own PID 1 and an idle `cat` until it is killed; a
fork of the warm parent, which no exec could give its imported modules, then joins them.
"""

import os
import re
from pathlib import Path

from clary.jobs.parent import kernel


class SandboxError(Exception):
    """The sandbox could not be made: what bubblewrap said."""


class Sandbox:
    """A sandbox that is ready to be entered. It lasts until its maker ends or kills its children."""

    def __init__(self, command: list[str], hosts: str) -> None:
        self._fds: list[int] = []
        info = self._start(command, hosts)
        #: Namespaces that differ from ours; the user namespace, if any, has to be entered first.
        self._namespaces = {
            name: fd for name in ("user", "pid", "net", "ipc", "uts", "mnt") if (fd := self._open(info, name))
        }

    def _start(self, command: list[str], hosts: str) -> str:
        """Run bubblewrap and return PID 1 of the sandbox, once its mounts are made and `cat` answers."""
        stdin, wake = os.pipe()
        os.write(wake, b".")
        ready, stdout = os.pipe()
        info, info_out = os.pipe()
        errors = os.memfd_create("errors")
        hosts_file = os.memfd_create("hosts")
        os.write(hosts_file, hosts.encode())
        os.lseek(hosts_file, 0, os.SEEK_SET)
        arguments = [*command, "--info-fd", str(info_out), *_bind_hosts(hosts_file), "--", "cat"]
        for fd in (info_out, hosts_file):
            os.set_inheritable(fd, True)
        duplicates = [(os.POSIX_SPAWN_DUP2, fd, target) for target, fd in enumerate((stdin, stdout, errors))]
        os.posix_spawn(command[0], arguments, {"PATH": "/usr/bin:/bin"}, file_actions=duplicates)
        for fd in (stdin, stdout, info_out, hosts_file):
            os.close(fd)
        self._fds.append(wake)
        alive = os.read(ready, 1)
        text = os.read(info, 4096).decode() if alive else os.pread(errors, 4096, 0).decode(errors="replace")
        for fd in (ready, info, errors):
            os.close(fd)
        found = re.search(r'"child-pid": (\d+)', text)
        if not alive or not found:
            raise SandboxError(text.strip() or "bubblewrap ended without a word")
        return found.group(1)

    def _open(self, pid: str, name: str) -> int | None:
        """Return a descriptor of the sandbox's namespace, None where it is our own."""
        path = Path(f"/proc/{pid}/ns/{name}")
        if path.samefile(f"/proc/self/ns/{name}"):
            return None
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._fds.append(fd)
        return fd

    def enter_for_children(self) -> None:
        """Let the children of this process be processes of the sandbox."""
        self._enter("user", "pid")

    def enter(self) -> None:
        """Let this process, a child, see what the sandbox shows, and be nobody in particular there."""
        self._enter("net", "ipc", "uts", "mnt")
        kernel.drop_capabilities()

    def close_descriptors(self) -> None:
        """Close what only the maker needs, in the child."""
        for fd in self._fds:
            os.close(fd)

    def _enter(self, *names: str) -> None:
        for name in names:
            if name in self._namespaces:
                kernel.enter_namespace(self._namespaces[name])


def _bind_hosts(file: int) -> list[str]:
    return ["--ro-bind-data", str(file), "/etc/hosts"] if Path("/etc/hosts").exists() else []
