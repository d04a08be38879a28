"""A PostgreSQL server of the tests' own: Debian's binaries, a folder in /tmp, a unix socket, no TCP."""

import os
import pwd
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path
from types import TracebackType

import pytest


class PostgresServer:
    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        on_path = shutil.which("initdb")
        if not found and not on_path:
            pytest.skip("no PostgreSQL binaries: apt-get install postgresql")
        self._binaries = found[-1].parent if found else Path(str(on_path)).parent
        self._user = pwd.getpwuid(os.geteuid()).pw_name
        if self._user == "root":  # the server refuses to run as root
            self._user = "postgres" if any(user.pw_name == "postgres" for user in pwd.getpwall()) else "nobody"

    def __enter__(self) -> "PostgresServer":
        self.folder = Path(tempfile.mkdtemp(prefix="clary-pg-"))
        shutil.chown(self.folder, self._user)
        self._run(
            "initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "clary", "-N", "--no-locale", "-E", "UTF8"
        )
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-w", "-m", "fast", "stop")

    def schema(self, name: str) -> str:
        """Make a schema and return the URL by which it is the one in use."""
        self._run("psql", "-h", str(self.folder), "-U", "clary", "-d", "postgres", "-qc", f"CREATE SCHEMA {name}")
        options = urllib.parse.quote(f"-c search_path={name}")
        return f"postgresql://clary@/postgres?host={self.folder}&options={options}"

    def _run(self, program: str, *args: str) -> None:
        user = self._user if os.geteuid() == 0 else None  # only root can be someone else
        done = subprocess.run(
            [self._binaries / program, *args],
            user=user,
            cwd=self.folder,
            stdout=subprocess.PIPE if program == "psql" else subprocess.DEVNULL,
            check=False,
        )
        assert done.returncode == 0, f"{program} failed"
