"""What clients say of the bytes they send, and what happens when it is not so."""

import base64
import hashlib
import os
import socket
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml

import pytest
from urllib3 import BaseHTTPResponse

from clary.testing import Server

Raw = Callable[..., BaseHTTPResponse]
Refused = Callable[..., dict[str, Any]]

#: Small enough for the row, and large enough for a blob.
SIZES = [10, 300_000]


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def crc32(data: bytes) -> str:
    return encoded(zlib.crc32(data).to_bytes(4))


def code(response: BaseHTTPResponse) -> str | None:
    return Xml.fromstring(response.data).findtext("Code")


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
@pytest.mark.parametrize("size", SIZES)
def test_put_object_checksum_is_verified_and_kept(s3: Any, bucket: str, algorithm: str, size: int) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm)
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == data  # boto3 compares the checksum
    assert got[f"Checksum{algorithm}"] == put[f"Checksum{algorithm}"]
    assert got["ChecksumType"] == "FULL_OBJECT"


def test_put_object_without_a_checksum_gets_crc64nvme(s3: Any, raw: Raw, bucket: str) -> None:
    assert raw("PUT", f"/{bucket}/k", b"123456789").headers["x-amz-checksum-crc64nvme"] == "rosUhgp5mIg="
    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == "rosUhgp5mIg="
    assert "ChecksumCRC64NVME" not in s3.head_object(Bucket=bucket, Key="k")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("header", "value", "error"),
    [
        ("Content_MD5", encoded(hashlib.md5(b"other").digest()), "BadDigest"),
        ("Content_MD5", "short", "InvalidDigest"),
        ("x_amz_checksum_crc32", crc32(b"other"), "BadDigest"),
        ("x_amz_checksum_sha256", encoded(hashlib.sha256(b"other").digest()), "BadDigest"),
        ("x_amz_checksum_crc32", "AAAA", "InvalidRequest"),
        ("x_amz_checksum_crc32c", "!", "InvalidRequest"),
        ("x_amz_sdk_checksum_algorithm", "SHA1", "InvalidRequest"),
    ],
)
def test_put_object_that_is_not_what_it_says(
    s3: Any, raw: Raw, bucket: str, size: int, header: str, value: str, error: str
) -> None:
    response = raw("PUT", f"/{bucket}/k", os.urandom(size), **{header: value})
    assert (response.status, code(response)) == (400, error)
    assert keys(s3, bucket) == []


def test_header_values_count_whatever_their_letters(raw: Raw, bucket: str) -> None:
    sums = {"x_amz_checksum_crc32": crc32(b"x"), "x_amz_sdk_checksum_algorithm": "crc32"}
    assert raw("PUT", f"/{bucket}/k", b"x", **sums).status == 200
    assert raw("GET", f"/{bucket}/k", x_amz_checksum_mode="enabled").headers["x-amz-checksum-crc32"] == crc32(b"x")


def test_put_object_with_two_checksums(raw: Raw, bucket: str) -> None:
    sums = {"x_amz_checksum_crc32": crc32(b"x"), "x_amz_checksum_sha1": encoded(hashlib.sha1(b"x").digest())}
    assert code(raw("PUT", f"/{bucket}/k", b"x", **sums)) == "InvalidRequest"


def test_put_object_with_content_md5(s3: Any, bucket: str) -> None:
    data = os.urandom(300_000)
    s3.put_object(Bucket=bucket, Key="k", Body=data, ContentMD5=encoded(hashlib.md5(data).digest()))
    assert keys(s3, bucket) == ["k"]


@pytest.mark.parametrize("size", SIZES)
def test_put_object_that_breaks_off_leaves_nothing(
    s3: Any, s3_server: Server, signer: Any, bucket: str, size: int
) -> None:
    url = urlsplit(signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}))
    with socket.create_connection((url.hostname, url.port)) as connection:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {size}\r\n\r\n"
        connection.sendall(head.encode() + os.urandom(size - 1))
        connection.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in connection.makefile("rb").read()
    assert keys(s3, bucket) == []
    assert list((s3_server.settings.data_dir / "blobs" / "incoming").iterdir()) == []


@pytest.mark.parametrize("size", [0, *SIZES])
def test_put_object_in_signed_chunks(s3: Any, raw: Raw, bucket: str, size: int) -> None:
    data = os.urandom(size)
    trailer = f"x-amz-checksum-crc32:{crc32(data)}\r\n"
    chunks = f"{size:x}\r\n".encode() + data + b"\r\n0\r\n" if size else b"0\r\n"
    framing = {
        "content_encoding": "aws-chunked,gzip",
        "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x_amz_decoded_content_length": str(size),
        "x_amz_trailer": "x-amz-checksum-crc32",
    }
    response = raw("PUT", f"/{bucket}/k", chunks + trailer.encode() + b"\r\n", **framing)
    assert response.status == 200, response.data
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (head["ContentLength"], head["ContentEncoding"]) == (size, "gzip")
    assert head["ChecksumCRC32"] == crc32(data)


@pytest.mark.parametrize(
    ("length", "trailer", "error"),
    [
        (10, f"x-amz-checksum-crc32:{crc32(b'other')}\r\n", "BadDigest"),
        (10, "", "MalformedTrailerError"),
        (10, "x-amz-checksum-crc32:AAAA\r\n", "InvalidRequest"),
        (11, f"x-amz-checksum-crc32:{crc32(b'0123456789')}\r\n", "IncompleteBody"),
    ],
)
def test_put_object_whose_trailer_is_wrong(
    s3: Any, raw: Raw, bucket: str, length: int, trailer: str, error: str
) -> None:
    framing = {
        "content_encoding": "aws-chunked",
        "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x_amz_decoded_content_length": str(length),
        "x_amz_trailer": "x-amz-checksum-crc32",
    }
    response = raw("PUT", f"/{bucket}/k", b"a\r\n0123456789\r\n0\r\n" + trailer.encode() + b"\r\n", **framing)
    assert (response.status, code(response)) == (400, error)
    assert keys(s3, bucket) == []
