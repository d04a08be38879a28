"""From the start of the process until it answers its health check, and the memory that it then holds; against moto's
server."""

import tempfile
from pathlib import Path
from statistics import median

from benchmarks import clary, peers
from benchmarks.process import resident_bytes
from benchmarks.table import Figure, alternate

ROUNDS = 7


def run() -> list[Figure]:
    memory: list[float] = []

    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:

        def ours() -> float:
            with clary.server(Path(folder)) as process:
                memory.append(resident_bytes(process.process.pid) / 1e6)
                return process.ready_after

        def moto() -> float:
            with peers.moto() as process:
                return process.ready_after

        ours(), moto()  # the first start of each reads its files from disk
        a, b, ratio = alternate(ROUNDS, ours, moto)
    return [
        Figure("start until healthy, against moto's server", ratio, 1, 0.5, detail=f"{a:.3f} s against {b:.3f} s"),
        Figure("resident memory once healthy", median(memory), 90, 45, unit="MB"),
    ]
