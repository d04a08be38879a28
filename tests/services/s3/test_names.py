"""What buckets and keys may be called."""

import pytest

from clary.services.s3.names import check_bucket_name, encode_key
from clary.wire.errors import AwsError


@pytest.mark.parametrize("name", ["abc", "a-b.c-d", "1bucket", "a" * 63, "my.bucket.1"])
def test_check_bucket_name_takes(name: str) -> None:
    check_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *["ab", "a" * 64, "Abc", "a_b", "-abc", "abc-", ".abc", "a..b", "a.-b", "a-.b", "192.168.5.4", "a\nbc", "été"],
        *["xn--abc", "sthree-abc", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--x-s3", "abc/../def"],
    ],
)
def test_check_bucket_name_refuses(name: str) -> None:
    with pytest.raises(AwsError) as raised:
        check_bucket_name(name)
    assert (raised.value.code, raised.value.fields) == ("InvalidBucketName", {"BucketName": name})


def test_encode_key_limits_bytes_not_characters() -> None:
    assert encode_key("é" * 512) == "é".encode() * 512
    with pytest.raises(AwsError, match="KeyTooLongError"):
        encode_key("é" * 512 + "a")


def test_encode_key_refuses_what_is_not_utf8() -> None:
    with pytest.raises(AwsError, match="InvalidURI"):
        encode_key("\udcff")
