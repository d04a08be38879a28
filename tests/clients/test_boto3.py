"""boto3, with its defaults."""

import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from tests.clients.shell import PROGRAMS, Shell

MIB = 2**20


def test_transfer_manager_moves_a_file_in_parts(s3: Any, bucket: str, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(40 * MIB + 1))
    s3.upload_file(str(source), bucket, "k", ExtraArgs={"Metadata": {"who": "me"}})
    s3.download_file(bucket, "k", str(target))
    assert target.read_bytes() == source.read_bytes()
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["Metadata"] == {"who": "me"}
    assert "ChecksumCRC32" in head
    assert head["ETag"].endswith('-6"')


def test_common_runtime_moves_a_file_in_parts(shell: Shell, bucket: str, tree: Path) -> None:
    shell.run(sys.executable, PROGRAMS / "crt_transfers.py", bucket, tree / "large")


def test_transfer_manager_copies_in_parts(s3: Any, bucket: str) -> None:
    data = os.urandom(20 * MIB)
    config = TransferConfig(multipart_threshold=8 * MIB)
    s3.upload_fileobj(io.BytesIO(data), bucket, "k", Config=config)
    s3.copy({"Bucket": bucket, "Key": "k"}, bucket, "copy of k", Config=config)
    copied = io.BytesIO()
    s3.download_fileobj(bucket, "copy of k", copied)
    assert copied.getvalue() == data


def test_hundred_threads_each_find_what_they_put(variables: dict[str, str], bucket: str) -> None:
    session = boto3.Session(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    config = Config(max_pool_connections=100, retries={"total_max_attempts": 1})
    s3 = session.client("s3", "us-east-1", endpoint_url=variables["AWS_ENDPOINT_URL"], config=config)

    def work(number: int) -> bool:
        keys = [f"{number}/{size}" for size in (0, 1000, 100_000)]
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode() * int(key.partition("/")[2]))
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{number}/")["Contents"]
        bodies = [s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in listed]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
        return bodies == [entry["Key"].encode() * int(entry["Key"].partition("/")[2]) for entry in listed]

    with ThreadPoolExecutor(100) as pool:
        assert all(pool.map(work, range(100)))
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    s3.close()
