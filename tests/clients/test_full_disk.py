"""A disk that is full: what was answered stays, what is refused is said, and deleting makes room again."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

MIB = 2**20
SIZE = 64 * MIB
PATIENCE = 20.0
KEYS = {"CLARY_ACCESS_KEY_ID": "AKIAFULLDISKFULLDISK", "CLARY_SECRET_ACCESS_KEY": "full/disk/full/disk/full/disk"}


@pytest.fixture
def s3(tmp_path: Path) -> Iterator[Any]:
    """Return a client of a server whose data lie on a small disk of its own."""
    bwrap = shutil.which("bwrap") or pytest.skip("no bwrap here: install Debian's package bubblewrap")
    disk = [bwrap, "--dev-bind", "/", "/", "--size", str(SIZE), "--tmpfs", str(tmp_path), "--die-with-parent", "--"]
    if subprocess.run([*disk, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no small disk for a process here: bwrap cannot mount one")
    command = [sys.executable, "-m", "clary", "up", "--port", "0", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen([*disk, *command], env={**os.environ, **KEYS}, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        url = server.stdout.readline().decode().split()[4]
        config = Config(retries={"total_max_attempts": 1})
        client = boto3.Session(*KEYS.values(), region_name="us-east-1").client("s3", endpoint_url=url, config=config)
        yield client
        client.close()
        server.terminate()


def put(s3: Any, key: str, size: int, kept: dict[str, bytes]) -> bool:
    """Put an object and note what was answered; return False when the disk is full."""
    data = os.urandom(size)
    try:
        s3.put_object(Bucket="full", Key=key, Body=data)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 507
        assert error.response["Error"]["Code"] == "InsufficientStorage"
        return False
    kept[key] = data
    return True


def test_full_disk_keeps_what_it_has_and_lets_go_of_it(s3: Any) -> None:
    kept: dict[str, bytes] = {}
    s3.create_bucket(Bucket="full")
    for size in (MIB, 1000):
        for number in range(SIZE // size):
            if not put(s3, f"{size}/{number:05}", size, kept):
                break
    assert not put(s3, "blob", 100_000, kept)
    assert {key: s3.get_object(Bucket="full", Key=key)["Body"].read() for key in kept} == kept
    for key in [key for key in kept if key.startswith(str(MIB))][:4]:
        s3.delete_object(Bucket="full", Key=key)
        del kept[key]
    until = time.monotonic() + PATIENCE
    while not put(s3, "new", 2 * MIB, kept):  # the space comes back in the background
        assert time.monotonic() < until
    listed = [
        entry["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="full")
        for entry in page["Contents"]
    ]
    assert listed == sorted(kept)
