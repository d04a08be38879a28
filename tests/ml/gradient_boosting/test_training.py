import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
import xgboost
from sklearn.datasets import dump_svmlight_file, load_breast_cancer

from clary.ml.container.job import TrainingJob
from clary.ml.errors import ClientError, DataError
from clary.ml.formats.recordio import write_records
from clary.ml.gradient_boosting import training
from clary.ml.gradient_boosting.artefact import load_booster
from clary.ml.gradient_boosting.training import train

MakeJob = Callable[..., TrainingJob]

BINARY = {"num_round": "5", "objective": "binary:logistic", "nthread": "1"}


def cancer() -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], np.ndarray[tuple[int], np.dtype[np.float32]]]:
    features, labels = load_breast_cancer(return_X_y=True)
    return features.astype(np.float32), labels.astype(np.float32)


def model_of(job: TrainingJob) -> xgboost.Booster:
    return load_booster(job.model / "xgboost-model")


def test_train_equals_plain_xgboost(make_job: MakeJob) -> None:
    job = make_job(BINARY)
    train(job)
    features, labels = cancer()
    plain = xgboost.train(
        {"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(features[:400], labels[:400]), 5
    )
    matrix = xgboost.DMatrix(features)
    assert np.array_equal(model_of(job).predict(matrix), plain.predict(matrix))


def test_train_logs_metrics_as_sagemaker_finds_them(make_job: MakeJob, capsys: pytest.CaptureFixture[str]) -> None:
    train(make_job(BINARY | {"eval_metric": "auc,error", "num_round": "2"}))
    number = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
    lines = capsys.readouterr().out.splitlines()
    assert [line[:3] for line in lines] == ["[0]", "[1]"]
    for metric in ("train-auc", "train-error", "validation-auc", "validation-error"):
        found = re.match(rf".*\[[0-9]+\].*#011{metric}:{number}.*", lines[1])
        assert found is not None
        assert 0 <= float(found[1]) <= 1


def test_train_takes_every_format(make_job: MakeJob, tmp_path: Path) -> None:
    features, labels = cancer()
    features += 1  # libsvm leaves out zeros, which makes them missing
    libsvm, records, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    dump_svmlight_file(features, labels, libsvm)
    write_records(records, features, labels)
    table = pa.table({"y": labels} | {f"x{index}": column for index, column in enumerate(features.T)})
    pa.parquet.write_table(table, parquet)
    lines = "\n".join(
        f'{{"features": {row.tolist()}, "label": {label}}}' for row, label in zip(features, labels, strict=True)
    )
    contents = {
        "text/libsvm": libsvm.getvalue(),
        "libsvm": libsvm.getvalue(),
        "application/x-recordio-protobuf": records.getvalue(),
        "application/x-parquet": parquet.getvalue(),
        "application/jsonlines": lines.encode(),
    }
    expected = xgboost.train({"objective": "binary:logistic", "nthread": 1}, xgboost.DMatrix(features, labels), 5)
    for content_type, content in contents.items():
        job = make_job(BINARY, {"train": {"data": content}}, content_type=content_type)
        train(job)
        scores = model_of(job).predict(xgboost.DMatrix(features))
        np.testing.assert_allclose(scores, expected.predict(xgboost.DMatrix(features)), atol=1e-3, err_msg=content_type)


def test_train_reads_libsvm_when_nothing_is_said(make_job: MakeJob) -> None:
    job = make_job({"num_round": "1"}, {"train": {"a": "1 0:1\n0 0:2\n"}}, content_type=None)
    train(job)
    assert model_of(job).num_features() == 1


def test_train_widens_sparse_channels_to_the_same_width(make_job: MakeJob) -> None:
    for train_rows, validation_rows in (("1 0:1 5:1\n0 0:2\n", "1 0:1\n"), ("1 0:1\n0 0:2\n", "1 5:1\n")):
        job = make_job(
            BINARY, {"train": {"a": train_rows}, "validation": {"a": validation_rows}}, content_type="libsvm"
        )
        train(job)
        assert model_of(job).num_features() == 6


def test_train_with_weights_of_csv(make_job: MakeJob) -> None:
    # One feature tells nothing; of two labels at the same place, the heavier one wins.
    job = make_job({"num_round": "50", "csv_weights": "1", "base_score": "0"}, {"train": {"a": "0,1,7\n1,9,7\n"}})
    train(job)
    assert model_of(job).predict(xgboost.DMatrix(np.array([[7]], np.float32)))[0] == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize("memory", [0, 1 << 30], ids=["read anew in each pass", "held in memory"])
def test_train_with_large_data_is_quantised(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    monkeypatch.setattr("os.sysconf", lambda _: memory)
    job = make_job(BINARY)
    train(job)
    plain = model_of(job).predict(xgboost.DMatrix(cancer()[0]))
    monkeypatch.setattr(training, "LARGE", 1)
    train(job)
    scores = model_of(job).predict(xgboost.DMatrix(cancer()[0]))
    np.testing.assert_allclose(scores, plain, atol=0.02)


@pytest.mark.parametrize("large", [1, 1 << 30])
def test_train_names_the_line_that_is_wrong(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, large: int) -> None:
    monkeypatch.setattr(training, "LARGE", large)
    job = make_job(BINARY, {"train": {"a.csv": "1,2\n0,1\n", "b.csv": "0,1\n1,x\n"}})
    with pytest.raises(DataError, match=r"'b\.csv', line 2, column 2: 'x' is not a number"):
        train(job)
    assert not (job.model / "xgboost-model").exists()


def test_train_takes_up_from_a_checkpoint(make_job: MakeJob, capsys: pytest.CaptureFixture[str]) -> None:
    job = make_job(BINARY | {"num_round": "8"})
    checkpoints = job.root / "checkpoints"
    checkpoints.mkdir()
    whole = TrainingJob.read(job.root)
    train(whole)
    assert sorted(path.name for path in checkpoints.iterdir()) == [f"xgboost-checkpoint.{n}" for n in range(3, 8)]
    expected = model_of(whole).predict(xgboost.DMatrix(cancer()[0]))
    # As if interrupted in round 6: the last checkpoint is cut off, the one before it is whole.
    (checkpoints / "xgboost-checkpoint.7").unlink()
    (checkpoints / "xgboost-checkpoint.6").write_bytes(b"{L\0")
    capsys.readouterr()
    train(whole)
    rounds = [line.split("#")[0] for line in capsys.readouterr().out.splitlines()]
    assert rounds == ["[6]", "[7]"]
    np.testing.assert_allclose(model_of(whole).predict(xgboost.DMatrix(cancer()[0])), expected, atol=1e-5)


def test_train_after_the_last_checkpoint_only_writes_the_model(make_job: MakeJob) -> None:
    job = make_job(BINARY)
    (job.root / "checkpoints").mkdir()
    job = TrainingJob.read(job.root)
    train(job)
    (job.model / "xgboost-model").unlink()
    train(job)
    assert model_of(job).num_boosted_rounds() == 5


@pytest.mark.parametrize(
    ("hyperparameters", "data", "content_type", "words"),
    [
        ({}, None, "text/csv", "Missing required hyperparameter: num_round"),
        (BINARY, {"training": {"a": "1,2"}}, "text/csv", "Missing required channel: train"),
        (BINARY, {"train": {"a": "1,2"}, "test": {"a": "1,2"}}, "text/csv", "Extraneous channel found: test"),
        (BINARY, {"train": {"a": ""}}, "text/csv", "No data in the train channel"),
        (BINARY, {"train": {"a": "1,2\n"}, "validation": {"a": ""}}, "text/csv", "No data in the validation channel"),
        (BINARY, {"train": {"a": "1,2\n"}}, "image/png", "image/png is not an accepted ContentType"),
        (BINARY, {"train": {"a": "1,2\n"}}, "text/csv;label_size=2", "label_size must be equal to 1"),
        (BINARY, {"train": {"a": "1,2\n"}}, None, "looks like CSV, whose ContentType is text/csv"),
        (BINARY, {"train": {"a": "0,1\n5,2\n"}}, "text/csv", "label must be in [0,1] for logistic regression, found 5"),
        (BINARY, {"train": {"a": "1,inf\n"}}, "text/csv", "inf"),
        (BINARY, {"train": {"a": "1,2\n0,3"}, "validation": {"a": "1,2,3\n"}}, "text/csv", "has 2 features, the train"),
    ],
)
def test_train_refuses(
    make_job: MakeJob, hyperparameters: dict[str, str], data: object, content_type: str | None, words: str
) -> None:
    with pytest.raises(ClientError) as caught:
        train(make_job(hyperparameters, data, content_type=content_type))
    assert words in str(caught.value), str(caught.value)
