"""One Clary for clients that we do not control. Each reaches it as a user's does: by what `clary env` says."""

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.clients.shell import Shell

CLARY = [sys.executable, "-m", "clary"]
CLEAN = {name: value for name, value in os.environ.items() if not name.upper().startswith(("AWS_", "CLARY_", "HTTP"))}

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Run a server; return the environment of a shell that evaluated `clary env`."""
    folder = tmp_path_factory.mktemp("clients")
    clean = {**CLEAN, "HOME": str(folder), "CLARY_DATA_DIR": str(folder / "data")}
    server = subprocess.Popen([*CLARY, "up", "--port", "0"], env=clean, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith(b"Clary is ready")
        script = f'eval "$({" ".join(CLARY)} env)"; env -0'
        shell = subprocess.run(["sh", "-c", script], env=clean, capture_output=True, check=True)
        yield dict(pair.split("=", 1) for pair in shell.stdout.decode().split("\0") if pair)
    finally:
        server.terminate()
        server.communicate()


@pytest.fixture
def shell(variables: dict[str, str], tmp_path: Path) -> Shell:
    return Shell(variables, tmp_path)


@pytest.fixture(scope="session")
def s3(variables: dict[str, str]) -> Any:
    return boto3.Session(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=variables["AWS_REGION"]
    ).client("s3", endpoint_url=variables["AWS_ENDPOINT_URL"])


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"clients-{next(_NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder of files: small ones, an empty one, one that clients upload in parts, and a name of oddities."""
    folder = tmp_path / "tree"
    (folder / "sub" / "sp ace").mkdir(parents=True)
    for number in range(20):
        (folder / "sub" / f"file-{number}").write_text(f"{number}\n")
    (folder / "sub" / "sp ace" / "ü+&=%25;,'()!~$@:.txt").write_text("odd")
    (folder / "empty").touch()
    (folder / "large").write_bytes(os.urandom(17 * 2**20))
    return folder
