from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.sagemaker.conftest import IMAGE, Lab


def test_model_life(lab: Lab, model: str) -> None:
    arn = lab.create_model("life", model)
    described = lab.sagemaker.describe_model(ModelName="life")
    assert described["ModelArn"] == arn == "arn:aws:sagemaker:us-east-1:000000000000:model/life"
    assert described["PrimaryContainer"] == {"Image": IMAGE, "ModelDataUrl": model}
    assert described["ExecutionRoleArn"] == lab.role
    listed = lab.sagemaker.list_models(NameContains="life")["Models"]
    assert [each["ModelArn"] for each in listed] == [arn]
    lab.sagemaker.delete_model(ModelName="life")
    for operation in ("describe_model", "delete_model"):
        with pytest.raises(ClientError, match=f'Could not find model "{arn}".'):
            getattr(lab.sagemaker, operation)(ModelName="life")


def test_create_model_same_name(lab: Lab, model: str) -> None:
    arn = lab.create_model("twin", model)
    with pytest.raises(ClientError, match=f'Cannot create already existing model "{arn}".') as caught:
        lab.create_model("twin", model)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("uri", ["s3://lab/not/there.tar.gz", "s3://no-such-bucket-here/model.tar.gz"])
def test_create_model_without_its_data(lab: Lab, uri: str) -> None:
    with pytest.raises(ClientError, match=f"Could not find model data at {uri}."):
        lab.create_model("dataless", uri)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"PrimaryContainer": {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"}}, "Cannot find repository"),
        ({"PrimaryContainer": {"Image": IMAGE, "Mode": "MultiModel"}}, "multi-model"),
        ({"Containers": [{"Image": IMAGE}]}, "Exactly one of"),
        ({"ExecutionRoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role"),
        ({"VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}}, "VpcConfig is not supported"),
    ],
)
def test_create_model_refuses(lab: Lab, changes: dict[str, Any], why: str) -> None:
    request = {"ModelName": "refused", "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": lab.role, **changes}
    with pytest.raises(ClientError, match=why):
        lab.sagemaker.create_model(**request)


def test_create_model_pipeline_is_not_supported(lab: Lab) -> None:
    with pytest.raises(ClientError, match="inference pipeline"):
        lab.sagemaker.create_model(
            ModelName="pipeline", Containers=[{"Image": IMAGE}, {"Image": IMAGE}], ExecutionRoleArn=lab.role
        )
