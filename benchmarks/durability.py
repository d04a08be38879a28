"""Durable writes a second at 32 connections (signed PUTs of 1 KB, each on disk when answered), against the disk's own
rate of fdatasync after appends of 4 KiB, one at a time."""

import os
import tempfile
import time
from pathlib import Path

from benchmarks import clary, signing
from benchmarks.load import load
from benchmarks.table import Figure, alternate

ROUNDS = 3
SECONDS = 4.0


def fdatasyncs(folder: Path) -> float:
    block = os.urandom(4096)
    file = os.open(folder / "append", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        count, begin = 0, time.perf_counter()
        while (now := time.perf_counter()) < begin + 2:
            os.write(file, block)
            os.fdatasync(file)
            count += 1
        return count / (now - begin)
    finally:
        os.close(file)


def run() -> list[Figure]:
    with clary.running() as process, tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        s3 = clary.client(process, "s3")
        s3.create_bucket(Bucket="bench")
        body = os.urandom(1024)
        puts = [signing.capture(s3, "put_object", Bucket="bench", Key=f"key-{i}", Body=body) for i in range(2000)]
        load(process.port, puts, connections=32, seconds=1)
        a, b, ratio = alternate(
            ROUNDS,
            lambda: load(process.port, puts, connections=32, seconds=SECONDS).rate,
            lambda: fdatasyncs(Path(folder)),
        )
    what = "answered durable writes a second at 32 connections, against the disk's rate of fdatasync"
    return [Figure(what, ratio, 0.75, 3, better="more", detail=f"{a:,.0f}/s against {b:,.0f}/s")]
