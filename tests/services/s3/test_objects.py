"""Putting and getting objects, through boto3 and through plain HTTP."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest
from urllib3 import BaseHTTPResponse

Raw = Callable[..., BaseHTTPResponse]
Refused = Callable[..., dict[str, Any]]

SIZES = [0, 1, 1024, 65536, 65537, 262144, 262145, 3_000_001]


@pytest.mark.parametrize("size", SIZES)
def test_get_object_returns_what_was_put(s3: Any, bucket: str, size: int) -> None:
    data = os.urandom(size)
    put = s3.put_object(Bucket=bucket, Key="k", Body=data)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == data
    assert got["ETag"] == put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert (got["ContentLength"], got["AcceptRanges"], got["ContentType"]) == (size, "bytes", "binary/octet-stream")
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert "VersionId" not in got


def test_put_object_replaces(s3: Any, bucket: str) -> None:
    for data in (os.urandom(100_000), b"small", os.urandom(200_000)):
        s3.put_object(Bucket=bucket, Key="k", Body=data)
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data


def test_head_object_returns_the_headers_that_were_put(s3: Any, bucket: str) -> None:
    expires = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    given = {
        "CacheControl": "max-age=5",
        "ContentDisposition": 'attachment; filename="a b"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain; charset=utf-8",
        "Metadata": {"some-key": "some value", "empty": ""},
        "StorageClass": "STANDARD_IA",
        "WebsiteRedirectLocation": "/elsewhere",
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"data", Expires=expires, **given)
    head = s3.head_object(Bucket=bucket, Key="k")
    assert {name: head[name] for name in given} == given
    assert head["ExpiresString"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert head["ContentLength"] == 4


@pytest.mark.parametrize("size", [1000, 300_000])
@pytest.mark.parametrize(
    ("header", "start", "end"), [("bytes=0-0", 0, 1), ("bytes=-9", -9, None), ("bytes=90-", 90, None)]
)
def test_get_object_range(s3: Any, bucket: str, size: int, header: str, start: int, end: int | None) -> None:
    data = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    got = s3.get_object(Bucket=bucket, Key="k", Range=header)
    wanted = data[start:end]
    first = start % size
    assert got["Body"].read() == wanted
    assert got["ContentRange"] == f"bytes {first}-{first + len(wanted) - 1}/{size}"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    head = s3.head_object(Bucket=bucket, Key="k", Range=header)
    assert (head["ContentLength"], head["ResponseMetadata"]["HTTPStatusCode"]) == (len(wanted), 206)


def test_get_object_several_ranges_gives_all(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range="bytes=0-1,3-4")
    assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (b"0123456789", 200)


def test_get_object_range_past_the_end(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    error = refused(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-")
    assert (error["Status"], error["Code"]) == (416, "InvalidRange")
    assert (error["ActualObjectSize"], error["RangeRequested"]) == ("10", "bytes=10-")


def test_get_object_that_is_not_there(s3: Any, bucket: str, refused: Refused) -> None:
    error = refused(s3.get_object, Bucket=bucket, Key="a/b")
    assert (error["Status"], error["Code"], error["Key"]) == (404, "NoSuchKey", "a/b")
    assert refused(s3.head_object, Bucket=bucket, Key="a/b")["Status"] == 404


def test_get_object_not_modified(s3: Any, bucket: str, refused: Refused) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert refused(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag)["Status"] == 304
    error = refused(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"')
    assert (error["Status"], error["Code"], error["Condition"]) == (412, "PreconditionFailed", "If-Match")


@pytest.mark.parametrize("expires", ["0", "-1", "Wed, 02 Jan 2030 03:04:05 GMT"])
def test_put_object_keeps_any_expiry(s3: Any, bucket: str, raw: Any, expires: str) -> None:
    assert raw("PUT", f"/{bucket}/k", Expires=expires).status == 200
    assert raw("HEAD", f"/{bucket}/k").headers["Expires"] == expires
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    assert raw("HEAD", f"/{bucket}/copy").headers["Expires"] == expires


def test_get_object_response_overrides(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentType="text/plain")
    got = s3.get_object(
        Bucket=bucket, Key="k", ResponseContentType="image/png", ResponseContentDisposition="inline", ResponseExpires=0
    )
    assert (got["ContentType"], got["ContentDisposition"]) == ("image/png", "inline")
    assert got["ExpiresString"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_put_object_if_none_match_makes_no_second(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"first", IfNoneMatch="*")
    error = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"second", IfNoneMatch="*")
    assert (error["Status"], error["Code"], error["Condition"]) == (412, "PreconditionFailed", "If-None-Match")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"


def test_put_object_if_match_changes_what_was_seen(s3: Any, bucket: str, refused: Refused) -> None:
    seen = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["ETag"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"second", IfMatch=seen)
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"third", IfMatch=seen)["Code"] == "PreconditionFailed"
    assert refused(s3.put_object, Bucket=bucket, Key="none", Body=b"x", IfMatch=seen)["Code"] == "NoSuchKey"


def test_put_object_metadata_over_two_kilobytes(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", Metadata={"a": "x" * 2047})
    error = refused(s3.put_object, Bucket=bucket, Key="k", Metadata={"a": "x" * 2048})
    assert (error["Code"], error["Size"], error["MaxSizeAllowed"]) == ("MetadataTooLarge", "2049", "2048")


def test_put_object_unknown_storage_class(s3: Any, bucket: str, refused: Refused) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k", StorageClass="SHELF")["Code"] == "InvalidStorageClass"


@pytest.mark.parametrize(
    "key",
    [
        *["../../etc/passwd", "a/../b", "a//b", "/leading", "trailing/", ".", "..", "sp ace+plus%25", "?query#hash"],
        "".join(chr(plane << 16 | 0x42) for plane in range(17)),
        *["\0\t\x01\r\n", "\u00e9\u4e2d\U0001f600", "\U0010ffff", "~!@$^&*()=[]{}|\\;:'\",<>`", "é" * 512],
    ],
)
def test_keys_of_every_kind_come_back(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_put_object_key_of_1025_bytes(s3: Any, bucket: str, refused: Refused) -> None:
    error = refused(s3.put_object, Bucket=bucket, Key="k" * 1025)
    assert (error["Code"], error["Size"], error["MaxSizeAllowed"]) == ("KeyTooLongError", "1025", "1024")


def test_metadata_beyond_ascii_comes_back_as_encoded_words(s3: Any, raw: Raw, bucket: str) -> None:
    sent = {"x_amz_meta_word": "=?UTF-8?Q?caf=C3=A9?=", "x_amz_meta_raw": "café"}
    assert raw("PUT", f"/{bucket}/k", b"x", **sent).status == 200
    found = s3.head_object(Bucket=bucket, Key="k")["Metadata"]
    assert found == {"word": "=?UTF-8?B?Y2Fmw6k=?=", "raw": "=?UTF-8?B?Y2Fmw6k=?="}


def test_presigned_urls_put_and_get(signer: Any, bucket: str) -> None:
    put = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "a b/ü"})
    request = Request(put, method="PUT", data=b"presigned", headers={"Content-Type": "text/plain"})
    with urlopen(request) as response:
        assert response.headers["ETag"] == f'"{hashlib.md5(b"presigned").hexdigest()}"'
    get = signer.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "a b/ü", "ResponseContentType": "text/csv"}
    )
    with urlopen(get) as response:
        assert (response.read(), response.headers["Content-Type"]) == (b"presigned", "text/csv")
