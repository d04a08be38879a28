"""A control group for one program, where the machine lets us make one.

Version 1 has a tree for each controller, version 2 one tree for all; a machine may mount both. Groups are made below
the server's own group, so that its limits go on to hold. Without the right to do so `Cgroup.make` returns None, and
limits of the process (`setrlimit`) have to do. https://docs.kernel.org/admin-guide/cgroup-v2.html
"""

import os
import time
from contextlib import suppress
from pathlib import Path

#: Microseconds in which a CPU quota is counted.
_PERIOD = 100_000
#: The last processes may take a moment to leave their group after they have been reaped.
_REMOVE_SECONDS = 1.0


class Cgroup:
    """Folders in the trees of the memory and CPU controllers; with version 2, the same folder."""

    def __init__(self, folders: list[Path]) -> None:
        self._folders = folders

    @classmethod
    def make(cls, name: str, memory: int | None, cpus: float | None) -> "Cgroup | None":
        """Make a group with these limits; None where that is not permitted or not possible."""
        folders: list[Path] = []
        group = cls(folders)
        try:
            for parent, settings in _plan(memory, cpus):
                folder = parent / name
                if folder not in folders:
                    folder.mkdir(exist_ok=True)
                    folders.append(folder)
                for file, value in settings.items():
                    _set(folder / file, value)
        except OSError:
            group.remove()
            return None
        return group if folders else None

    def enter(self) -> None:
        """Move this process into the group."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text("0")

    def out_of_memory(self) -> bool:
        """Say whether the kernel killed a process of the group because it went over its memory."""
        for folder in self._folders:
            for file in ("memory.events", "memory.oom_control"):
                with suppress(OSError):
                    counts = dict(line.split() for line in (folder / file).read_text().splitlines())
                    if int(counts.get("oom_kill", 0)):
                        return True
        return False

    def remove(self) -> None:
        """Remove the group; nothing may run in it any more."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        for folder in self._folders:
            while folder.exists() and time.monotonic() < deadline:
                with suppress(OSError):
                    folder.rmdir()
                    break
                time.sleep(0.005)


def _plan(memory: int | None, cpus: float | None) -> list[tuple[Path, dict[str, str]]]:
    """Return (our own group, settings of a child) for each tree that is needed."""
    plan = []
    quota = None if cpus is None else round(cpus * _PERIOD)
    own = _own_groups()
    if memory is not None:
        if "memory" in own:
            settings = {"memory.limit_in_bytes": str(memory), "memory.memsw.limit_in_bytes": str(memory)}
            plan.append((own["memory"], settings))
        else:
            plan.append((_version_2(own, "memory"), {"memory.max": str(memory), "memory.swap.max": "0"}))
    if quota is not None:
        if "cpu" in own:
            plan.append((own["cpu"], {"cpu.cfs_period_us": str(_PERIOD), "cpu.cfs_quota_us": str(quota)}))
        else:
            plan.append((_version_2(own, "cpu"), {"cpu.max": f"{quota} {_PERIOD}"}))
    return plan


def _version_2(own: dict[str, Path], controller: str) -> Path:
    """Return our own group in the one tree of version 2, its children being given the controller.

    Raises:
        OSError: there is none, or the kernel refuses because the group has processes of its own.
    """
    if "" not in own:
        raise FileNotFoundError(f"no {controller} controller")
    control = own[""] / "cgroup.subtree_control"
    if controller not in control.read_text().split():
        control.write_text(f"+{controller}")
    return own[""]


def _own_groups() -> dict[str, Path]:
    """Return the folder of our own group for each controller; version 2's one is called by the empty string."""
    mounts = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        root, folder = before.split()[3:5]
        if kind == "cgroup2":
            mounts[""] = (root, folder)
        elif kind == "cgroup":
            mounts.update(dict.fromkeys(options.split(","), (root, folder)))
    groups = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            if controller in mounts:
                root, folder = mounts[controller]
                groups[controller] = Path(folder) / os.path.relpath(path, root)
    return groups


def _set(file: Path, value: str) -> None:
    # Accounting of swap is an option of the kernel: without it there is no such file, and the limit holds all the same.
    if "sw" in file.name and not file.exists():
        return
    file.write_text(value)
