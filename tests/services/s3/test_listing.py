"""Listing keys, through boto3."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

Refused = Callable[..., dict[str, Any]]


def fill(s3: Any, bucket: str, keys: Iterable[str]) -> None:
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())


def found(page: dict[str, Any]) -> tuple[list[str], list[str]]:
    keys = [entry["Key"] for entry in page.get("Contents", [])]
    return keys, [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


def test_list_objects_v2_describes_each(s3: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"four", StorageClass="GLACIER_IR")
    page = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)
    (entry,) = page["Contents"]
    assert (entry["Key"], entry["Size"], entry["ETag"], entry["StorageClass"]) == ("k", 4, put["ETag"], "GLACIER_IR")
    assert (entry["ChecksumAlgorithm"], entry["ChecksumType"]) == (["CRC32"], "FULL_OBJECT")
    assert entry["LastModified"].tzinfo is not None
    assert len(entry["Owner"]["ID"]) == 64
    assert (page["KeyCount"], page["MaxKeys"], page["IsTruncated"], page["Prefix"]) == (1, 1000, False, "")


def test_list_objects_v2_is_in_utf8_order(s3: Any, bucket: str) -> None:
    # UTF-16 would put the last two the other way round.
    keys = ["A", "a", "\u00e9", "\uffee", "\U0001f600"]
    fill(s3, bucket, reversed(keys))
    assert found(s3.list_objects_v2(Bucket=bucket))[0] == keys


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_listing_pages_with_delimiter(s3: Any, bucket: str, operation: str, size: int) -> None:
    fill(s3, bucket, ["a", "b/1", "b/2", "b/c/3", "d", "e/1"])
    pages = list(
        s3.get_paginator(operation).paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size})
    )
    entries = sorted(name for page in pages for names in found(page) for name in names)
    assert entries == ["a", "b/", "d", "e/"]
    assert len(pages) == -(-4 // size)


def test_list_objects_prefix_and_delimiter(s3: Any, bucket: str) -> None:
    fill(s3, bucket, ["photos/2006/January/a", "photos/2006/b", "photos/2007/c", "photos/d", "sample"])
    page = s3.list_objects_v2(Bucket=bucket, Prefix="photos/", Delimiter="/")
    assert found(page) == (["photos/d"], ["photos/2006/", "photos/2007/"])
    assert (page["KeyCount"], page["Delimiter"], page["Prefix"]) == (3, "/", "photos/")
    assert found(s3.list_objects_v2(Bucket=bucket, Prefix="photos/2006")) == (
        ["photos/2006/January/a", "photos/2006/b"],
        [],
    )


@pytest.mark.parametrize(
    ("after", "rest"),
    [("a", (["c"], ["b/"])), ("b/1", (["c"], [])), ("b/", (["c"], [])), ("b", (["c"], ["b/"])), ("z", ([], []))],
)
def test_list_objects_from_a_key_on(s3: Any, bucket: str, after: str, rest: tuple[list[str], list[str]]) -> None:
    fill(s3, bucket, ["a", "b/1", "b/2", "c"])
    page = s3.list_objects_v2(Bucket=bucket, StartAfter=after, Delimiter="/")
    assert (found(page), page["StartAfter"]) == (rest, after)
    assert found(s3.list_objects(Bucket=bucket, Marker=after, Delimiter="/")) == rest


def test_list_objects_next_marker_only_with_a_delimiter(s3: Any, bucket: str) -> None:
    fill(s3, bucket, ["a", "b"])
    assert "NextMarker" not in s3.list_objects(Bucket=bucket, MaxKeys=1)
    assert s3.list_objects(Bucket=bucket, MaxKeys=1, Delimiter="/")["NextMarker"] == "a"


def test_list_objects_v2_max_keys(s3: Any, bucket: str, refused: Refused) -> None:
    fill(s3, bucket, ["a", "b"])
    none = s3.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=5000)["MaxKeys"] == 1000
    error = refused(s3.list_objects_v2, Bucket=bucket, MaxKeys=-1)
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "max-keys")


def test_list_objects_v2_refuses_a_token_of_another_bucket(s3: Any, bucket: str, refused: Refused) -> None:
    fill(s3, bucket, ["a", "b"])
    token = s3.list_objects_v2(Bucket=bucket, MaxKeys=1)["NextContinuationToken"]
    assert found(s3.list_objects_v2(Bucket=bucket, ContinuationToken=token))[0] == ["b"]
    s3.create_bucket(Bucket=f"{bucket}-other")
    for wrong in (token, "a", "", "====", "é"):
        error = refused(s3.list_objects_v2, Bucket=f"{bucket}-other", ContinuationToken=wrong)
        assert (error["Status"], error["Code"]) == (400, "InvalidArgument")


def test_list_objects_encoding_type_url(s3: Any, bucket: str) -> None:
    fill(s3, bucket, ["a b/ü+*"])
    page = s3.list_objects_v2(Bucket=bucket, EncodingType="url", Delimiter=" ")
    assert (page["CommonPrefixes"], page["EncodingType"]) == ([{"Prefix": "a+"}], "url")
    assert found(s3.list_objects_v2(Bucket=bucket, EncodingType="url"))[0] == ["a+b/%C3%BC%2B*"]
