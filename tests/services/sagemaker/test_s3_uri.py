import pytest

from clary.services.sagemaker.s3_uri import S3Uri
from clary.wire.errors import AwsError


@pytest.mark.parametrize(
    ("text", "bucket", "key"),
    [
        ("s3://b/data/train.csv", "b", "data/train.csv"),
        ("s3://b", "b", ""),
        ("https://b.s3.amazonaws.com/a%20b", "b", "a b"),
        ("https://b.s3.eu-west-1.amazonaws.com/k", "b", "k"),
        ("https://b.s3-eu-west-1.amazonaws.com/k", "b", "k"),
        ("https://s3.eu-west-1.amazonaws.com/b/k", "b", "k"),
    ],
)
def test_parse_reads_every_form(text: str, bucket: str, key: str) -> None:
    assert S3Uri.parse(text) == S3Uri(bucket, key)


@pytest.mark.parametrize("text", ["s3:///key", "http://b/k", "https:///k", "/b/k"])
def test_parse_refuses_what_names_no_bucket(text: str) -> None:
    with pytest.raises(AwsError, match="is not valid"):
        S3Uri.parse(text)


@pytest.mark.parametrize("prefix", ["p", "p/"])
def test_child_is_below_with_or_without_slash(prefix: str) -> None:
    assert str(S3Uri("b", prefix).child("job/output")) == "s3://b/p/job/output"


def test_child_of_a_bucket_has_no_leading_slash() -> None:
    assert str(S3Uri("b", "").child("job")) == "s3://b/job"


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("data/train", "data/train/a.csv", "a.csv"),
        ("data/train/", "data/train/x/a.csv", "x/a.csv"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/tr", "data/train.csv", "train.csv"),
        ("data/tr", "data/train/a.csv", "train/a.csv"),
        ("", "a.csv", "a.csv"),
        ("", "x/a.csv", "x/a.csv"),
    ],
)
def test_local_path_follows_the_prefix(prefix: str, key: str, path: str) -> None:
    assert S3Uri("b", prefix).local_path(key) == path
