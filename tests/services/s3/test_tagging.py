"""Tags of buckets and objects, through boto3."""

from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., dict[str, Any]]


def tag_set(**tags: str) -> dict[str, Any]:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


def test_put_bucket_tagging_replaces(s3: Any, bucket: str, refused: Refused) -> None:
    error = refused(s3.get_bucket_tagging, Bucket=bucket)
    assert (error["Status"], error["Code"], error["BucketName"]) == (404, "NoSuchTagSet", bucket)
    for tags in (tag_set(a="1"), tag_set(b="2", c="")):
        s3.put_bucket_tagging(Bucket=bucket, Tagging=tags)
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    assert refused(s3.get_bucket_tagging, Bucket=bucket)["Code"] == "NoSuchTagSet"


def test_put_object_with_tags(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Tagging="a=1&b%20c=d%2Fe")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tag_set(a="1", **{"b c": "d/e"})["TagSet"]
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert "TagCount" not in s3.head_object(Bucket=bucket, Key="k")


def test_put_object_tagging_of_a_version(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k")
    assert s3.put_object_tagging(Bucket=bucket, Key="k", VersionId=old, Tagging=tag_set(a="1"))["VersionId"] == old
    assert s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=old)["TagSet"] == tag_set(a="1")["TagSet"]
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


@pytest.mark.parametrize(
    ("directive", "tags"), [({}, {"a": "1"}), ({"TaggingDirective": "REPLACE", "Tagging": "b=2"}, {"b": "2"})]
)
def test_copy_object_tags(s3: Any, bucket: str, directive: dict[str, str], tags: dict[str, str]) -> None:
    s3.put_object(Bucket=bucket, Key="k", Tagging="a=1")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k", **directive)
    assert s3.get_object_tagging(Bucket=bucket, Key="copy")["TagSet"] == tag_set(**tags)["TagSet"]


def test_multipart_upload_with_tags(s3: Any, bucket: str) -> None:
    named = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**named, Tagging="a=1")["UploadId"]
    etag = s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
    assert s3.get_object_tagging(**named)["TagSet"] == tag_set(a="1")["TagSet"]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("k", "v"), ("k", "w")], "InvalidTag"),
        ([("k" * 129, "v")], "InvalidTag"),
        ([("k", "v" * 257)], "InvalidTag"),
        ([("aws:k", "v")], "InvalidTag"),
        ([("k", "<>")], "InvalidTag"),
        ([(str(n), "v") for n in range(11)], "BadRequest"),
    ],
)
def test_put_object_tagging_refuses(
    s3: Any, bucket: str, refused: Refused, tags: list[tuple[str, str]], code: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    tagging = {"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=tagging)["Code"] == code


@pytest.mark.parametrize("header", ["a=1&a=2", "%ff=1", "&"])
def test_put_object_with_a_malformed_tag_header(s3: Any, bucket: str, refused: Refused, header: str) -> None:
    assert refused(s3.put_object, Bucket=bucket, Key="k", Tagging=header)["Code"] == "InvalidArgument"
    assert refused(s3.get_object_tagging, Bucket=bucket, Key="k")["Code"] == "NoSuchKey"
