"""The overhead of a training job: against a fresh Python process that imports xgboost and trains on the same data."""

import random
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import clary, peers
from benchmarks.process import users_environment
from benchmarks.table import Figure, alternate

ROUNDS = 5
FRESH_TRAIN = """
import sys, numpy, xgboost
data = numpy.loadtxt(sys.argv[1], delimiter=",", dtype=numpy.float32)
matrix = xgboost.DMatrix(data[:, 1:], label=data[:, 0])
booster = xgboost.train({"objective": "binary:logistic"}, matrix, num_boost_round=100, evals=[(matrix, "train")])
booster.save_model(sys.argv[2])
"""
FRESH_IMPORT = "import xgboost; print('ready', flush=True)"


def write_csv(path: Path) -> None:
    """1 MB of CSV: 5,200 rows of a label and 20 features."""
    draw = random.Random(0)
    with path.open("w") as file:
        for _ in range(5200):
            row = [draw.gauss(0, 1) for _ in range(20)]
            label = int(row[0] + row[1] * row[2] + draw.gauss(0, 0.5) > 0)
            file.write(f"{label}," + ",".join(f"{value:.6f}" for value in row) + "\n")


def run() -> list[Figure]:
    with clary.running() as process, tempfile.TemporaryDirectory() as folder:
        s3, sagemaker, logs = (clary.client(process, name) for name in ("s3", "sagemaker", "logs"))
        data = Path(folder) / "train.csv"
        write_csv(data)
        s3.create_bucket(Bucket="bench")
        s3.upload_file(str(data), "bench", "train/train.csv")
        count = iter(range(1000))

        def create() -> str:
            name = f"bench-{next(count)}"
            sagemaker.create_training_job(**clary.training_request(name, "bench"))
            return name

        def finish(name: str) -> None:
            while (
                status := sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
            ) == "InProgress":
                time.sleep(0.002)
            assert status == "Completed", sagemaker.describe_training_job(TrainingJobName=name)

        def job() -> float:
            begin = time.perf_counter()
            finish(create())
            return time.perf_counter() - begin

        def fresh_train() -> float:
            return fresh([FRESH_TRAIN, str(data), str(Path(folder) / "model.ubj")])

        def first_line() -> float:
            begin = time.perf_counter()
            name = create()
            group = "/aws/sagemaker/TrainingJobs"
            while True:
                streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
                if streams and streams[0].get("lastEventTimestamp"):
                    break
            seconds = time.perf_counter() - begin
            finish(name)
            return seconds

        def fresh_import() -> float:
            return fresh([FRESH_IMPORT])

        job(), fresh_train()
        a, b, ratio = alternate(ROUNDS, job, fresh_train)
        c, d, first = alternate(ROUNDS, first_line, fresh_import)
    return [
        Figure(
            "CreateTrainingJob → Completed, 1 MB of CSV, against a fresh process that trains",
            ratio,
            1.2,
            0.4,
            detail=f"{a:.3f} s against {b:.3f} s",
        ),
        Figure(
            "CreateTrainingJob → first log line, against a fresh process that imports xgboost",
            first,
            0.5,
            0.05,
            detail=f"{c:.3f} s against {d:.3f} s",
        ),
    ]


def fresh(arguments: list[str]) -> float:
    begin = time.perf_counter()
    command = [peers.python(), "-c", *arguments]
    subprocess.run(command, check=True, env=users_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin
