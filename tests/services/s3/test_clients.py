"""Clients that are not boto3: Arrow's own (the AWS SDK for C++), and other services in-process."""

import os
from collections.abc import AsyncIterator
from typing import Any

import pyarrow as pa
from pyarrow import dataset, fs, parquet

from clary.services._base.context import Client
from clary.services._base.principal import Principal, PrincipalKind
from clary.testing import Server


def test_arrow_reads_and_writes_a_data_set(s3_server: Server, bucket: str) -> None:
    settings = s3_server.settings
    files = fs.S3FileSystem(
        access_key=settings.access_key_id,
        secret_key=settings.secret_access_key,
        endpoint_override=s3_server.endpoint_url,
        region=settings.region,
    )
    table = pa.table({"n": range(1000), "group": [str(n % 3) for n in range(1000)]})
    parquet.write_table(table, f"{bucket}/whole.parquet", filesystem=files)
    assert parquet.read_table(f"{bucket}/whole.parquet", filesystem=files).equals(table)
    dataset.write_dataset(table, f"{bucket}/parts", filesystem=files, format="parquet", partitioning=["group"])
    assert dataset.dataset(f"{bucket}/parts", filesystem=files, partitioning=["group"]).count_rows() == 1000
    with files.open_output_stream(f"{bucket}/large") as stream:
        for _ in range(12):
            stream.write(os.urandom(2**20))
    files.move(f"{bucket}/large", f"{bucket}/moved")
    files.delete_dir_contents(f"{bucket}/parts")
    names = [info.path for info in files.get_file_info(fs.FileSelector(bucket, recursive=True))]
    assert [name.partition("/")[2] for name in names] == ["moved", "parts", "whole.parquet"]


def other_service(server: Server) -> Client:
    principal = Principal(PrincipalKind.ROOT, server.settings.account, "arn:aws:iam::000000000000:root", "root")
    scope = f"{server.settings.account}/{server.settings.region}"
    return server.app.services.context("sagemaker", scope, principal).client("s3")


async def pieces() -> AsyncIterator[bytes]:
    for n in range(5):
        yield bytes([n]) * 100_000


async def use_in_process(s3: Client, bucket: str) -> list[Any]:
    await s3.put_object(Bucket=bucket, Key="empty")
    await s3.put_object(Bucket=bucket, Key="small", Body=b"small", Metadata={"Name": "é"}, ContentType="text/plain")
    await s3.put_object(Bucket=bucket, Key="large", Body=pieces())
    await s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "small"})
    copy = await s3.get_object(Bucket=bucket, Key="copy")
    large = await s3.get_object(Bucket=bucket, Key="large", Range="bytes=99999-100000")
    listed = await s3.list_objects_v2(Bucket=bucket)
    return [
        copy["Body"],
        copy["Metadata"],
        b"".join([chunk async for chunk in large["Body"]]),
        [entry["Size"] for entry in listed["Contents"]],
    ]


def test_services_use_it_in_process(s3_server: Server, bucket: str) -> None:
    found = s3_server.run(use_in_process(other_service(s3_server), bucket))
    assert found == [b"small", {"name": "é"}, b"\0\1", [5, 0, 500_000, 5]]
