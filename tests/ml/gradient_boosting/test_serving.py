import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import xgboost

from clary.ml.batches import Floats
from clary.ml.container.model import Answer, Refusal
from clary.ml.errors import ClientError
from clary.ml.formats.protobuf import fields
from clary.ml.formats.recordio import HEADER, write_records
from clary.ml.gradient_boosting.artefact import save_booster
from clary.ml.gradient_boosting.serving import BoosterModel, load

Train = Callable[..., xgboost.Booster]


def rows_of_csv(matrix: Floats) -> bytes:
    return "\n".join(
        ",".join("" if np.isnan(value) else repr(float(value)) for value in row) for row in matrix
    ).encode()


def invoke(model: BoosterModel, body: bytes, content_type: str = "text/csv", accept: str = "") -> Answer:
    return model.invoke(body, content_type, accept)


def refused(model: BoosterModel, body: bytes, content_type: str = "text/csv", accept: str = "") -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        invoke(model, body, content_type, accept)
    return caught.value.status, caught.value.text


def test_one_row_is_scored_as_many_are(train: Train, features: Floats) -> None:
    booster = train()
    model = BoosterModel([booster])
    lines = rows_of_csv(features).split(b"\n")
    singles = [float(invoke(model, line).body) for line in lines]
    together = [float(score) for score in invoke(model, b"\n".join(lines)).body.split(b",")]
    expected = booster.predict(xgboost.DMatrix(features))
    np.testing.assert_allclose(singles, expected, rtol=1e-6)
    assert np.array_equal(np.array(together, np.float32), expected)


@pytest.mark.parametrize("content_type", ["text/csv", "", "text/csv; charset=utf-8", "text/csv;label_size=0"])
@pytest.mark.parametrize("body", [b"1,2,3,4", b"1,2,3,4\n", b"1.0, 2.0, 3.0, 4.0\r\n", b"1\t2\t3\t4"])
def test_one_row_in_any_dress(train: Train, content_type: str, body: bytes) -> None:
    model = BoosterModel([train()])
    plain = invoke(model, b"1,2,3,4").body
    assert float(invoke(model, body, content_type).body) == pytest.approx(float(plain), rel=1e-6)


def test_every_input_gives_the_same_scores(train: Train) -> None:
    model = BoosterModel([train()])
    table = np.array([[1, 2, 3, 4], [4, 3, 2, 1]], np.float32)
    expected = invoke(model, rows_of_csv(table)).body
    records = io.BytesIO()
    write_records(records, table)
    instances = [{"features": row} for row in table.tolist()]
    bodies = {
        "application/json": json.dumps({"instances": instances}).encode(),
        "application/jsonlines": "\n".join(map(json.dumps, instances)).encode(),
        "text/libsvm": b"0:1 1:2 2:3 3:4\n0:4 1:3 2:2 3:1",
        "application/x-recordio-protobuf": records.getvalue(),
    }
    for content_type, body in bodies.items():
        assert invoke(model, body, content_type).body == expected, content_type


def test_libsvm_may_leave_out_the_last_features(train: Train, features: Floats) -> None:
    model = BoosterModel([train()])
    score = float(invoke(model, b"0:1.5", "text/libsvm").body)
    assert score == pytest.approx(float(invoke(model, b"1.5,,,").body), rel=1e-6)


def test_csv_has_all_scores_on_a_line_but_in_batch_transform(train: Train, tmp_path: Path) -> None:
    save_booster(train(), tmp_path / "xgboost-model")
    online, batch = load(tmp_path, {}), load(tmp_path, {"SAGEMAKER_BATCH": "true"})
    assert invoke(online, b"1,2,3,4\n1,2,3,4").body.count(b",") == 1
    assert invoke(batch, b"1,2,3,4\n1,2,3,4").body.count(b"\n") == 2
    assert invoke(batch, b"1,2,3,4").body.endswith(b"\n")


def test_scores_of_classes_are_lists(train: Train) -> None:
    model = BoosterModel([train("multi:softprob")])
    (one,) = json.loads(b"[" + invoke(model, b"1,2,3,4").body + b"]")
    two = json.loads(b"[" + invoke(model, b"1,2,3,4\n1,2,3,4").body + b"]")
    assert len(one) == 3
    assert sum(one) == pytest.approx(1)
    assert two == [pytest.approx(one, rel=1e-6)] * 2


def test_json_answers(train: Train) -> None:
    model = BoosterModel([train()])
    score = float(invoke(model, b"1,2,3,4\n1,2,3,4").body.split(b",")[0])
    answer = invoke(model, b"1,2,3,4\n1,2,3,4", accept="application/json")
    assert answer.content_type == "application/json"
    assert json.loads(answer.body) == {"predictions": [{"score": score}] * 2}
    lines = invoke(model, b"1,2,3,4", accept="application/jsonlines").body
    assert json.loads(lines) == {"score": score}


def test_recordio_answers(train: Train) -> None:
    body = invoke(BoosterModel([train()]), b"1,2,3,4", accept="application/x-recordio-protobuf").body
    (label,) = fields(body, HEADER.size, HEADER.size + HEADER.unpack_from(body)[1])
    assert (label.number, body[label.start + 2 : label.start + 7]) == (2, b"score")


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status", "words"),
    [
        (b"1,2,3,4", "image/png", "", 415, "Content-type image/png not supported"),
        (b"1,2,3,4", "text/csv", "image/png", 406, "Accept type image/png is not supported"),
        (b"1,2,3", "text/csv", "", 400, "expected 4 features, got 3"),
        (b"1,2,3,4,5", "text/csv", "", 400, "expected 4 features, got 5"),
        (b"1,2,3,4\n1,2", "text/csv", "", 400, "line 2: has 2 fields"),
        (b"1,2,3,x", "text/csv", "", 400, "line 1, column 4: 'x' is not a number"),
        (b"\n", "text/csv", "", 400, "no rows"),
        (b"0:1 9:2", "text/libsvm", "", 400, "expected 4 features, got 10"),
        (b"{", "application/json", "", 400, "is not JSON"),
        (b'{"instances": []}', "application/json", "", 400, "no rows"),
        (b"[1,2,3,4]\n[1]", "application/jsonlines", "", 400, "line 2: has 1 features"),
        (b"garbage", "application/x-recordio-protobuf", "", 400, "record 1"),
    ],
)
def test_refusals_say_what_to_change(
    train: Train, body: bytes, content_type: str, accept: str, status: int, words: str
) -> None:
    answered, text = refused(BoosterModel([train()]), body, content_type, accept)
    assert answered == status
    assert words in text


def test_an_empty_body_has_no_answer(train: Train) -> None:
    assert invoke(BoosterModel([train()]), b"").status == 204


def test_several_models_answer_with_their_mean(train: Train, tmp_path: Path) -> None:
    boosters = [train(rounds=2), train(rounds=9)]
    for number, booster in enumerate(boosters):
        save_booster(booster, tmp_path / f"xgboost-model-{number}")
    singles = [float(invoke(BoosterModel([booster]), b"1,2,3,4").body) for booster in boosters]
    assert float(invoke(load(tmp_path, {}), b"1,2,3,4").body) == pytest.approx(np.mean(singles), rel=1e-6)


def test_the_best_round_is_the_last_that_scores(train: Train, features: Floats) -> None:
    booster = train(rounds=9)
    booster.set_attr(best_iteration="2")
    expected = booster.predict(xgboost.DMatrix(features[:1]), iteration_range=(0, 3))
    assert float(invoke(BoosterModel([booster]), rows_of_csv(features[:1])).body) == pytest.approx(
        expected[0], rel=1e-6
    )


def test_default_accept_by_environment(train: Train, tmp_path: Path) -> None:
    save_booster(train(), tmp_path / "xgboost-model")
    model = load(tmp_path, {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/json"})
    assert "predictions" in json.loads(invoke(model, b"1,2,3,4").body)
    assert "predictions" in json.loads(invoke(model, b"1,2,3,4", accept="*/*").body)
    float(invoke(model, b"1,2,3,4", accept="text/csv").body)


def selected(train: Train, folder: Path, objective: str, keys: str, **environment: str) -> Mapping[str, object]:
    save_booster(train(objective), folder / "xgboost-model")
    model = load(folder, {"SAGEMAKER_INFERENCE_OUTPUT": keys, **environment})
    answer = invoke(model, b"2,2,3,4", accept="application/json")
    row: Mapping[str, object] = json.loads(answer.body)["predictions"][0]
    return row


def test_selected_outputs_of_two_classes(train: Train, tmp_path: Path) -> None:
    row = selected(train, tmp_path, "binary:logistic", "predicted_label, labels,probability,probabilities,raw_score")
    assert row["predicted_label"] == 1
    assert row["labels"] == [0, 1]
    assert row["probability"] == row["raw_score"]
    assert row["probabilities"] == [pytest.approx(1 - float(str(row["probability"]))), row["probability"]]


def test_selected_outputs_of_many_classes(train: Train, tmp_path: Path) -> None:
    row = selected(train, tmp_path, "multi:softprob", "predicted_label,labels,probabilities,predicted_score")
    assert row["predicted_label"] == 2
    assert row["labels"] == [0, 1, 2]
    assert row["predicted_score"] is None


def test_selected_outputs_as_csv(train: Train, tmp_path: Path) -> None:
    save_booster(train(), tmp_path / "xgboost-model")
    model = load(tmp_path, {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,labels"})
    assert invoke(model, b"2,2,3,4\n2,2,3,4").body == b'1,"[0, 1]"\n1,"[0, 1]"'


@pytest.mark.parametrize(("objective", "keys"), [("binary:logistic", "shap"), ("rank:pairwise", "predicted_score")])
def test_selected_outputs_that_there_are_not(train: Train, tmp_path: Path, objective: str, keys: str) -> None:
    with pytest.raises(ClientError, match=r"SAGEMAKER_INFERENCE_OUTPUT|not supported"):
        selected(train, tmp_path, objective, keys)
