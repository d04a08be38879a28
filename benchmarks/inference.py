"""CPU of all our processes for one InvokeEndpoint (signed), against FastAPI with xgboost (unsigned): 100 trees, one
row."""

import io
import tarfile
import tempfile
import time
from pathlib import Path

from benchmarks import clary, peers, signing
from benchmarks.process import ServerProcess
from benchmarks.requests import cpu_microseconds
from benchmarks.table import Figure, alternate
from benchmarks.training import write_csv

ROUNDS = 3


def run() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, clary.running() as ours:
        data = Path(folder) / "train.csv"
        write_csv(data)
        model = deploy(ours, data, Path(folder))
        row = data.read_text().splitlines()[0].partition(",")[2].encode()
        invoke = signing.capture(
            clary.client(ours, "sagemaker-runtime"),
            "invoke_endpoint",
            EndpointName="bench",
            ContentType="text/csv",
            Body=row,
        )
        plain = b"POST /invocations HTTP/1.1\r\nHost: peer\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%s"
        with peers.fastapi(model) as peer:
            unsigned = plain % (len(row), row)
            a, b, ratio = alternate(
                ROUNDS, lambda: cpu_microseconds(ours, invoke), lambda: cpu_microseconds(peer, unsigned)
            )
    what = "InvokeEndpoint, 100 trees, 1 row, signed: CPU a request, against FastAPI + xgboost unsigned"
    return [Figure(what, ratio, 1.5, 0.3, detail=f"{a:.0f} µs against {b:.0f} µs")]


def deploy(process: ServerProcess, data: Path, folder: Path) -> Path:
    """Train, deploy the endpoint `bench`, and return the model's file for the peer."""
    s3, sagemaker = clary.client(process, "s3"), clary.client(process, "sagemaker")
    s3.create_bucket(Bucket="bench")
    s3.upload_file(str(data), "bench", "train/train.csv")
    sagemaker.create_training_job(**clary.training_request("bench", "bench"))
    while (job := sagemaker.describe_training_job(TrainingJobName="bench"))["TrainingJobStatus"] == "InProgress":
        time.sleep(0.05)
    artefact = job["ModelArtifacts"]["S3ModelArtifacts"]
    container = {"Image": clary.IMAGE, "ModelDataUrl": artefact}
    sagemaker.create_model(ModelName="bench", PrimaryContainer=container, ExecutionRoleArn=clary.ROLE)
    variant = {"VariantName": "all", "ModelName": "bench", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="bench", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="bench", EndpointConfigName="bench")
    while (status := sagemaker.describe_endpoint(EndpointName="bench")["EndpointStatus"]) == "Creating":
        time.sleep(0.05)
    assert status == "InService", status
    bucket, _, key = artefact.removeprefix("s3://").partition("/")
    archive = io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    with tarfile.open(fileobj=archive) as tar:
        file = tar.extractfile("xgboost-model")
        assert file
        model = folder / "model.ubj"
        model.write_bytes(file.read())
    return model
