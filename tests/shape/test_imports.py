"""The direction of dependence (ARCHITECTURE.md): who may import whom."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "clary"
ENGINES = ("numpy", "torch", "xgboost", "pandas", "pyarrow", "duckdb", "scipy", "sklearn", "ray", "pyspark")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def allowed(part: str, module: str) -> tuple[str, ...]:
    """Return the prefixes of ours that a file of `part` (`wire`, `services/s3`) may import."""
    if part in {"wire", "state", "ml"}:
        return (f"clary.{part}",)
    if part == "jobs":
        return ("clary.jobs", "clary.state")
    if part == "services/_base":
        return ("clary.services._base", "clary.wire", "clary.state", "clary.jobs")
    if part.startswith("services/"):
        own = "clary." + part.replace("/", ".")
        return (own, "clary.services._base", "clary.wire", "clary.state", "clary.jobs")
    return ("clary",)


def part_of(path: Path) -> str:
    parts = path.relative_to(SOURCE).parts
    return "/".join(parts[:2]) if parts[0] == "services" and len(parts) > 2 else parts[0]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_only_what_its_part_may(path: Path) -> None:
    part = part_of(path)
    for name in imports(path):
        if name == "clary" or name.startswith("clary."):
            assert name.startswith(allowed(part, name)), f"{part} must not import {name}"
            if part not in {"cli", "__main__.py", "testing", "app.py", "reference.py"}:
                assert not name.startswith("clary.app"), "nothing imports the composition root"


def test_server_imports_no_engine() -> None:
    code = f"import sys, clary.app; print([m for m in {ENGINES!r} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
