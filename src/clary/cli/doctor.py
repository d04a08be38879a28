"""`clary doctor`: which optional engines this machine has, and how to get the others."""

import argparse
import importlib.metadata
import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from typing import NamedTuple

#: Seconds that a probe may take.
PATIENCE = 10.0


class Engine(NamedTuple):
    """Something that Clary uses where it is there."""

    name: str
    purpose: str
    #: Returns what was found (a version, a path), None where there is nothing.
    probe: Callable[[], str | None]
    remedy: str


def main(options: argparse.Namespace) -> int:
    """Print a line for each engine. Nothing that lacks is an error: the exit status is 0."""
    for engine in ENGINES:
        found = engine.probe()
        print(f"{'found  ' if found else 'missing'}  {engine.name:14} {engine.purpose}")
        print(f"{'':9}{'':15}{found or f'get it: {engine.remedy}'}")
    return 0


def package(name: str) -> Callable[[], str | None]:
    """Return a probe for a Python package, by the name that it is imported by."""

    def probe() -> str | None:
        if importlib.util.find_spec(name) is None:
            return None
        distributions = importlib.metadata.packages_distributions().get(name, [name])
        return f"{distributions[0]} {importlib.metadata.version(distributions[0])}"

    return probe


def sandbox() -> str | None:
    """Run bubblewrap once: where the kernel forbids user namespaces it is there, but does not work."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    command = [path, "--ro-bind", "/", "/", "--unshare-pid", "true"]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603  - ours
    return path if done.returncode == 0 else None


ML = "pip install 'clary[ml]'"
ENGINES = (
    Engine("bubblewrap", "gives each job its own /opt/ml, and no network when isolated", sandbox,
           "apt install bubblewrap (and allow unprivileged user namespaces)"),
    Engine("xgboost", "the built-in XGBoost algorithm", package("xgboost"), ML),
    Engine("pyarrow", "Parquet in training data", package("pyarrow"), ML),
    Engine("duckdb", "queries inside objects (S3 SelectObjectContent)", package("duckdb"), "pip install 'clary[sql]'"),
    Engine("psycopg", "PostgreSQL for metadata (CLARY_DATABASE_URL)", package("psycopg"),
           "pip install 'clary[postgres]'"),
)  # fmt: skip
