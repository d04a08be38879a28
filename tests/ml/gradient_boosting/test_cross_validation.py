from collections.abc import Callable

import numpy as np
import pytest

from clary.ml.container.job import TrainingJob
from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.serving import load
from clary.ml.gradient_boosting.training import train

MakeJob = Callable[..., TrainingJob]

FOLDS = {"num_round": "3", "objective": "binary:logistic", "eval_metric": "error", "_kfold": "4", "_num_cv_round": "2"}


def test_a_model_for_each_fold_and_one_mean(make_job: MakeJob, capsys: pytest.CaptureFixture[str]) -> None:
    job = make_job(FOLDS)
    train(job)
    assert sorted(path.name for path in job.model.iterdir()) == [f"xgboost-model-{fold}" for fold in range(8)]
    lines = capsys.readouterr().out.splitlines()
    last = [line for line in lines if line.startswith("[2]")]
    means = [np.mean([float(line.split("validation-error:")[1]) for line in last])]
    assert len(last) == 8
    assert lines[-1].startswith("[3]#011train-error:")
    assert float(lines[-1].split("validation-error:")[1]) == pytest.approx(means[0], abs=1e-5)
    assert float(load(job.model, {}).invoke(b",".join([b"1"] * 30), "text/csv", "").body) > 0


def test_every_row_is_held_out_once_a_repetition(make_job: MakeJob) -> None:
    job = make_job(FOLDS)
    train(job)
    table = np.loadtxt(job.output / "predictions.csv", delimiter=",")
    assert table.shape == (569, 2)
    assert np.mean((table[:, 1] > 0.5) == table[:, 0]) > 0.9


def test_folds_hold_every_class_evenly(make_job: MakeJob, capsys: pytest.CaptureFixture[str]) -> None:
    # Ten rows of a rare class among a hundred: each of five folds holds two, so that recall is never undefined.
    rows = "".join(f"{int(row < 10)},{row % 7}\n" for row in range(100))
    job = make_job({**FOLDS, "_kfold": "5", "eval_metric": "aucpr"}, {"train": {"a": rows}})
    train(job)
    assert "nan" not in capsys.readouterr().out


def test_too_few_rows_for_the_folds(make_job: MakeJob) -> None:
    with pytest.raises(ClientError, match="4 folds need as many rows, there are 2"):
        train(make_job(FOLDS, {"train": {"a": "0,1\n1,2\n"}}))
