"""`clary run -- CMD …`: a program in Clary's environment, as a session of the execution role."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

from clary.cli.api import root
from clary.cli.environment import removed, variables
from clary.cli.failure import Failure
from clary.cli.lock import Holder, UserLock, find_server
from clary.cli.place import load_settings
from clary.config import Settings

ROLE = "service-role/ClaryExecutionRole"
#: Seconds that the role's credentials last: its longest session.
DURATION = 12 * 3600
FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: The terminal sends these to the program as well as to us: it decides what comes of them.
FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


def main(options: argparse.Namespace) -> int:
    """Run the program and return its exit status: 127 when it is not found, 128 + N when signal N ended it."""
    command = options.program[1:] if options.program[:1] == ["--"] else options.program
    if not command:
        raise Failure("nothing to run; say: clary run -- CMD …", 2)
    settings = load_settings(options)
    signals = Signals()
    share = UserLock(settings.data_dir)
    try:
        holder = find_server(settings.data_dir) or start_server(settings, any_port=options.port is None)
        role = f"arn:aws:iam::{settings.account}:role/{ROLE}"
        credentials = root(holder.url, settings).assume_role(role, "clary-run", DURATION)
        made = variables(settings, holder.url, credentials, os.environ)
        gone = removed(os.environ, made)
        environment = {name: value for name, value in os.environ.items() if name not in gone} | made
        return run_program(command, environment, signals)
    finally:
        leave(settings.data_dir, share)


def start_server(settings: Settings, *, any_port: bool) -> Holder:
    """Start a server in a session of its own, so that Ctrl-C reaches the program alone; return it once it is ready."""
    command = [sys.executable, "-m", "clary", "up", "--for-run", "--data-dir", str(settings.data_dir)]
    command += ["--port", str(settings.port), *(["--any-port"] if any_port else [])]
    log = settings.data_dir / "server.log"
    with log.open("a") as file:
        server = subprocess.Popen(  # noqa: S603  - ourselves
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file, start_new_session=True
        )
    # It says one line when it is ready, none when it fails; where another `clary run` was faster, there is a server.
    if server.stdout is None or not server.stdout.readline():
        server.wait()
    holder = find_server(settings.data_dir)
    if holder is None:
        last = log.read_text().strip().rpartition("\n")[2]
        raise Failure(last.removeprefix("clary: ") or f"the server did not start; see {log}")
    return holder


class Signals:
    """Passes the signals that this process gets on to the program: at its start those that came before it."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        for number in (*FORWARDED, *FROM_TERMINAL):
            signal.signal(number, self._take)

    def attach(self, program: subprocess.Popen[bytes]) -> None:
        """Name the program."""
        self._program = program
        for number in self._early:
            program.send_signal(number)

    def _take(self, number: int, _: FrameType | None) -> None:
        if self._program is None:
            self._early.append(number)
        elif number not in FROM_TERMINAL:
            self._program.send_signal(number)


def run_program(command: list[str], environment: Mapping[str, str], signals: Signals) -> int:
    """Run the program to its end; it has our terminal, our streams and our signals."""
    try:
        program = subprocess.Popen(command, env=environment)  # noqa: S603  - the user's own
    except FileNotFoundError:
        raise Failure(f"{command[0]}: not found", 127) from None
    except OSError as error:
        raise Failure(f"{command[0]}: {error.strerror}", 126) from error
    signals.attach(program)
    status = program.wait()
    return status if status >= 0 else 128 - status


def leave(data_dir: Path, share: UserLock) -> None:
    """End a server that a `clary run` started, when this one is the last that uses it."""
    try:
        holder = find_server(data_dir) if share.last() else None
        if holder is not None and holder.for_run:
            os.kill(holder.pid, signal.SIGTERM)
            # While it ends it keeps its lock, and a `clary run` that starts now waits for our share.
            find_server(data_dir)
    except ProcessLookupError:
        pass
    finally:
        share.close()
