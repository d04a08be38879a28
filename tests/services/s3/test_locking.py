"""Object lock, through boto3."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clary.testing import FakeClock

Refused = Callable[..., dict[str, Any]]
Client = Callable[..., Any]


def in_days(days: float) -> datetime:
    return (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)


@pytest.fixture
def locked(s3: Any, bucket: str) -> str:
    s3.create_bucket(Bucket=f"{bucket}-locked", ObjectLockEnabledForBucket=True)
    return f"{bucket}-locked"


def put(s3: Any, bucket: str, **lock: Any) -> dict[str, str]:
    """Put an object and return what names its version."""
    version = s3.put_object(Bucket=bucket, Key="k", **lock)["VersionId"]
    return {"Bucket": bucket, "Key": "k", "VersionId": version}


def test_create_bucket_with_object_lock_keeps_versions(s3: Any, locked: str, refused: Refused) -> None:
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled"
    }
    error = refused(s3.put_bucket_versioning, Bucket=locked, VersioningConfiguration={"Status": "Suspended"})
    assert (error["Status"], error["Code"]) == (409, "InvalidBucketState")


def test_object_lock_needs_a_bucket_that_has_it(s3: Any, bucket: str, refused: Refused) -> None:
    assert refused(s3.get_object_lock_configuration, Bucket=bucket)["Code"] == "ObjectLockConfigurationNotFoundError"
    assert refused(s3.put_object, Bucket=bucket, Key="k", ObjectLockLegalHoldStatus="ON")["Code"] == "InvalidRequest"
    lock = {"ObjectLockEnabled": "Enabled"}
    assert (
        refused(s3.put_object_lock_configuration, Bucket=bucket, ObjectLockConfiguration=lock)["Code"]
        == "InvalidBucketState"
    )
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=lock)
    put(s3, bucket, ObjectLockLegalHoldStatus="ON")


@pytest.mark.parametrize(("mode", "free"), [("GOVERNANCE", True), ("COMPLIANCE", False)])
def test_delete_object_that_is_retained(s3: Any, locked: str, refused: Refused, mode: str, free: bool) -> None:
    until = in_days(2)
    version = put(s3, locked, ObjectLockMode=mode, ObjectLockRetainUntilDate=until)
    head = s3.head_object(**version)
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == (mode, until)
    error = refused(s3.delete_object, **version)
    assert (error["Status"], error["Code"]) == (403, "AccessDenied")
    assert s3.delete_object(Bucket=locked, Key="k")["DeleteMarker"]  # a marker hides it, and frees nothing
    if free:
        s3.delete_object(**version, BypassGovernanceRetention=True)
    else:
        assert refused(s3.delete_object, **version, BypassGovernanceRetention=True)["Code"] == "AccessDenied"
    named = {"Key": "k", "VersionId": version["VersionId"]}
    result = s3.delete_objects(Bucket=locked, Delete={"Objects": [named]})
    assert [error["Code"] for error in result.get("Errors", [])] == ([] if free else ["AccessDenied"])


def test_retention_ends(client: Client, clock: FakeClock) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}
    lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
    assert s3.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"] == lock
    version = put(s3, "locked")
    assert s3.get_object_retention(**version)["Retention"]["Mode"] == "COMPLIANCE"
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_object(**version)
    clock.advance(86_401)
    s3.delete_object(**version)


def test_put_object_retention_only_lengthens(s3: Any, locked: str, refused: Refused) -> None:
    version = put(s3, locked)
    error = refused(s3.get_object_retention, **version)
    assert (error["Status"], error["Code"]) == (404, "NoSuchObjectLockConfiguration")

    def retain(mode: str, days: float, **arguments: Any) -> None:
        s3.put_object_retention(**version, Retention={"Mode": mode, "RetainUntilDate": in_days(days)}, **arguments)

    retain("GOVERNANCE", 2)
    for mode, days in (("GOVERNANCE", 1), ("COMPLIANCE", 3)):
        assert refused(retain, mode=mode, days=days)["Code"] == "AccessDenied"
    retain("GOVERNANCE", 1, BypassGovernanceRetention=True)
    retain("COMPLIANCE", 3, BypassGovernanceRetention=True)
    for mode, days in (("COMPLIANCE", 2), ("GOVERNANCE", 4)):
        assert refused(retain, mode=mode, days=days, BypassGovernanceRetention=True)["Code"] == "AccessDenied"
    retain("COMPLIANCE", 4)
    assert refused(retain, mode="COMPLIANCE", days=-1)["Code"] == "InvalidArgument"


def test_legal_hold(s3: Any, locked: str, refused: Refused) -> None:
    version = put(s3, locked, ObjectLockLegalHoldStatus="ON")
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "ON"}
    assert refused(s3.delete_object, **version, BypassGovernanceRetention=True)["Code"] == "AccessDenied"
    s3.put_object_legal_hold(**version, LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(**version)["LegalHold"] == {"Status": "OFF"}
    s3.delete_object(**version)


@pytest.mark.parametrize(
    ("lock", "code"),
    [
        ({"ObjectLockMode": "GOVERNANCE"}, "InvalidArgument"),
        ({"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": in_days(-1)}, "InvalidArgument"),
    ],
)
def test_put_object_with_half_a_lock(s3: Any, locked: str, refused: Refused, lock: dict[str, Any], code: str) -> None:
    assert refused(s3.put_object, Bucket=locked, Key="k", **lock)["Code"] == code


@pytest.mark.parametrize(
    "retention", [{"Mode": "GOVERNANCE"}, {"Days": 1}, {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}]
)
def test_put_object_lock_configuration_malformed(
    s3: Any, locked: str, refused: Refused, retention: dict[str, Any]
) -> None:
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}
    error = refused(s3.put_object_lock_configuration, Bucket=locked, ObjectLockConfiguration=lock)
    assert error["Code"] == "MalformedXML"
