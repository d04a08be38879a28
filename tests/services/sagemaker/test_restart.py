"""What a server that stops, or is killed, leaves to the next one on the same data directory."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.services.sagemaker.conftest import HasClients, Lab, poll

from clary.testing import Server

ENDLESS = {"num_round": "1000000"}

SERVE = """
import json, sys, threading
from pathlib import Path
from clary.testing import Server
with Server(Path(sys.argv[1])) as server:
    keys = [server.settings.access_key_id, server.settings.secret_access_key]
    print(json.dumps([server.endpoint_url, *keys]), flush=True)
    threading.Event().wait()
"""


class RunningServer:
    """A server in a process of its own, which can be killed."""

    def __init__(self, data_dir: Path) -> None:
        command = [sys.executable, "-c", SERVE, str(data_dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self._url, self._key, self._secret = json.loads(self.process.stdout.readline())

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name="us-east-1",
            aws_access_key_id=self._key,
            aws_secret_access_key=self._secret,
        )

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout
        self.process.stdout.close()


@contextmanager
def killed_at_the_end(data_dir: Path) -> Iterator[RunningServer]:
    server = RunningServer(data_dir)
    try:
        yield server
    finally:
        server.kill()


def lab_on(server: HasClients) -> Lab:
    """Return the lab that an earlier server on the same folder made."""
    return Lab(server, "arn:aws:iam::000000000000:role/lab", "lab")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "clary"


def deploy_and_begin_training(lab: Lab) -> None:
    model = lab.train("first")["ModelArtifacts"]["S3ModelArtifacts"]
    lab.create_model("m", model)
    lab.create_config("c", "m")
    lab.deploy("e", "c")
    lab.sagemaker.create_training_job(**lab.request("second", HyperParameters=ENDLESS))
    poll(
        lambda: lab.sagemaker.describe_training_job(TrainingJobName="second"),
        lambda job: job["SecondaryStatus"] == "Training",
    )


def check_all_goes_on(lab: Lab) -> None:
    assert lab.sagemaker.describe_endpoint(EndpointName="e")["EndpointStatus"] == "InService"
    assert float(lab.invoke("e")["Body"].read()) > 0.5
    assert lab.sagemaker.describe_training_job(TrainingJobName="first")["TrainingJobStatus"] == "Completed"
    running = poll(
        lambda: lab.sagemaker.describe_training_job(TrainingJobName="second"),
        lambda job: job["SecondaryStatus"] == "Training" and len(job["SecondaryStatusTransitions"]) > 4,
    )
    assert "Restarting" in [each["Status"] for each in running["SecondaryStatusTransitions"]]
    lab.sagemaker.stop_training_job(TrainingJobName="second")
    assert lab.ended("second")["TrainingJobStatus"] == "Stopped"


def test_killed_server_goes_on_where_it_was(data_dir: Path) -> None:
    with killed_at_the_end(data_dir) as server:
        deploy_and_begin_training(Lab.open(server))
    with killed_at_the_end(data_dir) as server:
        check_all_goes_on(lab_on(server))


def test_stopped_server_goes_on_where_it_was(data_dir: Path) -> None:
    with Server(data_dir) as server:
        lab = Lab.open(server)
        model = lab.train("first")["ModelArtifacts"]["S3ModelArtifacts"]
        lab.create_model("m", model)
        lab.create_config("c", "m")
        lab.deploy("e", "c")
        # Neither is there any more when the endpoint comes back: it has its own copy.
        lab.s3.delete_object(Bucket="lab", Key="out/first/output/model.tar.gz")
        lab.sagemaker.delete_model(ModelName="m")
        lab.sagemaker.create_training_job(**lab.request("second"))
    with Server(data_dir) as server:
        lab = lab_on(server)
        assert float(lab.invoke("e")["Body"].read()) > 0.5
        assert lab.ended("second")["TrainingJobStatus"] == "Completed"
        lab.delete("e")
        assert not list((data_dir / "jobs" / "endpoints").iterdir())
