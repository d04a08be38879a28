"""Copying objects and parts, through boto3."""

import os
from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., dict[str, Any]]
MIB = 2**20


@pytest.mark.parametrize("size", [5, 200_000])
def test_copy_object_lives_on_without_its_source(s3: Any, bucket: str, size: int) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="a b/ü", Body=data, Metadata={"m": "1"}, ContentType="text/plain")
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b/ü"})
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    s3.delete_object(Bucket=bucket, Key="a b/ü")
    got = s3.get_object(Bucket=bucket, Key="copy")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (data, {"m": "1"}, "text/plain")
    s3.delete_object(Bucket=bucket, Key="copy")


@pytest.mark.parametrize("size", [5, 200_000])
def test_copy_object_onto_itself_changes_its_headers(s3: Any, bucket: str, refused: Refused, size: int) -> None:
    data = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=data, Metadata={"m": "1"})
    itself = {"Bucket": bucket, "Key": "k", "CopySource": f"{bucket}/k"}
    assert refused(s3.copy_object, **itself)["Code"] == "InvalidRequest"
    s3.copy_object(**itself, MetadataDirective="REPLACE", Metadata={"m": "2"}, ContentType="text/css")
    got = s3.get_object(Bucket=bucket, Key="k")
    assert (got["Body"].read(), got["Metadata"], got["ContentType"]) == (data, {"m": "2"}, "text/css")


def test_copy_object_conditions(s3: Any, bucket: str, refused: Refused) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"/{bucket}/k"}
    assert refused(s3.copy_object, **copy, CopySourceIfNoneMatch=etag)["Code"] == "PreconditionFailed"
    assert refused(s3.copy_object, **copy, CopySourceIfMatch='"other"')["Status"] == 412
    s3.copy_object(**copy, CopySourceIfMatch=etag)
    assert refused(s3.copy_object, **copy, IfNoneMatch="*")["Code"] == "PreconditionFailed"


@pytest.mark.parametrize("size", [5, 200_000])
def test_copy_object_computes_the_checksum_that_is_asked_for(s3: Any, bucket: str, size: int) -> None:
    data = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    wanted = s3.put_object(Bucket=bucket, Key="other", Body=data, ChecksumAlgorithm="SHA256")["ChecksumSHA256"]
    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", ChecksumAlgorithm="SHA256")
    assert copied["CopyObjectResult"]["ChecksumSHA256"] == wanted


@pytest.mark.parametrize(
    ("source", "code"), [("none-such/k", "NoSuchBucket"), ("{}/none", "NoSuchKey"), ("{}/", "InvalidArgument")]
)
def test_copy_object_of_nothing(s3: Any, bucket: str, refused: Refused, source: str, code: str) -> None:
    error = refused(s3.copy_object, Bucket=bucket, Key="copy", CopySource=source.replace("{}", bucket))
    assert error["Code"] == code


def test_upload_part_copy_takes_a_range(s3: Any, bucket: str, refused: Refused) -> None:
    data = os.urandom(6 * MIB)
    s3.put_object(Bucket=bucket, Key="source", Body=data)
    named = {"Bucket": bucket, "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
    copy = {**named, "CopySource": f"{bucket}/source"}
    one = s3.upload_part_copy(**copy, PartNumber=1)["CopyPartResult"]
    two = s3.upload_part_copy(**copy, PartNumber=2, CopySourceRange="bytes=5-104")["CopyPartResult"]
    assert (
        refused(s3.upload_part_copy, **copy, PartNumber=3, CopySourceRange="bytes=0-6291456")["Code"]
        == "InvalidArgument"
    )
    parts = [{"PartNumber": n, "ETag": part["ETag"]} for n, part in enumerate((one, two), 1)]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data + data[5:105]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    s3.delete_object(Bucket=bucket, Key="k")
    assert (
        s3.get_object(Bucket=bucket, Key="copy", Range="bytes=6291450-")["Body"].read()
        == (data + data[5:105])[6291450:]
    )
