"""One server for all tests of SageMaker: each warms a parent, which takes a second. Names keep the tests apart."""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError

from clary.testing import Server

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_DEADLINE = 60.0
_PAUSE = 0.005


def poll(look: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Return what `look` sees once it is `done`."""
    deadline = time.monotonic() + _DEADLINE
    while not done(seen := look()):
        assert time.monotonic() < deadline, f"nothing happened: {seen}"
        time.sleep(_PAUSE)
    return seen


def make_csv(rows: int = 200) -> str:
    """Return rows `label,a,b,c` of which xgboost learns whether a + b > 0."""
    rng = random.Random(7)
    lines = []
    for _ in range(rows):
        a, b, c = (rng.uniform(-1, 1) for _ in range(3))
        lines.append(f"{int(a + b > 0)},{a:.4f},{b:.4f},{c:.4f}\n")
    return "".join(lines)


class HasClients(Protocol):
    """A running server, in this process or another."""

    def client(self, service: str) -> Any: ...


@dataclass
class Lab:
    """A running server, the clients of its services, a role, and a bucket with `data/train/train.csv`."""

    server: HasClients
    role: str
    bucket: str

    def __post_init__(self) -> None:
        self.sagemaker, self.runtime, self.s3, self.iam, self.logs = (
            self.server.client(name) for name in ("sagemaker", "sagemaker-runtime", "s3", "iam", "logs")
        )

    @classmethod
    def open(cls, server: HasClients) -> "Lab":
        """Make the role and the bucket on a new server."""
        role = server.client("iam").create_role(RoleName="lab", AssumeRolePolicyDocument=json.dumps(TRUST))
        s3 = server.client("s3")
        s3.create_bucket(Bucket="lab")
        s3.put_object(Bucket="lab", Key="data/train/train.csv", Body=make_csv())
        return cls(server, role["Role"]["Arn"], "lab")

    def channel(self, name: str, uri: str, **members: Any) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": uri, **members}
        return {"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}

    def request(self, name: str, **changes: Any) -> dict[str, Any]:
        """Return a CreateTrainingJob that works, with changes; `HyperParameters` are added to its own."""
        hyperparameters = {"objective": "binary:logistic", "num_round": "3", **changes.pop("HyperParameters", {})}
        return {
            "TrainingJobName": name,
            "RoleArn": self.role,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "InputDataConfig": [self.channel("train", f"s3://{self.bucket}/data/train/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "HyperParameters": hyperparameters,
            **changes,
        }

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for the end of a training job and return its description."""
        job: dict[str, Any] = poll(
            lambda: self.sagemaker.describe_training_job(TrainingJobName=name),
            lambda job: job["TrainingJobStatus"] in {"Completed", "Failed", "Stopped"},
        )
        return job

    def train(self, name: str, **changes: Any) -> dict[str, Any]:
        """Run a training job to its end and return its description."""
        self.sagemaker.create_training_job(**self.request(name, **changes))
        return self.ended(name)

    def log_lines(self, group: str, prefix: str) -> list[str]:
        events = self.logs.filter_log_events(logGroupName=group, logStreamNamePrefix=prefix)["events"]
        return [event["message"] for event in events]

    def create_model(self, name: str, data: str) -> str:
        container = {"Image": IMAGE, "ModelDataUrl": data}
        model = self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        return str(model["ModelArn"])

    def create_config(self, name: str, model: str, **changes: Any) -> None:
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large"}
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1, **changes}]
        )

    def settled(self, endpoint: str) -> dict[str, Any]:
        """Wait until an endpoint is neither being created nor updated and return its description."""
        seen: dict[str, Any] = poll(
            lambda: self.sagemaker.describe_endpoint(EndpointName=endpoint),
            lambda endpoint: endpoint["EndpointStatus"] not in {"Creating", "Updating"},
        )
        return seen

    def deploy(self, endpoint: str, config: str) -> dict[str, Any]:
        self.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
        return self.settled(endpoint)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint and wait until it is gone."""
        self.sagemaker.delete_endpoint(EndpointName=endpoint)
        poll(lambda: self.exists(endpoint), lambda exists: not exists)

    def exists(self, endpoint: str) -> bool:
        try:
            self.sagemaker.describe_endpoint(EndpointName=endpoint)
        except ClientError as error:
            assert "Could not find endpoint" in str(error)
            return False
        return True

    def invoke(self, endpoint: str, body: str = "0.9,0.8,0.1", **members: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.runtime.invoke_endpoint(
            EndpointName=endpoint, **{"ContentType": "text/csv", "Body": body, **members}
        )
        return answer


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return a lab on a server that all tests share."""
    with Server(tmp_path_factory.mktemp("sagemaker") / "clary") as server:
        yield Lab.open(server)


@pytest.fixture(scope="session")
def model(lab: Lab) -> str:
    """Return the S3 URI of a trained model."""
    return str(lab.train("model-for-endpoints")["ModelArtifacts"]["S3ModelArtifacts"])
