"""The model server of SageMaker's XGBoost: rows in five formats in, scores in four out."""

import io
import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xgboost

from clary.ml.batches import Batch, Floats, concatenate
from clary.ml.container.model import Answer, Model, Refusal
from clary.ml.errors import DataError
from clary.ml.formats.content_type import ContentType
from clary.ml.formats.csv import Csv
from clary.ml.formats.format import Format
from clary.ml.formats.json import Json, JsonLines
from clary.ml.formats.libsvm import Libsvm
from clary.ml.formats.recordio import RecordIO
from clary.ml.gradient_boosting.answers import CSV, MEDIA, csv_line, write_plain, write_selected
from clary.ml.gradient_boosting.artefact import load_boosters
from clary.ml.gradient_boosting.scorer import is_linear, row_scorer, score_rows
from clary.ml.gradient_boosting.selection import Selection

INPUTS: Mapping[str, Format] = {
    CSV: Csv(labels=0),
    "text/libsvm": Libsvm(labels=False),
    "application/json": Json(),
    "application/jsonlines": JsonLines(),
    "application/x-recordio-protobuf": RecordIO(labels=False),
}


def load(folder: Path, environment: Mapping[str, str]) -> "BoosterModel":
    """Read the models of a folder; several answer with their mean.

    `environment` may hold SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT, SAGEMAKER_INFERENCE_OUTPUT (see `selection`) and
    SAGEMAKER_BATCH, which batch transform sets.

    Raises:
        ClientError: there is no model, one cannot be read, or the environment asks for what it cannot give.
    """
    boosters = load_boosters(folder)
    selection = None
    if "SAGEMAKER_INFERENCE_OUTPUT" in environment:
        learner = json.loads(boosters[0].save_config())["learner"]
        objective, classes = learner["objective"]["name"], int(learner["learner_model_param"]["num_class"])
        selection = Selection(environment["SAGEMAKER_INFERENCE_OUTPUT"], objective, classes)
    accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV)
    return BoosterModel(boosters, accept, batch=bool(environment.get("SAGEMAKER_BATCH")), selection=selection)


class BoosterModel(Model):
    """Boosters of one kind, as the server calls them. `batch`: CSV answers have a line for each row."""

    def __init__(
        self,
        boosters: Sequence[xgboost.Booster],
        default_accept: str = CSV,
        *,
        batch: bool = False,
        selection: Selection | None = None,
    ) -> None:
        self._boosters = [_up_to_best(booster) for booster in boosters]
        self._default_accept = default_accept
        self._batch = batch
        self._selection = selection
        for booster in self._boosters:
            booster.set_param({"nthread": 1})
        self.feature_count = self._boosters[0].num_features()
        plain = len(boosters) == 1 and selection is None
        self._scorer = row_scorer(self._boosters[0]) if plain else None
        self._plain_accepts = {"", "*/*", CSV} if default_accept == CSV else {CSV}

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Score the rows of the body."""
        if self._scorer is not None and content_type in {CSV, ""} and accept in self._plain_accepts:
            # The way of nearly every request: one row of CSV in, its score as CSV out.
            try:
                row = self._scorer.score([float(field) for field in body.split(b",")])
            except (ValueError, struct.error, OverflowError):
                pass  # more rows, an empty field, or a mistake that the reader of CSV will name
            else:
                score = row if len(row) > 1 else row[0]
                return Answer(200, csv_line([score], self._batch), "text/csv; charset=utf-8")
        if not body:
            return Answer(204, b"")
        media = self._media(accept)
        scores = self.score(self._read(body, content_type or CSV))
        return Answer(200, self._write(scores, media), "text/csv; charset=utf-8" if media == CSV else media)

    def score(self, batch: Batch) -> Floats:
        """Return the mean of the boosters' scores: [rows], or [rows, classes]."""
        scores = [score_rows(booster, batch.features) for booster in self._boosters]
        return scores[0] if len(scores) == 1 else np.mean(scores, axis=0, dtype=np.float32)

    def _media(self, accept: str) -> str:
        media = ContentType.parse(accept).media
        if media in {"", "*/*"}:
            media = ContentType.parse(self._default_accept).media
        if media not in MEDIA:
            raise Refusal(406, f"Accept type {accept} is not supported. Please use one of {', '.join(MEDIA)}")
        return media

    def _read(self, body: bytes, content_type: str) -> Batch:
        media = ContentType.parse(content_type).media
        if media not in INPUTS:
            raise Refusal(415, f"Content-type {content_type} not supported. Supported are {', '.join(INPUTS)}")
        try:
            batch = concatenate(INPUTS[media].read(io.BytesIO(body), "body"))
        except DataError as error:
            raise Refusal(400, f"Loading {media} data failed: {error.place}{error.text}") from None
        if batch is None:
            raise Refusal(400, f"Loading {media} data failed: the body has no rows")
        return self._widen(batch)

    def _widen(self, batch: Batch) -> Batch:
        """Check the number of features. Sparse rows may name fewer, for what they leave out is missing."""
        if batch.columns == self.feature_count:
            return batch
        if not batch.is_sparse or batch.columns > self.feature_count:
            raise Refusal(400, f"Feature size mismatch: expected {self.feature_count} features, got {batch.columns}")
        batch.features.resize(batch.rows, self.feature_count)
        return batch

    def _write(self, scores: Floats, media: str) -> bytes:
        if self._selection is None:
            return write_plain(scores, media, self._batch)
        return write_selected([self._selection.of(score) for score in scores.tolist()], media)


def _up_to_best(booster: xgboost.Booster) -> xgboost.Booster:
    """Return the rounds up to the best one, where training stopped early and kept the later ones."""
    best = booster.attr("best_iteration")
    if best is None or is_linear(booster) or int(best) + 1 >= booster.num_boosted_rounds():
        return booster
    return booster[: int(best) + 1]
