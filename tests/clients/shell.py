"""Programs in the environment of a shell that evaluated `clary env`."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = Path(__file__).with_name("programs")
PATIENCE = 120.0


@dataclass(frozen=True)
class Shell:
    """Runs programs in a folder, with the variables that lead them to Clary."""

    variables: Mapping[str, str]
    folder: Path

    def run(self, *command: str | Path, data: bytes | None = None) -> str:
        """Run a program to its end and return what it printed; it must succeed."""
        arguments = [str(word) for word in command]
        done = subprocess.run(
            arguments,
            env={**self.variables},
            cwd=self.folder,
            input=data,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (
            f"{arguments} exited with {done.returncode}\n{done.stdout!r}\n{done.stderr.decode()}"
        )
        return done.stdout.decode()

    def python(self, program: str, *arguments: str | Path) -> str:
        """Run one of `programs/` with the Python clients' own environment."""
        python = environment("s3clients") / "bin" / "python"
        return self.run(python, PROGRAMS / program, *arguments)


def environment(name: str) -> Path:
    """Return an environment that `make setup-sdks` makes."""
    folder = ROOT / ".venvs" / name
    if not (folder / "ready").exists():
        pytest.skip(f"{folder.relative_to(ROOT)} is missing: run `make setup-sdks`")
    return folder


def installed(command: str, package: str) -> str:
    """Return a program of Debian's."""
    return shutil.which(command) or pytest.skip(f"no {command} here: install Debian's package {package}")
