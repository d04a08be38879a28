from typing import Any

import pytest

from clary.services.sagemaker.training_checks import checked
from clary.wire.errors import AwsError

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def request(**changes: Any) -> dict[str, Any]:
    return {
        "TrainingJobName": "job",
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "InputDataConfig": [channel("train")],
        "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **changes,
    }


def channel(name: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://b/train"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **changes}


def test_checked_fills_in_the_defaults_and_drops_tags() -> None:
    req = checked(request(Tags=[{"Key": "k", "Value": "v"}]))
    assert "Tags" not in req
    assert req["EnableNetworkIsolation"] is False
    assert req["InputDataConfig"][0]["CompressionType"] == "None"
    assert req["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"
    assert checked({**request(), "StoppingCondition": {}})["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"EnableManagedSpotTraining": True}, "spot"),
        ({"HyperParameters": {"sagemaker_program": "train.py"}}, "Script mode"),
        ({"VpcConfig": {"Subnets": ["s"], "SecurityGroupIds": ["g"]}}, "VpcConfig"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c"}}, "CheckpointConfig"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}, "more than one instance"),
        ({"ResourceConfig": {"InstanceType": "ml.p3.2xlarge", "InstanceCount": 1}}, "ml.p3.2xlarge"),
        ({"InputDataConfig": [channel("train", InputMode="Pipe")]}, "Pipe mode"),
        ({"AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "Pipe"}}, "Pipe mode"),
        ({"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}}, "AlgorithmName"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_checked_names_what_is_not_supported(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(AwsError, match=named) as caught:
        checked(request(**changes))
    assert "not supported by Clary yet" in caught.value.message


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"InputDataConfig": [channel("train"), channel("train")]}, "Duplicate channel name 'train'"),
        ({"InputDataConfig": [channel("train", CompressionType="Gzip")]}, "Pipe input mode only"),
        ({"InputDataConfig": [channel("..")]}, "cannot be the name of a channel"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://"}}, "is not valid"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large"}}, "InstanceCount"),
        ({"AlgorithmSpecification": {"TrainingInputMode": "File"}}, "TrainingImage"),
    ],
)
def test_checked_refuses_what_aws_refuses(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(AwsError, match=why):
        checked(request(**changes))
