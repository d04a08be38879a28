"""Server-side encryption: what is on disk, who may read it, and what is copied how."""

import base64
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.s3.ciphers import SEGMENT, seal, sealed_span, unseal, unsealed
from clary.state.blobs import Corrupt
from clary.testing import Server

Refused = Callable[..., dict[str, Any]]
MIB = 2**20
#: In the row, in a blob of one segment and a bit, in a blob of many.
SIZES = [10, 70_000, 1_000_000]


def customer(byte: int = 7, prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": bytes([byte]) * 32}


def lies_in_the_clear(server: Server, data: bytes) -> bool:
    """Whether a piece of the bytes is found in any file of the server."""
    needle = data[-8:]
    return any(needle in path.read_bytes() for path in server.settings.data_dir.rglob("*") if path.is_file())


async def cut(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@given(st.integers(0, 3 * SEGMENT), st.integers(0, 3 * SEGMENT), st.sampled_from([1000, SEGMENT, SEGMENT + 17]))
async def test_unsealed_range_is_that_of_the_plain_bytes(first: int, second: int, size: int) -> None:
    data = bytes(range(256)) * (SEGMENT * 5 // 2 // 256)
    start, end = sorted((min(first, len(data)), min(second, len(data))))
    key = b"k" * 32
    begin, stop = sealed_span(start, end)
    sealed = seal(key, data)[begin:stop]
    found = b"".join([chunk async for chunk in unsealed(key, cut(sealed, size), start, end)])
    assert found == data[start:end]


def test_unseal_refuses_what_was_altered() -> None:
    sealed = bytearray(seal(b"k" * 32, b"x" * (SEGMENT + 5)))
    sealed[SEGMENT + 20] ^= 1
    with pytest.raises(Corrupt):
        unseal(b"k" * 32, bytes(sealed))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "AES256"}),
        (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"},
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"},
        ),
    ],
)
def test_put_object_encrypted_by_the_server(
    s3: Any, s3_server: Server, bucket: str, size: int, asked: dict[str, str], answered: dict[str, str]
) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data, **asked)
    got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes=3-{size - 2}")
    assert got["Body"].read() == data[3 : size - 1]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data
    for response in (put, got, s3.head_object(Bucket=bucket, Key="k")):
        assert {name: response[name] for name in answered} == answered
    assert not lies_in_the_clear(s3_server, data)


def test_put_object_without_encryption_lies_in_the_clear(s3: Any, s3_server: Server, bucket: str) -> None:
    data = os.urandom(70_000)
    assert "ServerSideEncryption" not in s3.put_object(Bucket=bucket, Key="k", Body=data)
    assert lies_in_the_clear(s3_server, data)


@pytest.mark.parametrize("size", SIZES)
def test_put_object_with_a_customer_key(s3: Any, s3_server: Server, bucket: str, refused: Refused, size: int) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data, **customer())
    assert put["SSECustomerKeyMD5"] == base64.b64encode(hashlib.md5(b"\7" * 32).digest()).decode()
    assert s3.get_object(Bucket=bucket, Key="k", **customer())["Body"].read() == data
    assert s3.head_object(Bucket=bucket, Key="k", **customer())["SSECustomerAlgorithm"] == "AES256"
    assert refused(s3.get_object, Bucket=bucket, Key="k")["Code"] == "InvalidRequest"
    assert refused(s3.head_object, Bucket=bucket, Key="k")["Status"] == 400
    error = refused(s3.get_object, Bucket=bucket, Key="k", **customer(8))
    assert (error["Status"], error["Code"]) == (403, "AccessDenied")
    assert not lies_in_the_clear(s3_server, data)


def test_get_object_with_a_customer_key_that_it_does_not_have(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert refused(s3.get_object, Bucket=bucket, Key="k", **customer())["Code"] == "InvalidRequest"


@pytest.mark.parametrize(
    "wrong",
    [
        {"SSECustomerAlgorithm": "AES128"},
        {"SSECustomerKey": b"short"},
        {"SSECustomerKey": base64.b64encode(b"k" * 32).decode(), "SSECustomerKeyMD5": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"ServerSideEncryption": "AES256"},
    ],
)
def test_put_object_with_half_a_customer_key(s3: Any, bucket: str, refused: Refused, wrong: dict[str, Any]) -> None:
    code = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"x", **(customer() | wrong))["Code"]
    assert code in {"InvalidArgument", "InvalidEncryptionAlgorithmError"}


@pytest.mark.parametrize("kind", [{}, {"ServerSideEncryption": "AES256"}])
def test_put_object_with_a_kms_key_for_another_encryption(
    s3: Any, bucket: str, refused: Refused, kind: dict[str, str]
) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k", SSEKMSKeyId="key", **kind)["Code"] == "InvalidArgument"


@pytest.mark.parametrize(
    "encryption", [{"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}, customer()]
)
def test_multipart_upload_encrypted(
    s3: Any, s3_server: Server, bucket: str, refused: Refused, encryption: dict[str, Any]
) -> None:
    named = {"Bucket": bucket, "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named, **encryption)["UploadId"]
    key = encryption if "SSECustomerKey" in encryption else {}
    pieces = [os.urandom(5 * MIB), os.urandom(100)]
    parts = [
        {"PartNumber": n, "ETag": s3.upload_part(**named, PartNumber=n, Body=piece, **key)["ETag"]}
        for n, piece in enumerate(pieces, 1)
    ]
    if key:
        for wrong in ({}, customer(9)):
            assert refused(s3.upload_part, **named, PartNumber=3, Body=b"x", **wrong)["Code"] == "InvalidRequest"
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    got = s3.get_object(Bucket=bucket, Key="k", Range=f"bytes={5 * MIB - 3}-", **key)
    assert got["Body"].read() == pieces[0][-3:] + pieces[1]
    assert not lies_in_the_clear(s3_server, pieces[1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ({}, {"ServerSideEncryption": "AES256"}),
        ({"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}),
        ({"ServerSideEncryption": "AES256"}, {}),
        (customer(), customer(9)),
        (customer(), {}),
        ({}, customer()),
    ],
)
def test_copy_object_encrypts_anew(
    s3: Any, s3_server: Server, bucket: str, size: int, source: dict[str, Any], target: dict[str, Any]
) -> None:
    data = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=data, **source)
    opens = {f"CopySource{name}": value for name, value in source.items() if name.startswith("SSEC")}
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", **opens, **target)
    s3.delete_object(Bucket=bucket, Key="k")
    key = {name: value for name, value in target.items() if name.startswith("SSEC")}
    got = s3.get_object(Bucket=bucket, Key="copy", **key)
    assert got["Body"].read() == data
    assert got.get("ServerSideEncryption") == target.get("ServerSideEncryption")


def test_copy_object_needs_the_customer_key(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **customer())
    copy = {"Bucket": bucket, "Key": "copy", "CopySource": f"{bucket}/k"}
    assert refused(s3.copy_object, **copy)["Code"] == "InvalidRequest"
    assert refused(s3.copy_object, **copy, **customer(8, "CopySource"))["Code"] == "AccessDenied"


def test_upload_part_copy_of_encrypted_bytes(s3: Any, bucket: str) -> None:
    data = os.urandom(300_000)
    s3.put_object(Bucket=bucket, Key="source", Body=data, **customer())
    named = {"Bucket": bucket, "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named, ServerSideEncryption="AES256")["UploadId"]
    copied = s3.upload_part_copy(
        **named,
        PartNumber=1,
        CopySource=f"{bucket}/source",
        CopySourceRange="bytes=5-299999",
        **customer(7, "CopySource"),
    )
    parts = {"Parts": [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]}
    s3.complete_multipart_upload(**named, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data[5:]


def test_bucket_encryption_is_what_objects_get(s3: Any, s3_server: Server, bucket: str, refused: Refused) -> None:
    error = refused(s3.get_bucket_encryption, Bucket=bucket)
    assert (error["Status"], error["Code"]) == (404, "ServerSideEncryptionConfigurationNotFoundError")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    (found,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert found["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    for size in SIZES:
        data = os.urandom(size)
        assert s3.put_object(Bucket=bucket, Key="k", Body=data)["ServerSideEncryption"] == "AES256"
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data
        assert not lies_in_the_clear(s3_server, data)
    s3.delete_bucket_encryption(Bucket=bucket)
    assert "ServerSideEncryption" not in s3.put_object(Bucket=bucket, Key="k")
