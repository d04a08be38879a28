import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import xgboost

from clary.ml.batches import Floats
from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.artefact import load_booster, load_boosters, save_booster

Train = Callable[..., xgboost.Booster]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_load_a_pickled_booster(tmp_path: Path, train: Train, features: Floats, protocol: int) -> None:
    booster = train()
    (tmp_path / "xgboost-model").write_bytes(pickle.dumps(booster, protocol))
    loaded = load_booster(tmp_path / "xgboost-model")
    assert np.array_equal(loaded.inplace_predict(features), booster.inplace_predict(features))


@pytest.mark.parametrize("form", ["ubj", "json"])
def test_load_what_xgboost_saves(tmp_path: Path, train: Train, features: Floats, form: str) -> None:
    booster = train()
    (tmp_path / "xgboost-model").write_bytes(booster.save_raw(form))
    loaded = load_booster(tmp_path / "xgboost-model")
    assert np.array_equal(loaded.inplace_predict(features), booster.inplace_predict(features))


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("attacked"),))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps(Attack()), "expected a pickled xgboost.core.Booster"),
        (pickle.dumps({"a": 1}), "it holds dict"),
        (pickle.dumps(1)[:-1], "cannot be loaded"),
        (b"", "cannot be loaded"),
        (b"no model", "cannot be loaded"),
        (b"{}", "cannot be loaded"),
        (b"binf" + bytes(100), "cannot be loaded"),
    ],
)
def test_load_names_a_file_that_is_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "xgboost-model").write_bytes(content)
    with pytest.raises(ClientError, match=words) as caught:
        load_booster(tmp_path / "xgboost-model")
    assert "xgboost-model" in str(caught.value)
    assert not Path("attacked").exists()


def test_load_a_folder_by_the_models_name_or_any(tmp_path: Path, train: Train) -> None:
    with pytest.raises(ClientError, match="No model found"):
        load_boosters(tmp_path)
    save_booster(train(rounds=1), tmp_path / "other.bin")
    assert [booster.num_boosted_rounds() for booster in load_boosters(tmp_path)] == [1]
    save_booster(train(rounds=2), tmp_path / "xgboost-model-0")
    save_booster(train(rounds=3), tmp_path / "xgboost-model-1")
    assert [booster.num_boosted_rounds() for booster in load_boosters(tmp_path)] == [2, 3]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
