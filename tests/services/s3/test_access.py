"""Policies, public access blocks, ownership controls and ACLs, through boto3."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Refused = Callable[..., dict[str, Any]]


def policy(bucket: str, principal: Any = "*", **changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        **changes,
    }
    kept = {name: value for name, value in statement.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [kept]})


def test_put_bucket_policy_keeps_the_text(s3: Any, bucket: str, refused: Refused) -> None:
    assert refused(s3.get_bucket_policy, Bucket=bucket)["Code"] == "NoSuchBucketPolicy"
    document = policy(bucket, {"AWS": "arn:aws:iam::123456789012:root"})
    s3.put_bucket_policy(Bucket=bucket, Policy=document)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == document
    assert not s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]
    s3.delete_bucket_policy(Bucket=bucket)
    assert refused(s3.get_bucket_policy, Bucket=bucket)["Code"] == "NoSuchBucketPolicy"


def test_put_bucket_policy_for_the_public_needs_the_block_lifted(s3: Any, bucket: str, refused: Refused) -> None:
    assert refused(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket))["Code"] == "AccessDenied"
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{}",
        "{",
        '{"Statement": [{}]}',
        policy("another"),
        policy("{}", Principal=None),
        policy("{}", Action=None),
        policy("{}", Resource=None),
    ],
)
def test_put_bucket_policy_malformed(s3: Any, bucket: str, refused: Refused, document: str) -> None:
    error = refused(
        s3.put_bucket_policy, Bucket=bucket, Policy=document.replace("arn:aws:s3:::{}", f"arn:aws:s3:::{bucket}")
    )
    assert (error["Status"], error["Code"]) == (400, "MalformedPolicy")


def test_public_access_block_of_a_new_bucket_blocks_all(s3: Any, bucket: str, refused: Refused) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert [name for name, value in block.items() if value] == ["BlockPublicAcls"]
    s3.delete_public_access_block(Bucket=bucket)
    error = refused(s3.get_public_access_block, Bucket=bucket)
    assert (error["Status"], error["Code"]) == (404, "NoSuchPublicAccessBlockConfiguration")


def test_ownership_controls(s3: Any, bucket: str, refused: Refused) -> None:
    def ownership() -> str:
        (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
        return str(rule["ObjectOwnership"])

    assert ownership() == "BucketOwnerEnforced"
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    assert ownership() == "BucketOwnerPreferred"
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    error = refused(s3.get_bucket_ownership_controls, Bucket=bucket)
    assert (error["Status"], error["Code"]) == (404, "OwnershipControlsNotFoundError")


def test_acl_where_the_owner_owns_everything(s3: Any, bucket: str, refused: Refused) -> None:
    s3.put_object(Bucket=bucket, Key="k", ACL="bucket-owner-full-control")
    for call in (
        lambda: s3.put_bucket_acl(Bucket=bucket, ACL="public-read"),
        lambda: s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read"),
        lambda: s3.put_object(Bucket=bucket, Key="k", ACL="public-read"),
        lambda: s3.create_multipart_upload(Bucket=bucket, Key="k", GrantRead='id="x"'),
        lambda: s3.copy_object(Bucket=bucket, Key="l", CopySource=f"{bucket}/k", ACL="public-read"),
    ):
        error = refused(call)
        assert (error["Status"], error["Code"]) == (400, "AccessControlListNotSupported")
    acl = s3.get_object_acl(Bucket=bucket, Key="k")
    assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]
    assert acl["Grants"][0]["Grantee"]["ID"] == acl["Owner"]["ID"]


def test_acl_where_there_are_acls(s3: Any, bucket: str) -> None:
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    grants = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL", "READ", "WRITE"]
    assert grants[1]["Grantee"]["URI"].endswith("/AllUsers")
    s3.put_object(Bucket=bucket, Key="k", GrantReadACP='id="abc", uri="http://acs.amazonaws.com/groups/s3/LogDelivery"')
    grants = s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert [(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants] == [
        ("CanonicalUser", "READ_ACP"),
        ("Group", "READ_ACP"),
    ]
    own = s3.get_object_acl(Bucket=bucket, Key="k")
    document = {"Owner": own["Owner"], "Grants": grants[:1]}
    s3.put_object_acl(Bucket=bucket, Key="k", AccessControlPolicy=document)
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"] == grants[:1]


def test_create_bucket_with_an_acl_needs_ownership_to_allow_it(s3: Any, refused: Refused) -> None:
    error = refused(s3.create_bucket, Bucket="with-acl", ACL="public-read")
    assert error["Code"] == "InvalidBucketAclWithObjectOwnership"
    s3.create_bucket(Bucket="with-acl", ObjectOwnership="ObjectWriter", ACL="public-read")
    assert len(s3.get_bucket_acl(Bucket="with-acl")["Grants"]) == 2


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
        ("get_bucket_replication", "ReplicationConfigurationNotFoundError"),
    ],
)
def test_settings_that_no_bucket_has(s3: Any, bucket: str, refused: Refused, operation: str, code: str) -> None:
    error = refused(getattr(s3, operation), Bucket=bucket)
    assert (error["Status"], error["Code"]) == (404, code)
    assert s3.get_bucket_request_payment(Bucket=bucket)["Payer"] == "BucketOwner"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    assert "Status" not in s3.get_bucket_accelerate_configuration(Bucket=bucket)
    error = refused(s3.put_bucket_request_payment, Bucket=bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    assert (error["Status"], error["Code"]) == (501, "NotImplemented")
