"""A fork becomes the program: limits, sandbox, environment, then `exec` or a call.

The supervisor reads from the status pipe: nothing (the pipe closes at `exec`) or `STARTED`; or `FAILED` and why; later,
of an entry that ran out of memory, `NO_MEMORY`.
"""

import gc
import importlib
import os
import resource
import signal
import sys
import threading
import traceback
from io import BufferedReader, BufferedWriter, FileIO, TextIOWrapper
from typing import NoReturn

from clary.jobs.parent import kernel
from clary.jobs.parent.cgroups import Cgroup
from clary.jobs.parent.namespaces import Sandbox
from clary.jobs.parent.order import Order
from clary.jobs.parent.threads import limit_threads

STARTED, FAILED, NO_MEMORY = b"s", b"f", b"m"
#: What Python ignores and other programs expect to die of.
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def become(order: Order, sandbox: Sandbox | None, group: Cgroup | None, output: int, status: int) -> NoReturn:
    """Become the program of `order`. Never returns, whatever happens."""
    try:
        _confine(order, sandbox, group)
        _redirect(output)
        if order.entry is None:
            for signum in _IGNORED_BY_PYTHON:
                signal.signal(signum, signal.SIG_DFL)
            os.execvpe(order.argv[0], order.argv, order.env)  # noqa: S606  - a shell has no part in this
        _take_over(order)
    except BaseException as error:
        os.write(status, FAILED + str(error).encode())
        os._exit(127)
    os.write(status, STARTED)
    _call(order.entry, status)


def _confine(order: Order, sandbox: Sandbox | None, group: Cgroup | None) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if group is not None:
        group.enter()
    elif order.memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (order.memory, order.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if order.cpus:
        os.sched_setaffinity(0, order.cpus)
    if sandbox is not None:
        sandbox.enter()
        sandbox.close_descriptors()
    kernel.forbid_new_privileges()
    kernel.die_with_parent()
    os.chdir(order.cwd)


def _redirect(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, fd in enumerate((nothing, output, output)):
        os.dup2(fd, target)
    for fd in (nothing, output):
        if fd > 2:
            os.close(fd)


def _take_over(order: Order) -> None:
    """Make this interpreter look as if it had been started for the entry alone."""
    kernel.set_process_name(order.name)
    os.environ.clear()
    os.environ.update(order.env)
    sys.argv = [str(order.entry)]
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0, closefd=False)), encoding="utf-8")
    sys.stdout, sys.stderr = _writer(1), _writer(2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "numpy.random" in sys.modules:
        # All forks share the state that NumPy's global generator had in the parent; Python's own seeds itself anew.
        sys.modules["numpy.random"].seed()
    if order.cpus:
        limit_threads(len(order.cpus))
    sys.path[:0] = [folder for folder in order.env.get("PYTHONPATH", "").split(":") if folder]
    gc.enable()


def _writer(fd: int) -> TextIOWrapper:
    raw = BufferedWriter(FileIO(fd, "w", closefd=False))
    return TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _call(entry: str, status: int) -> NoReturn:
    code = 1
    try:
        code = _run(entry)
    except SystemExit as error:
        code = _exit_code(error)
    except MemoryError:
        os.write(status, NO_MEMORY)
        traceback.print_exc()
    except BaseException:
        traceback.print_exc()
    try:
        # Waits for the program's threads, as a Python that ends does.
        threading._shutdown()  # type: ignore[attr-defined]  # typeshed leaves it out
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _run(entry: str) -> int:
    module, _, name = entry.partition(":")
    result = getattr(importlib.import_module(module), name)()
    return int(result or 0)


def _exit_code(error: SystemExit) -> int:
    """Return the exit code as an ending Python makes it of `sys.exit`."""
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    print(error.code, file=sys.stderr)  # noqa: T201  - this is what Python does
    return 1
