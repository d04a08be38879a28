"""The examples run unmodified, each with its own client, in its own environment, with nothing but Clary reachable."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLARY = Path(sys.executable).with_name("clary")


def environment(name: str) -> Path:
    folder = ROOT / ".venvs" / name
    if not (folder / "ready").exists():
        pytest.skip(f"{folder.relative_to(ROOT)} is missing: run `make setup-sdks`")
    return folder


def isolated() -> list[str]:
    """Return the command prefix that leaves a program its own loopback and nothing else, where the machine allows."""
    prefix = ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-net", "--unshare-pid"]
    prefix += ["--die-with-parent", "--"]
    try:
        allowed = subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else []


def run(data_dir: Path, *command: str | Path, path: Path | None = None) -> str:
    env = {key: value for key, value in os.environ.items() if not key.upper().startswith(("AWS_", "CLARY_"))}
    env["PATH"] = f"{path}:{env['PATH']}" if path else env["PATH"]
    arguments = [*isolated(), CLARY, "run", "--data-dir", data_dir, "--", *command]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    done = subprocess.run(arguments, env=env, timeout=300, check=False, **streams)
    assert done.returncode == 0, done.stdout
    return str(done.stdout)


def test_boto3_example_trains_deploys_and_predicts(tmp_path: Path) -> None:
    out = run(tmp_path / "data", sys.executable, ROOT / "examples" / "train_and_deploy.py")
    assert "Completed" in out
    assert "validation-auc" in out
    assert "AUC 0.9" in out


def test_sdk_v2_example_trains_deploys_and_predicts(tmp_path: Path) -> None:
    python = environment("sdk2") / "bin" / "python"
    out = run(tmp_path / "data", python, ROOT / "examples" / "sagemaker_sdk_v2.py")
    assert "train-auc" in out
    assert "\ndone\n" in out


def test_sdk_v3_example_trains_deploys_and_predicts(tmp_path: Path) -> None:
    python = environment("sdk3") / "bin" / "python"
    out = run(tmp_path / "data", python, ROOT / "examples" / "sagemaker_sdk_v3.py")
    assert "train-auc" in out
    assert "\ndone\n" in out


def version_2() -> Path:
    """Return the folder of an AWS CLI v2 (Debian's package `awscli`)."""
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        command = folder / "aws"
        if command.exists():
            version = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
            if version.stdout.startswith("aws-cli/2"):
                return folder
    pytest.skip("no AWS CLI v2 here: install Debian's package awscli")


@pytest.mark.parametrize("version", [1, 2])
def test_cli_example_trains_deploys_and_predicts(tmp_path: Path, version: int) -> None:
    folder = environment("cli") / "bin" if version == 1 else version_2()
    out = run(tmp_path / "data", "bash", ROOT / "examples" / "aws_cli.sh", path=folder)
    assert "Completed" in out
    assert "train-auc" in out
    assert "inside the circle: 0.9" in out
