"""The command line: `clary up`, `run`, `env`, `status`, `doctor`.

Each command is a module of its own, imported when it is called: `clary env` stands in shell start-up files.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from clary import __version__
from clary.cli.failure import Failure

DATA_DIR = "folder that holds everything (default: $CLARY_DATA_DIR, else clary in the user's data directory)"
PORT = "port of the server (default: $CLARY_PORT, else 4566)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 1 for what failed, with one line on stderr; 2 for wrong usage."""
    options = parser().parse_args(arguments)
    command = importlib.import_module(f"clary.cli.{options.command}")
    try:
        status: int = command.main(options)
    except Failure as failure:
        print(f"clary: {failure}", file=sys.stderr)
        return failure.status
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="clary", description="A machine-learning cloud on this machine, by AWS's API.")
    top.add_argument("--version", action="version", version=f"clary {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--data-dir", type=Path, metavar="DIR", help=DATA_DIR)
    place.add_argument("--port", type=port, metavar="PORT", help=PORT)

    up = commands.add_parser("up", parents=[place], help="start the server, in the foreground, until SIGTERM or Ctrl-C")
    up.add_argument("--host", metavar="HOST", help="address to listen on (default: $CLARY_HOST, else 127.0.0.1)")
    up.add_argument("--verbose", action="store_true", help="log what happens, not only what goes wrong")
    # `clary run` starts servers with these: on another port where that one is taken, and to be ended with their users.
    up.add_argument("--any-port", action="store_true", help=argparse.SUPPRESS)
    up.add_argument("--for-run", action="store_true", help=argparse.SUPPRESS)

    run = commands.add_parser("run", parents=[place], help="run a program against Clary, starting a server if need be")
    run.add_argument("program", nargs=argparse.REMAINDER, metavar="-- CMD …", help="the program and its arguments")

    env = commands.add_parser("env", parents=[place], help='print export lines: eval "$(clary env)"')
    env.add_argument("--role", metavar="NAME", help="be a session of this IAM role (default: the root user)")

    status = commands.add_parser("status", parents=[place], help="show what runs")
    status.add_argument("--json", action="store_true", help="as JSON")

    commands.add_parser("doctor", help="show which optional engines are here, and how to get the others")
    return top


def port(text: str) -> int:
    """Return a port number; raise as argparse wants it."""
    if not text.isdecimal() or not 0 <= int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number")
    return int(text)
