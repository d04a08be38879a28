"""Byte ranges, as S3 reads them."""

import pytest

from clary.services.s3.ranges import parse_copy_range, parse_range
from clary.wire.errors import AwsError


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-99999999999999999999", (5, 10)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        (None, None),
    ],
)
def test_parse_range_of_ten_bytes(header: str | None, span: tuple[int, int] | None) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-0", 0), ("bytes=-5", 0)])
def test_parse_range_past_the_end_is_an_error(header: str, size: int) -> None:
    with pytest.raises(AwsError) as raised:
        parse_range(header, size)
    assert (raised.value.code, raised.value.status) == ("InvalidRange", 416)
    assert raised.value.fields == {"RangeRequested": header, "ActualObjectSize": size}


@pytest.mark.parametrize("header", ["bytes=0-10", "bytes=-5", "bytes=5-", "bytes=6-5", "0-5"])
def test_parse_copy_range_wants_both_ends_within_the_source(header: str) -> None:
    assert parse_copy_range("bytes=2-9", 10) == (2, 10)
    with pytest.raises(AwsError, match="InvalidArgument"):
        parse_copy_range(header, 10)
