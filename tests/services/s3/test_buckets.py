"""Buckets, through boto3."""

from collections.abc import Callable
from typing import Any

import pytest

from clary.testing import Server

Refused = Callable[..., dict[str, Any]]


def test_create_bucket_again_is_fine_in_us_east_1(s3: Any, bucket: str) -> None:
    assert s3.create_bucket(Bucket=bucket)["Location"] == f"/{bucket}"


def test_create_bucket_again_is_refused_elsewhere(s3_server: Server, refused: Refused) -> None:
    west = s3_server.client("s3", region_name="eu-west-1")
    create = {"Bucket": "in-the-west", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    west.create_bucket(**create)
    error = refused(west.create_bucket, **create)
    assert (error["Status"], error["Code"], error["BucketName"]) == (409, "BucketAlreadyOwnedByYou", "in-the-west")
    assert west.get_bucket_location(Bucket="in-the-west")["LocationConstraint"] == "eu-west-1"
    assert west.head_bucket(Bucket="in-the-west")["BucketRegion"] == "eu-west-1"


@pytest.mark.parametrize(
    ("region", "constraint", "code"),
    [
        ("eu-west-1", None, "IllegalLocationConstraintException"),
        ("eu-west-1", "us-west-2", "IllegalLocationConstraintException"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
        ("us-east-1", "nowhere", "InvalidLocationConstraint"),
    ],
)
def test_create_bucket_in_the_wrong_place(
    s3_server: Server, refused: Refused, region: str, constraint: str | None, code: str
) -> None:
    placed = {"CreateBucketConfiguration": {"LocationConstraint": constraint}} if constraint else {}
    client = s3_server.client("s3", region_name=region)
    assert refused(client.create_bucket, Bucket="misplaced", **placed)["Code"] == code


def test_create_bucket_with_a_bad_name(s3: Any, refused: Refused) -> None:
    error = refused(s3.create_bucket, Bucket="no_underscores")
    assert (error["Status"], error["Code"]) == (400, "InvalidBucketName")


def test_get_bucket_location_of_us_east_1_is_nothing(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_head_bucket_that_is_not_there(s3: Any, refused: Refused) -> None:
    assert refused(s3.head_bucket, Bucket="not-there")["Status"] == 404
    error = refused(s3.list_objects_v2, Bucket="not-there")
    assert (error["Code"], error["BucketName"]) == ("NoSuchBucket", "not-there")


def test_expected_owner_must_own_the_bucket(s3: Any, bucket: str, refused: Refused) -> None:
    error = refused(s3.list_objects_v2, Bucket=bucket, ExpectedBucketOwner="999999999999")
    assert (error["Status"], error["Code"]) == (403, "AccessDenied")


def test_list_buckets_pages_by_prefix(s3: Any) -> None:
    names = [f"listed-{n}" for n in range(5)]
    for name in reversed(names):
        s3.create_bucket(Bucket=name)
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix="listed-", PaginationConfig={"PageSize": 2}))
    assert [[found["Name"] for found in page["Buckets"]] for page in pages] == [names[:2], names[2:4], names[4:]]
    assert s3.list_buckets(BucketRegion="eu-north-1")["Buckets"] == []


def test_delete_bucket_only_when_empty(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k")
    assert refused(s3.delete_bucket, Bucket=bucket)["Code"] == "BucketNotEmpty"
    s3.delete_object(Bucket=bucket, Key="k")
    s3.create_multipart_upload(Bucket=bucket, Key="never-completed")
    s3.delete_bucket(Bucket=bucket)
    assert refused(s3.get_bucket_location, Bucket=bucket)["Code"] == "NoSuchBucket"


def test_list_buckets_refuses_a_token_of_its_own_making(s3: Any, refused: Refused) -> None:
    assert refused(s3.list_buckets, ContinuationToken="é")["Code"] == "InvalidArgument"
