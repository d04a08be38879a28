from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.sagemaker.conftest import Lab


def test_endpoint_config_life(lab: Lab, model: str) -> None:
    lab.create_model("config-model", model)
    lab.create_config("config", "config-model")
    described = lab.sagemaker.describe_endpoint_config(EndpointConfigName="config")
    arn = described["EndpointConfigArn"]
    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/config"
    assert described["ProductionVariants"][0]["InitialVariantWeight"] == 1.0
    listed = lab.sagemaker.list_endpoint_configs(NameContains="config")["EndpointConfigs"]
    assert [each["EndpointConfigName"] for each in listed] == ["config"]
    with pytest.raises(ClientError, match=f'Cannot create already existing endpoint configuration "{arn}".'):
        lab.create_config("config", "config-model")
    lab.sagemaker.delete_endpoint_config(EndpointConfigName="config")
    with pytest.raises(ClientError, match=f'Could not find endpoint configuration "{arn}".'):
        lab.sagemaker.describe_endpoint_config(EndpointConfigName="config")


def test_create_endpoint_config_model_that_does_not_exist(lab: Lab) -> None:
    with pytest.raises(
        ClientError, match=r'Could not find model "arn:aws:sagemaker:us-east-1:000000000000:model/none".'
    ):
        lab.create_config("modelless", "none")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, "ServerlessConfig"),
        ({"InstanceType": "ml.g4dn.xlarge"}, "ml.g4dn.xlarge"),
        ({"InitialVariantWeight": 0.0}, "InitialVariantWeight above 0"),
    ],
)
def test_create_endpoint_config_refuses(lab: Lab, model: str, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ClientError, match=why):
        lab.create_config("refused", "model", **changes)


def test_create_endpoint_config_same_variant_twice(lab: Lab) -> None:
    variant = {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with pytest.raises(ClientError, match="Duplicate variant name 'a'"):
        lab.sagemaker.create_endpoint_config(EndpointConfigName="x", ProductionVariants=[variant, variant])
