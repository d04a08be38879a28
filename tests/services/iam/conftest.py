"""What IAM's tests share."""

import json
from collections.abc import Callable
from typing import Any

import pytest

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


def allowing(action: str, resource: str = "*", **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


@pytest.fixture
def role(iam: Any) -> str:
    iam.create_role(RoleName="Trainer", AssumeRolePolicyDocument=TRUST)
    return "Trainer"


@pytest.fixture
def user(iam: Any) -> str:
    iam.create_user(UserName="ada")
    return "ada"


@pytest.fixture
def policy(iam: Any) -> str:
    arn: str = iam.create_policy(PolicyName="Read", PolicyDocument=allowing("s3:GetObject"))["Policy"]["Arn"]
    return arn
