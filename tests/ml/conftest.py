import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from clary.ml.container.job import TrainingJob

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def make_job(tmp_path: Path) -> MakeJob:
    """Return a function that lays out `/opt/ml` for a training job below `tmp_path` and reads it back.

    `data` maps channels to files and their text; by default it is scikit-learn's breast cancer, 400 rows to train and
    169 to validate. `content_type` and `config` go into every channel's configuration.
    """

    def make(
        hyperparameters: Mapping[str, str],
        data: Mapping[str, Mapping[str, str | bytes]] | None = None,
        *,
        content_type: str | None = "text/csv",
        **config: str,
    ) -> TrainingJob:
        channels = data if data is not None else cancer()
        for channel, files in channels.items():
            for name, content in files.items():
                path = tmp_path / "input" / "data" / channel / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        each = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
        each |= {"ContentType": content_type} if content_type else {}
        folder = tmp_path / "input" / "config"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "hyperparameters.json").write_text(json.dumps(hyperparameters))
        (folder / "inputdataconfig.json").write_text(json.dumps(dict.fromkeys(channels, each | config)))
        (folder / "resourceconfig.json").write_text(json.dumps({"current_host": "algo-1", "hosts": ["algo-1"]}))
        return TrainingJob.read(tmp_path)

    return make


def cancer() -> dict[str, dict[str, str]]:
    features, labels = load_breast_cancer(return_X_y=True)
    lines = [",".join(repr(float(value)) for value in row) for row in np.column_stack([labels, features])]
    return {"train": {"a.csv": "\n".join(lines[:400])}, "validation": {"b.csv": "\n".join(lines[400:])}}
