"""The peers, in an environment of their own (`.venvs/bench`)."""

import sys
from pathlib import Path

from benchmarks.process import ServerProcess, free_port

BIN = Path(".venvs/bench/bin")
S3RVER = Path(".venvs/bench-node/node_modules/.bin/s3rver")


def moto() -> ServerProcess:
    port = free_port()
    command = [str(BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    return ServerProcess(command, port, "/moto-api/")


def ministack() -> ServerProcess:
    port = free_port()
    env = {"GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    return ServerProcess([str(BIN / "ministack")], port, "/_ministack/health", env)


def s3rver(folder: Path) -> ServerProcess:
    """s3rver (npm), which keeps its objects as files below `folder`; its credentials are S3RVER, S3RVER."""
    port = free_port()
    options = ["--silent", "--no-vhost-buckets", "--configure-bucket", "bench"]
    command = [str(S3RVER), "-d", str(folder), "-a", "127.0.0.1", "-p", str(port), *options]
    return ServerProcess(command, port, "/")


def fastapi(model: Path) -> ServerProcess:
    """FastAPI with uvicorn (uvloop, httptools), one worker, that answers `/invocations` with xgboost's own predict.

    One OpenMP thread, which is the peer's best for single rows: with more, threads that wait burn CPU.
    """
    port = free_port()
    command = [str(BIN / "uvicorn"), "--app-dir", str(Path(__file__).parent), "fastapi_model:app", "--port", str(port)]
    env = {"MODEL": str(model), "OMP_NUM_THREADS": "1"}
    return ServerProcess([*command, "--log-level", "warning"], port, "/ping", env)


def python() -> str:
    """Return the interpreter for fresh processes: the one that Clary's own job processes run on."""
    return sys.executable
