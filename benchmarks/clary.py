"""The Clary under test, as a user starts it."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import signing
from benchmarks.process import ServerProcess, free_port

KEY, SECRET = "AKIABENCHMARKBENCH00", "benchmark/secret/access/key/of/the/root0"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROLE = "arn:aws:iam::000000000000:role/service-role/ClaryExecutionRole"


def server(folder: Path) -> ServerProcess:
    port = free_port()
    command = [str(Path(sys.executable).with_name("clary")), "up", "--data-dir", str(folder), "--port", str(port)]
    env = {"CLARY_ACCESS_KEY_ID": KEY, "CLARY_SECRET_ACCESS_KEY": SECRET}
    return ServerProcess(command, port, "/_clary/health", env)


@contextmanager
def running() -> Iterator[ServerProcess]:
    with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder, server(Path(folder)) as process:
        yield process


def client(process: ServerProcess, service: str) -> Any:
    return signing.client(service, process.url, KEY, SECRET)


def training_request(name: str, bucket: str, rounds: int = 100) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {"objective": "binary:logistic", "num_round": str(rounds)},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }
