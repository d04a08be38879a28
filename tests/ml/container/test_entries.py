"""The two programs as processes: started by a fork of a warm parent, as jobs start them, and by a fresh interpreter."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import xgboost

from clary.ml.container import WARM_MODULES
from clary.ml.container.job import TrainingJob

MakeJob = Callable[..., TrainingJob]
Start = Callable[..., "subprocess.Popen[str]"]

BINARY = {"num_round": "5", "objective": "binary:logistic"}

FORK = f"""
import importlib, os, sys
for name in {WARM_MODULES!r}:
    importlib.import_module(name)
assert len(os.listdir("/proc/self/task")) == 1, "a warm parent has one thread"
os.environ.update(ENVIRONMENT)
sys.stdout.flush()
pid = os.fork()
if pid == 0:
    import clary.ml.container
    code = clary.ml.container.ENTRY()
    sys.stdout.flush()
    os._exit(code)
print("pid", pid, flush=True)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
"""
FRESH = (
    "import os, sys; os.environ.update(ENVIRONMENT); import clary.ml.container; sys.exit(clary.ml.container.ENTRY())"
)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    processes = []

    def run(entry: str, program: str = FRESH, **environment: str) -> "subprocess.Popen[str]":
        environment = {"CLARY_ALGORITHM": "xgboost", "CLARY_ML_ROOT": str(tmp_path)} | environment
        code = program.replace("ENTRY", entry).replace("ENVIRONMENT", repr(environment))
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def invoke(path: Path, row: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        head = f"POST /invocations HTTP/1.1\r\nHost: m\r\nContent-Type: text/csv\r\nContent-Length: {len(row)}\r\n\r\n"
        connection.sendall(head.encode() + row.encode())
        return connection.recv(4096).partition(b"\r\n\r\n")[2]


def test_train_and_serve_in_forks_of_a_warm_parent(make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    job = make_job(BINARY | {"nthread": "2"})
    output, _ = (training := start("train", FORK)).communicate()
    assert training.returncode == 0, output
    assert "[4]#011train-logloss:" in output
    path = tmp_path / "model.sock"
    serving = start("serve", FORK, CLARY_SOCKET=str(path))
    assert serving.stdout is not None
    pid = next(int(line.split()[1]) for line in serving.stdout if line.startswith("pid"))
    assert "Model loaded" in next(serving.stdout)
    score = float(invoke(path, ",".join(["1.5"] * 30)))
    booster = xgboost.Booster(model_file=bytearray((job.model / "xgboost-model").read_bytes()))
    assert score == pytest.approx(booster.inplace_predict(np.full((1, 30), 1.5, np.float32))[0], rel=1e-6)
    os.kill(pid, signal.SIGTERM)
    assert serving.wait() == 0


def test_train_reports_why_it_failed(make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    make_job(BINARY | {"eta": "7"})
    output, _ = (training := start("train")).communicate()
    assert training.returncode == 1
    text = "ClientError: Hyperparameter eta: '7' is not valid, expected a number in [0, 1]."
    assert (tmp_path / "output" / "failure").read_text() == text
    assert text in output
    assert "Traceback" not in output


def test_train_names_an_algorithm_that_there_is_not(make_job: MakeJob, start: Start, tmp_path: Path) -> None:
    make_job(BINARY)
    assert start("train", CLARY_ALGORITHM="xgbost").wait() == 1
    assert "CLARY_ALGORITHM is 'xgbost'" in (tmp_path / "output" / "failure").read_text()


@pytest.mark.parametrize(("saves", "code"), [("true", 0), ("false", -signal.SIGTERM)])
def test_train_ends_at_sigterm(make_job: MakeJob, start: Start, saves: str, code: int) -> None:
    job = make_job(BINARY | {"num_round": "1000000", "save_model_on_termination": saves, "nthread": "1"})
    training = start("train")
    assert training.stdout is not None
    assert any(line.startswith("[3]") for line in training.stdout)
    training.terminate()
    rounds = sum(line.startswith("[") and "#011" in line for line in training.stdout) + 4
    assert training.wait() == code
    model = job.model / "xgboost-model"
    assert model.exists() == (saves == "true")
    if saves == "true":
        assert xgboost.Booster(model_file=bytearray(model.read_bytes())).num_boosted_rounds() == rounds


def test_serve_ends_when_there_is_no_model(start: Start, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    output, _ = (serving := start("serve")).communicate()
    assert serving.returncode == 1
    assert "ClientError: No model found" in output
