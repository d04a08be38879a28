import json
import os
import signal
from pathlib import Path

import pytest

from clary.ml.container.job import TrainingJob, report_failure
from clary.ml.errors import AlgorithmError, ClientError


def configure(root: Path, **files: object) -> None:
    folder = root / "input" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"hyperparameters": {}, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))


def test_read_what_sagemaker_writes(tmp_path: Path) -> None:
    configure(
        tmp_path,
        hyperparameters={"num_round": "5"},
        inputdataconfig={
            "train": {"TrainingInputMode": "File", "ContentType": "text/csv", "CompressionType": "Gzip"},
            "validation": {"TrainingInputMode": "Pipe"},
        },
        resourceconfig={"current_host": "algo-2", "hosts": ["algo-1", "algo-2"], "network_interface_name": "eth0"},
    )
    job = TrainingJob.read(tmp_path)
    assert job.hyperparameters == {"num_round": "5"}
    assert (job.current_host, job.hosts) == ("algo-2", ("algo-1", "algo-2"))
    train, validation = job.channels["train"], job.channels["validation"]
    assert (train.path, train.content_type, train.gzipped, train.piped) == (
        tmp_path / "input/data/train",
        "text/csv",
        True,
        False,
    )
    assert (validation.path, validation.content_type, validation.piped) == (
        tmp_path / "input/data/validation_0",
        None,
        True,
    )


def test_checkpoints_where_the_job_says_or_the_folder_is(tmp_path: Path) -> None:
    configure(tmp_path)
    assert TrainingJob.read(tmp_path).checkpoints is None
    (tmp_path / "checkpoints").mkdir()
    assert TrainingJob.read(tmp_path).checkpoints == tmp_path / "checkpoints"
    configure(tmp_path, checkpointconfig={"LocalPath": "/opt/ml/elsewhere"})
    assert TrainingJob.read(tmp_path).checkpoints == tmp_path / "elsewhere"


def test_read_names_the_file_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(AlgorithmError, match=r"hyperparameters\.json cannot be read"):
        TrainingJob.read(tmp_path)
    configure(tmp_path)
    (tmp_path / "input/config/inputdataconfig.json").write_text("{")
    with pytest.raises(AlgorithmError, match=r"inputdataconfig\.json cannot be read"):
        TrainingJob.read(tmp_path)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ClientError("eta is wrong"), "ClientError: eta is wrong"),
        (AlgorithmError("it broke"), "AlgorithmError: it broke"),
        (KeyError("x"), "AlgorithmError: KeyError: 'x'"),
    ],
)
def test_report_failure(tmp_path: Path, error: Exception, text: str) -> None:
    report_failure(tmp_path, error)
    assert (tmp_path / "output" / "failure").read_text() == text


def test_termination_is_noted_where_the_job_asked(tmp_path: Path) -> None:
    configure(tmp_path)
    termination = TrainingJob.read(tmp_path).termination
    before = signal.getsignal(signal.SIGTERM)
    try:
        termination.defer()
        assert not termination.requested()
        os.kill(os.getpid(), signal.SIGTERM)
        assert termination.requested()
    finally:
        signal.signal(signal.SIGTERM, before)
