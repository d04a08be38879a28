"""Server CPU for one signed request, against moto's server, which checks no signature."""

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import clary, peers, signing
from benchmarks.load import load
from benchmarks.process import ServerProcess
from benchmarks.table import Figure, alternate
from benchmarks.training import write_csv

ROUNDS = 3
SECONDS = 3.0


def cpu_microseconds(process: ServerProcess, request: bytes) -> float:
    """CPU of the server's own process a request; job processes and warm parents do no work meanwhile."""
    load(process.port, [request], connections=8, seconds=0.5)
    before = process.cpu_seconds()
    answered = load(process.port, [request], connections=8, seconds=SECONDS).answered
    return (process.cpu_seconds() - before) / answered * 1e6


def run() -> list[Figure]:
    with clary.running() as ours, peers.moto() as moto:
        pairs = {
            "DescribeTrainingJob": ("sagemaker", "describe_training_job", {"TrainingJobName": "bench"}),
            "S3 GET 1 KB": ("s3", "get_object", {"Bucket": "bench", "Key": "1k"}),
        }
        prepare(clary.client(ours, "s3"), clary.client(ours, "sagemaker"), wait=True)
        prepare(signing.client("s3", moto.url), signing.client("sagemaker", moto.url), wait=False)
        figures = []
        for name, (service, operation, params) in pairs.items():
            signed = signing.capture(clary.client(ours, service), operation, **params)
            unsigned = signing.capture(signing.client(service, moto.url), operation, **params)
            a, b, ratio = alternate(
                ROUNDS, partial(cpu_microseconds, ours, signed), partial(cpu_microseconds, moto, unsigned)
            )
            what = f"{name}, signed: server CPU a request, against moto's server"
            figures.append(Figure(what, ratio, 1 / 5, 1 / 20, detail=f"{a:.0f} µs against {b:.0f} µs"))
    return figures


def prepare(s3: Any, sagemaker: Any, *, wait: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "train.csv"
        write_csv(data)
        s3.create_bucket(Bucket="bench")
        s3.upload_file(str(data), "bench", "train/train.csv")
    s3.put_object(Bucket="bench", Key="1k", Body=b"x" * 1024)
    sagemaker.create_training_job(**clary.training_request("bench", "bench"))
    while wait and sagemaker.describe_training_job(TrainingJobName="bench")["TrainingJobStatus"] == "InProgress":
        time.sleep(0.05)
