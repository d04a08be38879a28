"""Runs programs in processes of this machine: in a bubblewrap sandbox where the machine has it, else as they are.

Without a sandbox a program keeps the server's view of the machine: its folder has the host's path (`CLARY_ML_ROOT`),
and `/opt/ml` in its arguments and environment is replaced by that path. Network.NONE cannot be had then, and the first
line of the program's output says so.
"""

import asyncio
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clary.jobs.bubblewrap import ML_ROOT, python_folders, sandbox_command, temporary_folder
from clary.jobs.cpus import CpuShares
from clary.jobs.parent.order import Order
from clary.jobs.program import LaunchError, Network, Program, Runner
from clary.jobs.supervised_process import SupervisedProcess
from clary.jobs.warm_parent import WarmParent
from clary.state.clock import Clock

logger = logging.getLogger(__name__)

_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ML_ROOT = re.compile(re.escape(ML_ROOT) + r"(?![\w.-])")
_NOT_ISOLATED = "Clary: there is no sandbox on this machine (see `clary doctor`), so the network is not isolated.\n"


def _machine_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How to make a warm parent."""

    modules: Sequence[str]
    python: Path


#: Supervisors find what they have to end by /proc: by that of another namespace they would look for other processes.
_FOREIGN_PROC = "/proc shows another PID namespace; mount this one's (unshare --mount-proc, bwrap --proc /proc)"


class ProcessRunner(Runner):
    """A runner over warm parents.

    `sandbox`: True demands one, False forbids it, None tries and does without where it fails. `hidden` are the server's
    own folders, which no sandboxed program sees.
    """

    def __init__(self, clock: Clock, *, hidden: Sequence[Path] = (), sandbox: bool | None = None) -> None:
        self._clock = clock
        self._hidden = tuple(hidden)
        self._bwrap = shutil.which("bwrap")
        self._sandboxed = sandbox
        self._trying = asyncio.Lock()
        self._trial: asyncio.Task[bool] | None = None
        self._cpus = CpuShares(os.sched_getaffinity(0))
        #: How to make each warm parent; the one without a name runs all that needs none.
        self._recipes = {"": _Recipe((), Path(sys.executable))}
        self._parents: dict[str, WarmParent] = {}
        self._processes: set[SupervisedProcess] = set()
        #: Why programs run without a sandbox; empty where they have one, or while nobody knows yet.
        self.unsandboxed_because = "" if sandbox is not False else "switched off"

    async def prewarm(self, name: str, modules: Sequence[str], python: str | None = None) -> None:
        """Start the parent called `name`: `python` with `modules` imported; returns while that goes on.

        What else the first program would wait for, the trial of the sandbox, goes on meanwhile too.
        """
        wanted = _Recipe(tuple(modules), Path(python or sys.executable))
        if self._recipes.get(name) != wanted:
            self._recipes[name] = wanted
            if name in self._parents:
                await self._parents.pop(name).close()
        self._parent(name)
        if self._sandboxed is None and self._trial is None:
            self._trial = asyncio.create_task(self.is_sandboxed())

    async def start(self, program: Program) -> SupervisedProcess:
        """Start a program; returns when it is running, its sandbox made."""
        return await self._launch(program, sandboxed=await self.is_sandboxed())

    async def is_sandboxed(self) -> bool:
        """Say whether programs run in sandboxes here; `unsandboxed_because` says why not."""
        if self._sandboxed is None:
            async with self._trying:
                if self._sandboxed is None:
                    self._sandboxed = await self._try_sandbox()
        return self._sandboxed

    async def seen(self, program: Program, path: Path) -> str:
        """Return a path below the program's root as the program sees it."""
        return str(ML_ROOT / path.relative_to(program.root)) if await self.is_sandboxed() else str(path)

    async def close(self) -> None:
        """End every program at once, then the parents."""
        if self._trial is not None:
            await asyncio.wait([self._trial])
        processes = list(self._processes)
        for process in processes:
            process.terminate(0)
        await asyncio.gather(*(process.wait() for process in processes))
        await asyncio.gather(*(parent.close() for parent in self._parents.values()))
        self._parents.clear()

    async def _try_sandbox(self) -> bool:
        """Run a program in a sandbox: bubblewrap may be there and yet not be permitted to do its work.

        Raises:
            LaunchError: programs do not start without a sandbox either, so that it is not to blame.
        """
        with tempfile.TemporaryDirectory(prefix="clary-") as folder:
            trial = Program("trial", Path(folder), argv=["true"])
            try:
                await (await self._launch(trial, sandboxed=True)).wait()
            except LaunchError as error:
                await (await self._launch(trial, sandboxed=False)).wait()
                self.unsandboxed_because = str(error)
                logger.warning("programs run without a sandbox: %s", error)
                return False
        return True

    async def _launch(self, program: Program, *, sandboxed: bool) -> SupervisedProcess:
        if not program.root.is_dir():
            raise LaunchError(f"the program's folder {program.root} does not exist")
        if Path("/proc/self").readlink().name != str(os.getpid()):
            raise LaunchError(_FOREIGN_PROC)
        name = (program.warm or "") if program.entry else ""
        cpus = self._cpus.take(program.limits.cpus)
        try:
            order = self._order(program, self._recipe(name).python, cpus, sandboxed=sandboxed)
            notice = _NOT_ISOLATED if program.network is Network.NONE and not sandboxed else ""
            process = await self._order_from(name, order, notice)
        except BaseException:
            self._cpus.give_back(cpus)
            raise
        self._processes.add(process)
        process.ended.add_done_callback(lambda _: self._forget(process, cpus))
        return process

    async def _order_from(self, name: str, order: Order, notice: str) -> SupervisedProcess:
        """Have the parent of that name run the order; if it dies over that, another one, once."""
        parent = self._parent(name)
        try:
            return await SupervisedProcess.launch(parent, order, self._clock, notice)
        except LaunchError:
            if parent.alive:
                raise
            return await SupervisedProcess.launch(self._parent(name), order, self._clock, notice)

    def _forget(self, process: SupervisedProcess, cpus: list[int]) -> None:
        self._processes.discard(process)
        self._cpus.give_back(cpus)

    def _parent(self, name: str) -> WarmParent:
        """Return the parent of that name; a dead one is replaced."""
        parent = self._parents.get(name)
        if parent is None or not parent.alive:
            recipe = self._recipe(name)
            parent = self._parents[name] = WarmParent(name, recipe.modules, recipe.python)
        return parent

    def _recipe(self, name: str) -> "_Recipe":
        if name not in self._recipes:
            raise LaunchError(f"there is no warm parent {name!r}")
        return self._recipes[name]

    def _order(self, program: Program, python: Path, cpus: list[int], *, sandboxed: bool) -> Order:
        limits = program.limits
        command = self._sandbox(program, python) if sandboxed else None
        temporary = "/tmp" if sandboxed else temporary_folder(program)  # noqa: S108  - the sandbox's own
        root = ML_ROOT if sandboxed else str(program.root)
        env = {
            "PATH": f"{python.parent}:{_SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "HOME": "/root" if sandboxed else temporary,
            "TMPDIR": temporary,
            "PYTHONUNBUFFERED": "1",
            **({} if sandboxed else {"CLARY_ML_ROOT": root}),
            **{key: _ML_ROOT.sub(root, value) for key, value in program.env.items()},
        }
        return Order(
            name=program.name,
            argv=[_ML_ROOT.sub(root, argument) for argument in program.argv],
            entry=program.entry,
            env=env,
            cwd=root,
            sandbox=command,
            hosts=f"127.0.0.1 localhost {program.name}\n::1 localhost\n",
            cpus=cpus,
            # Joining a control group takes the kernel some 15 ms, so only where it tells a difference.
            quota=limits.cpus if limits.cpus is not None and limits.cpus % 1 else None,
            memory=limits.memory if limits.memory is not None and limits.memory < _machine_memory() else None,
            seconds=limits.seconds,
            grace=limits.grace,
        )

    def _sandbox(self, program: Program, python: Path) -> list[str]:
        if self._bwrap is None:
            raise LaunchError("bubblewrap (bwrap) is not installed")
        return sandbox_command(self._bwrap, program, self._hidden, python_folders(python))
