"""GetObjectAttributes, through boto3."""

import os
from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., dict[str, Any]]
ALL = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
MIB = 2**20


def test_get_object_attributes_of_a_put(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"data", ChecksumAlgorithm="SHA1")
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=ALL)
    assert (found["ETag"], found["ObjectSize"], found["StorageClass"]) == (put["ETag"].strip('"'), 4, "STANDARD")
    assert found["Checksum"] == {"ChecksumSHA1": put["ChecksumSHA1"], "ChecksumType": "FULL_OBJECT"}
    assert "ObjectParts" not in found


def test_get_object_attributes_answers_only_what_is_asked(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"data")
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectSize"])
    assert found.keys() - {"ResponseMetadata", "LastModified"} == {"ObjectSize"}


def test_get_object_attributes_of_parts(s3: Any, bucket: str) -> None:
    named = {"Bucket": bucket, "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named, ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for number, data in enumerate((os.urandom(5 * MIB), b"end"), 1):
        put = s3.upload_part(**named, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": put["ETag"], "ChecksumSHA256": put["ChecksumSHA256"]})
    done = s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=ALL, MaxParts=1)
    assert found["Checksum"]["ChecksumSHA256"] == done["ChecksumSHA256"].removesuffix("-2")
    listed = found["ObjectParts"]
    assert (listed["TotalPartsCount"], listed["IsTruncated"], listed["NextPartNumberMarker"]) == (2, True, 1)
    assert listed["Parts"] == [{"PartNumber": 1, "Size": 5 * MIB, "ChecksumSHA256": parts[0]["ChecksumSHA256"]}]
    rest = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=ALL, PartNumberMarker=1)["ObjectParts"]
    assert [part["Size"] for part in rest["Parts"]] == [3]


@pytest.mark.parametrize(("attributes", "code"), [(["Nothing"], "InvalidArgument"), (ALL, "NoSuchKey")])
def test_get_object_attributes_refuses(
    s3: Any, bucket: str, refused: Refused, attributes: list[str], code: str
) -> None:
    error = refused(s3.get_object_attributes, Bucket=bucket, Key="none", ObjectAttributes=attributes)
    assert error["Code"] == code
