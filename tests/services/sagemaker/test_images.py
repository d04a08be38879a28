import pytest

from clary.services.sagemaker.images import Image, resolve
from clary.wire.errors import AwsError


@pytest.mark.parametrize(
    ("uri", "tag"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "1.7-1"),
        ("141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3", "0.90-2-cpu-py3"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest", "latest"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost", "latest"),
        ("451049120500.dkr.ecr.cn-northwest-1.amazonaws.com.cn/sagemaker-xgboost:3.0-5", "3.0-5"),
        ("683313688378.dkr.ecr-fips.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "1.7-1"),
    ],
)
def test_resolve_finds_xgboost_in_any_registry_and_version(uri: str, tag: str) -> None:
    assert resolve(uri) == Image("xgboost", tag)


def test_resolve_unknown_repository_names_those_that_run() -> None:
    with pytest.raises(AwsError) as caught:
        resolve("123456789012.dkr.ecr.us-east-1.amazonaws.com/my/own:1")
    assert caught.value.code == "ValidationException"
    assert "Cannot find repository: my/own in registry ID: 123456789012" in caught.value.message
    assert "sagemaker-xgboost" in caught.value.message


@pytest.mark.parametrize("uri", ["xgboost", "docker.io/library/xgboost:1", ""])
def test_resolve_refuses_what_is_no_ecr_path(uri: str) -> None:
    with pytest.raises(AwsError, match="Invalid training image"):
        resolve(uri)
