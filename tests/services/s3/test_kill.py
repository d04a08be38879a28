"""kill -9 under load: everything answered is there, and nothing is there that was not sent."""

import hashlib
import os
import random
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_ROUNDS = 3
_WRITERS = 4
_SERVE = """
import sys, threading
from pathlib import Path
from clary.testing import Server
with Server(Path(sys.argv[1])) as server:
    settings = server.settings
    print(server.endpoint_url, settings.access_key_id, settings.secret_access_key, flush=True)
    threading.Event().wait()
"""


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """Run a server in a process of its own; kill it at the end, if it still lives."""
    command = [sys.executable, "-c", _SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 20)[0], "the server did not start"
            url, key, secret = process.stdout.readline().split()
            session = boto3.session.Session(key, secret, region_name="us-east-1")
            config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
            yield process, session.client("s3", endpoint_url=url, config=config)
        finally:
            process.kill()


class Journal:
    """The ETags that may be found under each key: one once a PUT was answered, else the old, the new or none."""

    def __init__(self) -> None:
        self.expected: dict[str, set[str | None]] = {}

    def put(self, s3: Any, key: str, body: bytes) -> None:
        """Put an object. Each writer has its keys to itself."""
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        self.expected.setdefault(key, {None}).add(etag)
        s3.put_object(Bucket="kill", Key=key, Body=body)
        self.expected[key] = {etag}

    def check(self, s3: Any) -> None:
        """Compare with what is readable."""
        found: dict[str, str] = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="kill"):
            for entry in page.get("Contents", []):
                body = s3.get_object(Bucket="kill", Key=entry["Key"])["Body"].read()
                found[entry["Key"]] = f'"{hashlib.md5(body).hexdigest()}"'
        wrong = {key: found.get(key) for key, etags in self.expected.items() if found.get(key) not in etags}
        assert wrong == {}
        assert found.keys() <= self.expected.keys()


def write_until_killed(s3: Any, journal: Journal, name: str, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(100_000):
        body = os.urandom(chance.choice([0, 100, 5000, 70_000, 400_000]))
        try:
            journal.put(s3, f"{name}/{number % 50}", body)
        except (BotoCoreError, ClientError):
            return


def test_kill_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    chance = random.Random(1)
    journal = Journal()
    for attempt in range(_ROUNDS):
        with served(tmp_path) as (process, s3):
            if attempt == 0:
                s3.create_bucket(Bucket="kill")
            journal.check(s3)
            timer = threading.Timer(0.2 + chance.random() * 0.4, process.send_signal, [signal.SIGKILL])
            timer.start()
            writers = [
                threading.Thread(target=write_until_killed, args=(s3, journal, f"{attempt}-{writer}", writer))
                for writer in range(_WRITERS)
            ]
            for thread in writers:
                thread.start()
            for thread in writers:
                thread.join()
            timer.join()
    with served(tmp_path) as (_, s3):
        journal.check(s3)
    assert len(journal.expected) > 20
