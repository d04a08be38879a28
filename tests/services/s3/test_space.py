"""Space comes back, and concurrent writers leave one whole object."""

import os
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from clary.state.blobs import BlobStore
from clary.testing import Server

LARGE = 200_000


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as running:
        running.client("s3").create_bucket(Bucket="own")
        yield running


def blobs(server: Server) -> list[Path]:
    return [path for path in (server.settings.data_dir / "blobs").rglob("*") if path.is_file()]


def settle(server: Server, count: int) -> None:
    """Wait until so many blobs are left: they go in the background."""
    deadline = time.monotonic() + 10
    while len(blobs(server)) != count:
        assert time.monotonic() < deadline, f"{len(blobs(server))} blobs instead of {count}"
        time.sleep(0.005)


def test_deleted_and_replaced_objects_give_their_space_back(own_server: Server) -> None:
    s3 = own_server.client("s3")
    for body in (os.urandom(LARGE), os.urandom(LARGE), b"small"):
        s3.put_object(Bucket="own", Key="k", Body=body)
    s3.put_object(Bucket="own", Key="other", Body=os.urandom(LARGE))
    settle(own_server, 1)
    s3.delete_objects(Bucket="own", Delete={"Objects": [{"Key": "k"}, {"Key": "other"}]})
    settle(own_server, 0)
    rows = own_server.run(own_server.app.platform.database.fetch_all("SELECT id FROM s3_inline"))
    assert rows == []


def test_copied_object_keeps_the_shared_blob(own_server: Server) -> None:
    s3 = own_server.client("s3")
    s3.put_object(Bucket="own", Key="k", Body=os.urandom(LARGE))
    s3.copy_object(Bucket="own", Key="copy", CopySource="own/k")
    s3.delete_object(Bucket="own", Key="k")
    settle(own_server, 1)
    assert len(s3.get_object(Bucket="own", Key="copy")["Body"].read()) == LARGE
    s3.delete_object(Bucket="own", Key="copy")
    settle(own_server, 0)


def test_aborted_and_replaced_parts_give_their_space_back(own_server: Server) -> None:
    s3 = own_server.client("s3")
    named = {"Bucket": "own", "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
    for number in (1, 1, 2):
        s3.upload_part(**named, PartNumber=number, Body=b"part")
    settle(own_server, 2)
    s3.abort_multipart_upload(**named)
    settle(own_server, 0)


def test_reader_goes_on_when_the_object_is_deleted(own_server: Server) -> None:
    s3 = own_server.client("s3")
    data = os.urandom(12 * 2**20)
    named = {"Bucket": "own", "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
    halves = (data[: 6 * 2**20], data[6 * 2**20 :])
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**named, PartNumber=n, Body=half)["ETag"]}
        for n, half in enumerate(halves, 1)
    ]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    body = s3.get_object(Bucket="own", Key="k")["Body"]
    start = body.read(1000)
    s3.delete_object(Bucket="own", Key="k")
    assert start + body.read() == data
    settle(own_server, 0)


def test_reader_that_leaves_early_holds_nothing(own_server: Server) -> None:
    s3 = own_server.client("s3")
    s3.put_object(Bucket="own", Key="k", Body=os.urandom(20 * 2**20))
    body = s3.get_object(Bucket="own", Key="k")["Body"]
    body.read(1000)
    body.close()
    s3.delete_object(Bucket="own", Key="k")
    settle(own_server, 0)


def test_put_object_that_the_disk_cannot_hold(own_server: Server, refused: Callable[..., Any]) -> None:
    s3 = own_server.client("s3", config=Config(retries={"total_max_attempts": 1}))
    s3.put_object(Bucket="own", Key="before", Body=b"x" * LARGE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8 * 2**20, before[1]))
    try:
        error = refused(s3.put_object, Bucket="own", Key="k", Body=os.urandom(10 * 2**20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (error["Status"], error["Code"]) == (507, "InsufficientStorage")
    settle(own_server, 1)
    s3.put_object(Bucket="own", Key="k", Body=b"x" * LARGE)
    assert s3.list_objects_v2(Bucket="own")["KeyCount"] == 2


def test_concurrent_puts_of_one_key_leave_one_whole(own_server: Server) -> None:
    s3 = own_server.client("s3")
    bodies = [bytes([n]) * size for n, size in enumerate([LARGE, 10] * 8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda body: s3.put_object(Bucket="own", Key="k", Body=body), bodies))
    got = s3.get_object(Bucket="own", Key="k")
    data = got["Body"].read()
    assert data in bodies
    settle(own_server, int(len(data) == LARGE))


async def leave_behind(store: BlobStore, *, kept: bool) -> None:
    writer = store.create()
    await writer.write(b"x" * LARGE)
    blob = await writer.finish()
    if kept:
        store.keep(blob)


def test_next_start_frees_what_no_object_names(tmp_path: Path) -> None:
    with Server(tmp_path) as first:
        s3 = first.client("s3")
        s3.create_bucket(Bucket="own")
        s3.put_object(Bucket="own", Key="k", Body=b"y" * LARGE)
        for kept in (True, False):
            first.run(leave_behind(first.app.platform.blobs, kept=kept))
        settle(first, 3)
    with Server(tmp_path) as again:
        settle(again, 1)
        assert again.client("s3").get_object(Bucket="own", Key="k")["Body"].read() == b"y" * LARGE


@pytest.mark.parametrize("size", [10, LARGE])
def test_put_object_to_no_bucket_leaves_nothing(own_server: Server, refused: Callable[..., Any], size: int) -> None:
    error = refused(own_server.client("s3").put_object, Bucket="none", Key="k", Body=b"x" * size)
    assert error["Code"] == "NoSuchBucket"
    assert blobs(own_server) == []
