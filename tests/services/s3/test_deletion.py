"""Deleting objects, through boto3."""

from collections.abc import Callable
from typing import Any

Refused = Callable[..., dict[str, Any]]


def test_delete_object_that_is_not_there(s3: Any, bucket: str) -> None:
    assert s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_delete_object_if_match(s3: Any, bucket: str, refused: Refused) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"other"')["Code"] == "PreconditionFailed"
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch=etag)["Code"] == "NoSuchKey"


def test_delete_objects_each_by_itself(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "ü &<>"):
        s3.put_object(Bucket=bucket, Key=key)
    keys = [{"Key": "a"}, {"Key": "ü &<>"}, {"Key": "none"}, {"Key": "b", "ETag": '"other"'}]
    result = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
    assert [entry["Key"] for entry in result["Deleted"]] == ["a", "ü &<>", "none"]
    assert [(entry["Key"], entry["Code"]) for entry in result["Errors"]] == [("b", "PreconditionFailed")]
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]


def test_delete_objects_quiet_tells_only_errors(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    result = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})
    assert "Deleted" not in result
    assert "Errors" not in result


def test_delete_objects_more_than_a_thousand(s3: Any, bucket: str, refused: Refused) -> None:
    keys = [{"Key": str(n)} for n in range(1001)]
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": keys})["Code"] == "MalformedXML"
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[:1000]})["Deleted"]) == 1000
