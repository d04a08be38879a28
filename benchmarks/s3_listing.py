"""A page of 1,000 entries of a bucket with 1,000,000 keys, against the same page of one with 2,000.

The keys are written into the database by copying the row of one that was put: a million PUTs would take minutes. They
come in a random order, as users' keys do, so that their rows lie as such rows lie.
"""

import random
import sqlite3
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import clary, signing
from benchmarks.load import load
from benchmarks.process import ServerProcess
from benchmarks.table import Figure, alternate

ROUNDS = 5
SECONDS = 2.0
FEW, MANY = 2_000, 1_000_000
#: Folders that hold the keys: a page of common prefixes tells of this many.
FOLDERS = 1_000


def run() -> list[Figure]:
    sizes = {"few": FEW, "many": MANY}
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
        with clary.server(Path(folder)) as process:
            s3 = clary.client(process, "s3")
            for bucket in sizes:
                s3.create_bucket(Bucket=bucket)
                s3.put_object(Bucket=bucket, Key="seed")
        for bucket, count in sizes.items():
            fill(Path(folder) / "clary.db", bucket, count)
        with clary.server(Path(folder)) as process:
            s3 = clary.client(process, "s3")
            return [
                figure("1,000 keys", process, {bucket: key_pages(s3, bucket, sizes[bucket]) for bucket in sizes}),
                figure("1,000 common prefixes", process, {bucket: prefix_page(s3, bucket) for bucket in sizes}),
            ]


def fill(database: Path, bucket: str, count: int) -> None:
    """Replace the bucket's only object by `count` copies under other keys."""
    numbers = list(range(count))
    random.Random(1).shuffle(numbers)
    with sqlite3.connect(database) as db:
        ((bucket_id,),) = db.execute("SELECT id FROM s3_buckets WHERE name = ?", (bucket,)).fetchall()
        columns = [row[1] for row in db.execute("PRAGMA table_info(s3_objects)")]
        others = ", ".join(name for name in columns if name not in {"bucket", "key"})
        copy = f"INSERT INTO s3_objects (bucket, key, {others}) SELECT ?, ?, {others} FROM s3_objects WHERE key = ?"
        rows = ((bucket_id, key(number, count).encode(), b"seed") for number in numbers)
        db.executemany(f"{copy} AND bucket = {bucket_id}", rows)
        db.execute("DELETE FROM s3_objects WHERE bucket = ? AND key = ?", (bucket_id, b"seed"))
    db.close()


def key(number: int, count: int) -> str:
    """Return one of `count` keys, which are spread over all folders evenly."""
    return f"folder-{number * FOLDERS // count:04}/key-{number:07}"


def key_pages(s3: Any, bucket: str, count: int) -> list[bytes]:
    """Return the requests for pages from all over the bucket."""
    starts = [key(count // 2 * number // 100, count) for number in range(100)]
    return [signing.capture(s3, "list_objects_v2", Bucket=bucket, StartAfter=start) for start in starts]


def prefix_page(s3: Any, bucket: str) -> list[bytes]:
    return [signing.capture(s3, "list_objects_v2", Bucket=bucket, Delimiter="/")]


def figure(what: str, process: ServerProcess, requests: dict[str, Sequence[bytes]]) -> Figure:
    many, few = (partial(milliseconds, process, requests[bucket]) for bucket in ("many", "few"))
    a, b, ratio = alternate(ROUNDS, many, few)
    text = f"S3 page of {what} among {MANY:,} keys, against the same among {FEW:,}"
    return Figure(text, ratio, 1.5, 1.1, detail=f"{a:.2f} ms against {b:.2f} ms")


def milliseconds(process: ServerProcess, requests: Sequence[bytes]) -> float:
    """Return how long an answer takes, one at a time."""
    answered = load(process.port, requests, connections=1, seconds=SECONDS)
    return answered.seconds / answered.answered * 1e3
