"""Versions and delete markers, through boto3."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Refused = Callable[..., dict[str, Any]]


def set_versioning(s3: Any, bucket: str, status: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    set_versioning(s3, bucket, "Enabled")
    return bucket


def history(s3: Any, bucket: str, **arguments: Any) -> list[tuple[str, str, bool]]:
    """Return key, version id and whether it is the latest, of versions and delete markers as they are listed."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, **arguments)
    entries = [entry for page in pages for name in ("Versions", "DeleteMarkers") for entry in page.get(name, [])]
    return [(entry["Key"], entry["VersionId"], entry["IsLatest"]) for entry in entries]


def body(s3: Any, bucket: str, **named: Any) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key="k", **named)["Body"].read()
    return data


def test_get_bucket_versioning_says_nothing_before_it_was_set(s3: Any, bucket: str, refused: Refused) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    set_versioning(s3, bucket, "Suspended")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    error = refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})
    assert error["Code"] == "IllegalVersioningConfigurationException"


@pytest.mark.parametrize("size", [10, 200_000])
def test_every_version_stays_readable(s3: Any, versioned: str, size: int) -> None:
    bodies = [os.urandom(size) for _ in range(3)]
    ids = [s3.put_object(Bucket=versioned, Key="k", Body=data)["VersionId"] for data in bodies]
    assert len(set(ids)) == 3
    assert [body(s3, versioned, VersionId=version) for version in ids] == bodies
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == ids[-1]
    assert history(s3, versioned) == [("k", ids[2], True), ("k", ids[1], False), ("k", ids[0], False)]


def test_delete_object_leaves_a_marker(s3: Any, versioned: str, refused: Refused) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"data")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"]
    marker = deleted["VersionId"]
    error = refused(s3.get_object, Bucket=versioned, Key="k")
    assert (error["Status"], error["Code"]) == (404, "NoSuchKey")
    error = refused(s3.get_object, Bucket=versioned, Key="k", VersionId=marker)
    assert (error["Status"], error["Code"], error["Method"]) == (405, "MethodNotAllowed", "GET")
    assert "Contents" not in s3.list_objects_v2(Bucket=versioned)
    assert history(s3, versioned) == [("k", version, False), ("k", marker, True)]
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=marker)["DeleteMarker"]
    assert body(s3, versioned) == b"data"


def test_delete_the_latest_version_brings_up_the_one_below(s3: Any, versioned: str) -> None:
    ids = [s3.put_object(Bucket=versioned, Key="k", Body=data)["VersionId"] for data in (b"1", b"2", b"3")]
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[2])["VersionId"] == ids[2]
    assert body(s3, versioned) == b"2"
    s3.delete_object(Bucket=versioned, Key="k", VersionId=ids[0])
    assert history(s3, versioned) == [("k", ids[1], True)]


def test_versions_that_are_not_there(s3: Any, versioned: str, refused: Refused) -> None:
    s3.put_object(Bucket=versioned, Key="k")
    other = "0" * 32
    error = refused(s3.get_object, Bucket=versioned, Key="k", VersionId=other)
    assert (error["Status"], error["Code"], error["VersionId"]) == (404, "NoSuchVersion", other)
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=other)["ResponseMetadata"]["HTTPStatusCode"] == 204
    for operation in (s3.get_object, s3.delete_object):
        error = refused(operation, Bucket=versioned, Key="k", VersionId="none")
        assert (error["Status"], error["Code"], error["ArgumentValue"]) == (400, "InvalidArgument", "none")


def test_object_from_before_versioning_is_the_null_version(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    set_versioning(s3, bucket, "Enabled")
    assert s3.head_object(Bucket=bucket, Key="k")["VersionId"] == "null"
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"after")["VersionId"]
    assert history(s3, bucket) == [("k", version, True), ("k", "null", False)]
    assert body(s3, bucket, VersionId="null") == b"before"


def test_suspended_bucket_replaces_only_the_null_version(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"kept")["VersionId"]
    set_versioning(s3, versioned, "Suspended")
    for data in (b"null 1", b"null 2"):
        assert s3.put_object(Bucket=versioned, Key="k", Body=data)["VersionId"] == "null"
    assert history(s3, versioned) == [("k", "null", True), ("k", version, False)]
    assert s3.delete_object(Bucket=versioned, Key="k")["VersionId"] == "null"
    assert history(s3, versioned) == [("k", version, False), ("k", "null", True)]
    assert body(s3, versioned, VersionId=version) == b"kept"


def test_delete_objects_names_markers(s3: Any, versioned: str) -> None:
    version = s3.put_object(Bucket=versioned, Key="k")["VersionId"]
    (deleted,) = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k"}]})["Deleted"]
    assert deleted["DeleteMarker"]
    marker = deleted["DeleteMarkerVersionId"]
    both = [{"Key": "k", "VersionId": version}, {"Key": "k", "VersionId": marker}]
    gone = s3.delete_objects(Bucket=versioned, Delete={"Objects": both})["Deleted"]
    assert gone[0] == {"Key": "k", "VersionId": version}
    assert gone[1] == {"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    assert history(s3, versioned) == []


def test_copy_object_restores_an_old_version(s3: Any, versioned: str) -> None:
    old = s3.put_object(Bucket=versioned, Key="k", Body=b"old")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"new")
    source = {"Bucket": versioned, "Key": "k", "VersionId": old}
    copied = s3.copy_object(Bucket=versioned, Key="k", CopySource=source)
    assert copied["CopySourceVersionId"] == old
    assert body(s3, versioned) == b"old"
    assert len(history(s3, versioned)) == 3


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_list_object_versions_pages(s3: Any, versioned: str, size: int) -> None:
    for key in ("a", "b/1", "b/2", "c"):
        for _ in range(2):
            s3.put_object(Bucket=versioned, Key=key)
    s3.delete_object(Bucket=versioned, Key="c")
    whole = history(s3, versioned)
    assert sorted(history(s3, versioned, PaginationConfig={"PageSize": size})) == sorted(whole)
    page = {"Delimiter": "/", "PaginationConfig": {"PageSize": size}}
    assert {key for key, _, _ in history(s3, versioned, **page)} == {"a", "c"}


def test_list_object_versions_marker_needs_its_key(s3: Any, versioned: str, refused: Refused) -> None:
    error = refused(s3.list_object_versions, Bucket=versioned, VersionIdMarker="x")
    assert (error["Code"], error["ArgumentName"]) == ("InvalidArgument", "version-id-marker")


class Model:
    """What one key should be like: its versions from the newest down, each with its body, None for a delete marker."""

    def __init__(self) -> None:
        self.stack: list[tuple[str, bytes | None]] = []

    def add(self, version: str, data: bytes | None) -> None:
        if version == "null":
            self.stack = [entry for entry in self.stack if entry[0] != "null"]
        self.stack.insert(0, (version, data))


STEPS = ["put", "delete", "Enabled", "Suspended", "remove 0", "remove 1", "remove 2"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(["put", "delete", "Enabled", "Suspended", "remove 0", "remove 1", "remove 2"]), max_size=14
    )
)
def test_any_history_is_what_a_stack_of_versions_says(s3: Any, bucket: str, steps: list[str]) -> None:
    for key, version, _ in history(s3, bucket):
        s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    model = Model()
    set_versioning(s3, bucket, "Suspended")
    for number, step in enumerate(steps):
        if step == "put":
            data = b"%d" % number
            model.add(s3.put_object(Bucket=bucket, Key="k", Body=data)["VersionId"], data)
        elif step == "delete":
            model.add(s3.delete_object(Bucket=bucket, Key="k")["VersionId"], None)
        elif step.startswith("remove"):
            if (index := int(step[-1])) < len(model.stack):
                s3.delete_object(Bucket=bucket, Key="k", VersionId=model.stack.pop(index)[0])
        else:
            set_versioning(s3, bucket, step)
        listed = history(s3, bucket)
        assert {entry[1] for entry in listed} == {entry[0] for entry in model.stack}
        assert [entry[1] for entry in listed if entry[2]] == [entry[0] for entry in model.stack[:1]]
    current = model.stack[0][1] if model.stack else None
    if current is None:
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
    else:
        assert body(s3, bucket) == current
