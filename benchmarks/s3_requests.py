"""Server CPU for one signed S3 request of 1 KB, a durable one where it writes, against moto's server and ministack,
which check no signature and flush nothing to disk."""

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from benchmarks import clary, peers, signing
from benchmarks.load import load
from benchmarks.process import ServerProcess
from benchmarks.table import Figure, alternate

ROUNDS = 3
SECONDS = 3.0
CONNECTIONS = 32
#: Must and aim, by what is asked and of whom.
BOUNDS = {
    ("GET", "moto's server"): (1 / 10, 1 / 50),
    ("GET", "ministack"): (1 / 2, 1 / 10),
    ("PUT", "moto's server"): (1 / 6, 1 / 30),
    ("PUT", "ministack"): (1, 1 / 6),
}


def run() -> list[Figure]:
    figures = []
    for name, start in {"moto's server": peers.moto, "ministack": peers.ministack}.items():
        with ExitStack() as servers:
            ours, theirs = servers.enter_context(clary.running()), servers.enter_context(start())
            mine = requests(clary.client(ours, "s3"))
            others = requests(signing.client("s3", theirs.url))
            figures += [
                figure(kind, name, partial(cpu, ours, mine[kind]), partial(cpu, theirs, others[kind]))
                for kind in ("GET", "PUT")
            ]
    return figures


def figure(kind: str, name: str, ours: Callable[[], float], theirs: Callable[[], float]) -> Figure:
    a, b, ratio = alternate(ROUNDS, ours, theirs)
    must, aim = BOUNDS[kind, name]
    durable = ", durable" if kind == "PUT" else ""
    what = f"S3 {kind} 1 KB{durable}: server CPU a request, against {name}"
    return Figure(what, ratio, must, aim, detail=f"{a:.0f} µs against {b:.0f} µs")


def requests(s3: Any) -> dict[str, list[bytes]]:
    """Return the requests of each kind, written out; every PUT has a key of its own."""
    body = os.urandom(1024)
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="1k", Body=body)
    keys = [f"key-{number:04}" for number in range(1000)]
    return {
        "GET": [signing.capture(s3, "get_object", Bucket="bench", Key="1k")],
        "PUT": [signing.capture(s3, "put_object", Bucket="bench", Key=key, Body=body) for key in keys],
    }


def cpu(process: ServerProcess, requests: Sequence[bytes]) -> float:
    """Return the microseconds of CPU that a request costs the server's processes."""
    load(process.port, requests, connections=CONNECTIONS, seconds=0.5)
    before = process.cpu_seconds()
    answered = load(process.port, requests, connections=CONNECTIONS, seconds=SECONDS).answered
    return (process.cpu_seconds() - before) / answered * 1e6
