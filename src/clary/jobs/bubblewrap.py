"""What a program sees of the machine: the command line of bubblewrap that makes its sandbox.

The program sees the machine's programs and libraries, read-only, and of /etc what everybody may read; its own
`/opt/ml`; a `/tmp` of its own, kept on disk beside it; neither the server's data nor anybody's home folder, nor sockets
in /run. It cannot gain any privilege.
https://github.com/containers/bubblewrap
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from clary.jobs.program import LaunchError, Network, Program

#: Where a program finds its folder.
ML_ROOT = "/opt/ml"
#: Its private temporary files, below its folder on the host.
TEMPORARY = ".tmp"
#: Made anew for each sandbox, and so never shown as they are.
_OWN = ("proc", "dev", "tmp", "run", "root", "home", "opt")
#: Accelerators that a program may use.
_DEVICES = ("/dev/kfd", "/dev/dri", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset")
#: Settings of the kernel, which user 0 may change without any capability: a handler of core dumps runs outside.
_SETTINGS = ("/proc/sys", "/proc/fs", "/proc/acpi", "/proc/scsi")
#: Where /etc/resolv.conf often leads.
_RESOLVER = "/run/systemd/resolve"


def sandbox_command(bwrap: str, program: Program, hidden: Iterable[Path], needed: Iterable[Path]) -> list[str]:
    """Return the command, up to what is to run.

    `hidden` are folders that no program sees; of `needed` it sees those that would be hidden with what is around them.
    """
    root = str(program.root.resolve())
    command = [bwrap, "--die-with-parent", "--new-session", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    command += ["--hostname", program.name[:64], "--cap-drop", "ALL"]
    if os.geteuid() != 0:
        # In a container a program is root; here it is root of its sandbox alone.
        command += ["--unshare-user", "--uid", "0", "--gid", "0"]
    if program.network is Network.NONE:
        command.append("--unshare-net")
    command += [*_machine(), *_secrets()]
    command += ["--bind", temporary_folder(program), "/tmp"]  # noqa: S108  - the sandbox's own
    covered = [path.resolve() for path in hidden]
    for path in covered:
        if not _is_private(path):
            command += ["--tmpfs", str(path)]
    command += ["--bind", root, ML_ROOT]
    missing = [path for path in needed if _is_private(path) or any(path.is_relative_to(top) for top in covered)]
    for path in dict.fromkeys([*missing, *program.readable]):
        command += ["--ro-bind", str(path), str(path)]
    for path in covered:
        if not _is_private(path):
            command += ["--remount-ro", str(path)]
    return [*command, "--remount-ro", "/home", "--remount-ro", "/run", "--remount-ro", "/"]


def temporary_folder(program: Program) -> str:
    """Return the host's path of the program's private temporary files; make it when it is not there.

    Raises:
        LaunchError: a program put something else in its place (a link would lead out of the sandbox).
    """
    path = program.root / TEMPORARY
    path.mkdir(mode=0o700, exist_ok=True)
    if not stat.S_ISDIR(path.lstat().st_mode):
        raise LaunchError(f"{TEMPORARY} in the program's folder is not a folder")
    return str(path.resolve())


@cache
def _machine() -> Sequence[str]:
    """Return the part that is the same for every program: the host's root, read-only, without what is private."""
    arguments = []
    for path in sorted(Path("/").iterdir()):
        if path.name not in _OWN:
            arguments += _show(path)
    arguments += ["--proc", "/proc"]
    for setting in _SETTINGS:
        arguments += ["--ro-bind-try", setting, setting]
    arguments += ["--dev", "/dev", "--dir", "/opt"]
    for path in sorted(Path("/opt").glob("*")):
        if str(path) != ML_ROOT:
            arguments += _show(path)
    for device in (*_DEVICES, *map(str, Path("/dev").glob("nvidia[0-9]*"))):
        arguments += ["--dev-bind-try", device, device]
    arguments += ["--tmpfs", "/run", "--ro-bind-try", _RESOLVER, _RESOLVER]
    return [*arguments, "--tmpfs", "/root", "--tmpfs", "/home"]


def _secrets() -> Iterator[str]:
    """Yield what hides the machine's secrets: a server that runs as root could read them, and so its programs."""
    if os.geteuid() == 0:
        for path in _unreadable(Path("/etc")):
            if path.is_dir():
                yield from ("--tmpfs", str(path), "--remount-ro", str(path))
            elif path.exists():
                yield from ("--ro-bind", os.devnull, str(path))


@cache
def _unreadable(top: Path) -> Sequence[Path]:
    """Return the files and folders that not every user may read; of what is in such a folder, none."""
    found = []
    for folder, folders, files in os.walk(top):
        for name in [*folders, *files]:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            wanted = 0o5 if stat.S_ISDIR(mode) else 0o4
            if not stat.S_ISLNK(mode) and mode & wanted != wanted:
                found.append(path)
                if stat.S_ISDIR(mode):
                    folders.remove(name)
    return found


def _show(path: Path) -> list[str]:
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind-try", str(path), str(path)] if path.is_dir() else []


def _is_private(path: Path) -> bool:
    """Say whether a path is not to be seen anyway."""
    return len(path.parts) > 1 and path.parts[1] in _OWN and path.parts[1] != "opt"


@cache
def python_folders(python: Path) -> Sequence[Path]:
    """Return the folders that a Python reads its library, its packages and this package from."""
    folders = [python.parent.parent, python.resolve().parent.parent, Path(__file__).parents[2]]
    settings = python.parent.parent / "pyvenv.cfg"
    if settings.exists():  # a virtual environment takes the library from the Python that made it
        home = re.search(r"^home *= *(.+)$", settings.read_text(), re.MULTILINE)
        folders += [Path(home.group(1)).parent] if home else []
    return list(dict.fromkeys(folder.resolve() for folder in folders))
