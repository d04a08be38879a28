"""Lifecycle rules, through boto3 and a clock that is moved."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from clary.services.s3.rules import due
from clary.testing import FakeClock

Refused = Callable[..., dict[str, Any]]
DAY = 86_400


@pytest.fixture
def own(client: Callable[..., Any]) -> Any:
    """Return a client of a server whose clock the test moves, with the bucket `own`."""
    s3 = client("s3")
    s3.create_bucket(Bucket="own")
    return s3


def put_rule(s3: Any, bucket: str, **rule: Any) -> None:
    rules = [{"ID": "rule", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket="own").get("Contents", [])]


def eventually(found: Callable[[], Any], wanted: Any) -> None:
    deadline = time.monotonic() + 10
    while found() != wanted:
        assert time.monotonic() < deadline, f"{found()} instead of {wanted}"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("since", "days", "midnight"), [(0, 1, 1), (1, 1, 2), (DAY - 1, 1, 2), (DAY, 1, 2), (DAY + 1, 30, 32)]
)
def test_due_is_the_midnight_after(since: float, days: int, midnight: int) -> None:
    assert due(since, days) == midnight * DAY


def test_rule_expires_what_its_filter_names(own: Any, clock: FakeClock) -> None:
    own.put_object(Bucket="own", Key="logs/old", Body=b"12345", Tagging="a=1&b=2")
    own.put_object(Bucket="own", Key="logs/small", Body=b"1", Tagging="a=1")
    own.put_object(Bucket="own", Key="logs/untagged", Body=b"12345")
    own.put_object(Bucket="own", Key="other", Body=b"12345", Tagging="a=1")
    both = {"Prefix": "logs/", "Tags": [{"Key": "a", "Value": "1"}], "ObjectSizeGreaterThan": 1}
    put_rule(own, "own", Filter={"And": both}, Expiration={"Days": 1})
    clock.advance(2 * DAY)
    eventually(lambda: keys(own), ["logs/small", "logs/untagged", "other"])


def test_rule_runs_every_midnight(own: Any, clock: FakeClock) -> None:
    put_rule(own, "own", Expiration={"Days": 1})
    for key in ("first", "second"):
        own.put_object(Bucket="own", Key=key)
        clock.advance(2 * DAY)
        eventually(lambda: keys(own), [])


def test_rule_that_is_disabled_or_deleted_does_nothing(own: Any, clock: FakeClock) -> None:
    own.put_object(Bucket="own", Key="a")
    put_rule(own, "own", Status="Disabled", Expiration={"Days": 1})
    clock.advance(2 * DAY)
    put_rule(own, "own", Expiration={"Days": 100})
    own.delete_bucket_lifecycle(Bucket="own")
    own.create_bucket(Bucket="other")
    own.put_object(Bucket="other", Key="b")
    put_rule(own, "other", Expiration={"Days": 1})
    clock.advance(2 * DAY)
    eventually(lambda: own.list_objects_v2(Bucket="other")["KeyCount"], 0)
    assert keys(own) == ["a"]


def test_rule_with_a_date_in_the_past_acts_at_once(own: Any) -> None:
    own.put_object(Bucket="own", Key="a")
    put_rule(own, "own", Expiration={"Date": "2020-01-01T00:00:00Z"})
    eventually(lambda: keys(own), [])


def test_rule_expires_noncurrent_versions_but_for_the_newest(own: Any, clock: FakeClock) -> None:
    own.put_bucket_versioning(Bucket="own", VersioningConfiguration={"Status": "Enabled"})
    ids = [own.put_object(Bucket="own", Key="k")["VersionId"] for _ in range(4)]
    put_rule(own, "own", NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 1})
    clock.advance(2 * DAY)

    def left() -> list[str]:
        return [entry["VersionId"] for entry in own.list_object_versions(Bucket="own").get("Versions", [])]

    eventually(left, [ids[3], ids[2]])


def test_rule_leaves_a_marker_then_takes_the_lone_marker(own: Any, clock: FakeClock) -> None:
    own.put_bucket_versioning(Bucket="own", VersioningConfiguration={"Status": "Enabled"})
    own.put_object(Bucket="own", Key="k")
    put_rule(own, "own", Expiration={"Days": 1}, NoncurrentVersionExpiration={"NoncurrentDays": 1})

    def left() -> tuple[int, int]:
        page = own.list_object_versions(Bucket="own")
        return len(page.get("Versions", [])), len(page.get("DeleteMarkers", []))

    clock.advance(2 * DAY)
    eventually(left, (1, 1))
    clock.advance(2 * DAY)
    eventually(left, (0, 1))
    clock.advance(2 * DAY)
    eventually(left, (0, 0))


def test_rule_spares_what_is_locked(own: Any, clock: FakeClock) -> None:
    own.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    held = own.put_object(Bucket="locked", Key="k", ObjectLockLegalHoldStatus="ON")["VersionId"]
    own.put_object(Bucket="locked", Key="k")
    last = own.put_object(Bucket="locked", Key="k")["VersionId"]
    put_rule(own, "locked", NoncurrentVersionExpiration={"NoncurrentDays": 1})
    clock.advance(2 * DAY)

    def left() -> list[str]:
        return [entry["VersionId"] for entry in own.list_object_versions(Bucket="locked")["Versions"]]

    eventually(left, [last, held])


def test_rule_aborts_uploads(own: Any, clock: FakeClock) -> None:
    for key in ("logs/a", "b"):
        own.create_multipart_upload(Bucket="own", Key=key)
    put_rule(own, "own", Filter={"Prefix": "logs/"}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
    clock.advance(2 * DAY)
    eventually(lambda: [entry["Key"] for entry in own.list_multipart_uploads(Bucket="own")["Uploads"]], ["b"])


def test_get_bucket_lifecycle_configuration_returns_the_rules(s3: Any, bucket: str, refused: Refused) -> None:
    error = refused(s3.get_bucket_lifecycle_configuration, Bucket=bucket)
    assert (error["Status"], error["Code"]) == (404, "NoSuchLifecycleConfiguration")
    transition = {"Days": 30, "StorageClass": "GLACIER"}
    put_rule(s3, bucket, Transitions=[transition], Expiration={"Days": 90})
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert (rule["ID"], rule["Transitions"], rule["Expiration"]) == ("rule", [transition], {"Days": 90})


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({}, "InvalidRequest"),
        ({"Expiration": {"Days": 0}}, "InvalidArgument"),
        ({"Expiration": {"Days": 1, "Date": "2030-01-01"}}, "MalformedXML"),
        ({"Expiration": {"Date": "2030-01-01T01:00:00Z"}}, "InvalidArgument"),
        ({"Expiration": {"Days": 1}, "Filter": {"And": {"Prefix": "a"}}}, "MalformedXML"),
        ({"Expiration": {"Days": 1}, "ID": "x" * 256}, "InvalidArgument"),
        ({"Expiration": {"Days": 1}, "Prefix": "a"}, "MalformedXML"),
    ],
)
def test_put_bucket_lifecycle_configuration_refuses(
    s3: Any, bucket: str, refused: Refused, rule: dict[str, Any], code: str
) -> None:
    error = refused(put_rule, s3=s3, bucket=bucket, **rule)
    assert (error["Status"], error["Code"]) == (400, code)
