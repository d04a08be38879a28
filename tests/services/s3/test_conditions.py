"""Which condition decides, by RFC 9110 §13.2.2."""

from typing import Any

import pytest

from clary.services.s3.conditions import check_copy_source, check_read, check_write
from clary.wire.errors import AwsError

NOW = 1000.5


@pytest.mark.parametrize(
    ("req", "status"),
    [
        ({"IfMatch": '"tag"'}, None),
        ({"IfMatch": '"other", "tag"'}, None),
        ({"IfMatch": "*"}, None),
        ({"IfMatch": '"other"'}, 412),
        ({"IfMatch": '"tag"', "IfUnmodifiedSince": 1.0}, None),
        ({"IfUnmodifiedSince": 999.0}, 412),
        ({"IfUnmodifiedSince": 1000.0}, None),
        ({"IfNoneMatch": '"tag"'}, 304),
        ({"IfNoneMatch": 'W/"tag"'}, 304),
        ({"IfNoneMatch": '"other"', "IfModifiedSince": 2000.0}, None),
        ({"IfModifiedSince": 1000.0}, 304),
        ({"IfModifiedSince": 999.0}, None),
    ],
)
def test_check_read(req: dict[str, Any], status: int | None) -> None:
    if status is None:
        check_read(req, "tag", NOW)
        return
    with pytest.raises(AwsError) as raised:
        check_read(req, "tag", NOW)
    assert raised.value.status == status


def test_check_read_not_modified_repeats_etag_and_time() -> None:
    with pytest.raises(AwsError) as raised:
        check_read({"IfNoneMatch": "*"}, "tag", NOW)
    assert raised.value.headers == [("ETag", '"tag"'), ("Last-Modified", "Thu, 01 Jan 1970 00:16:40 GMT")]


@pytest.mark.parametrize("condition", ["IfNoneMatch", "IfModifiedSince"])
def test_check_copy_source_fails_where_a_read_would_be_unmodified(condition: str) -> None:
    with pytest.raises(AwsError) as raised:
        check_copy_source({f"CopySource{condition}": "*" if condition == "IfNoneMatch" else NOW}, "tag", NOW)
    assert raised.value.status == 412


@pytest.mark.parametrize(
    ("req", "etag", "code"),
    [
        ({"IfNoneMatch": "*"}, None, None),
        ({"IfNoneMatch": "*"}, "tag", "PreconditionFailed"),
        ({"IfNoneMatch": '"tag"'}, "tag", "NotImplemented"),
        ({"IfMatch": '"tag"'}, "tag", None),
        ({"IfMatch": '"tag"'}, "other", "PreconditionFailed"),
        ({"IfMatch": '"tag"'}, None, "NoSuchKey"),
    ],
)
def test_check_write(req: dict[str, Any], etag: str | None, code: str | None) -> None:
    if code is None:
        check_write(req, "key", etag)
        return
    with pytest.raises(AwsError) as raised:
        check_write(req, "key", etag)
    assert raised.value.code == code
