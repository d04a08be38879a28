"""The model server of SageMaker's XGBoost: what comes in, what goes out.

Inputs are CSV, libsvm, JSON, JSON lines and RecordIO-protobuf; outputs are what aws/sagemaker-xgboost-container
answers: CSV has all scores on one line, and a line each in batch transform (`SAGEMAKER_BATCH`); JSON is
`{"predictions": [{"score": 0.5}]}`.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import xgboost

from clary.ml.batches import Batch, Floats, concatenate
from clary.ml.container.model import Answer, Model, Refusal
from clary.ml.errors import DataError
from clary.ml.formats.content_type import ContentType
from clary.ml.formats.csv import Csv
from clary.ml.formats.format import Format
from clary.ml.gradient_boosting.artefact import load_boosters
from clary.ml.gradient_boosting.scorer import is_linear, row_scorer, score_rows

CSV = "text/csv"

INPUTS: Mapping[str, Format] = {CSV: Csv(labels=0)}
OUTPUTS = (CSV, "application/json", "application/jsonlines", "application/x-recordio-protobuf")


def load(folder: Path, environment: Mapping[str, str]) -> "BoosterModel":
    """Read the models of a folder; several answer with their mean.

    Raises:
        ClientError: there is none, or one cannot be read.
    """
    return BoosterModel(
        load_boosters(folder),
        environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", CSV),
        "SAGEMAKER_BATCH" in environment,
    )


class BoosterModel(Model):
    """Boosters of one kind, as the server calls them."""

    def __init__(self, boosters: Sequence[xgboost.Booster], default_accept: str = CSV, batch: bool = False) -> None:
        self._boosters = [_up_to_best(booster) for booster in boosters]
        self._default_accept = default_accept
        self._batch = batch
        for booster in self._boosters:
            booster.set_param({"nthread": 1})
        self.feature_count = self._boosters[0].num_features()
        self._scorer = row_scorer(self._boosters[0]) if len(boosters) == 1 else None
        self._plain_accepts = {"", "*/*", CSV} if default_accept == CSV else {CSV}

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        """Score the rows of the body."""
        if self._scorer is not None and content_type in {CSV, ""} and accept in self._plain_accepts:
            # The way of nearly every request: one row of CSV in, its score as CSV out.
            try:
                scores = self._scorer.score([float(field) for field in body.split(b",")])
            except (ValueError, struct.error, OverflowError):
                pass  # more rows, an empty field, or a mistake that the reader of CSV will name
            else:
                return self._csv_line(scores)
        if not body:
            return Answer(204, b"")
        batch = self._read(body, content_type or CSV)
        return self._encode(self.score(batch), accept)

    def score(self, batch: Batch) -> Floats:
        """Return the mean of the boosters' scores: [rows], or [rows, classes]."""
        scores = [score_rows(booster, batch.features) for booster in self._boosters]
        return scores[0] if len(scores) == 1 else np.mean(scores, axis=0, dtype=np.float32)

    def _read(self, body: bytes, content_type: str) -> Batch:
        media = ContentType.parse(content_type).media
        if media not in INPUTS:
            raise Refusal(415, f"Content-type {content_type} not supported. Supported are {', '.join(INPUTS)}")
        try:
            batch = concatenate(INPUTS[media].read(io.BytesIO(body), "body"))
        except DataError as error:
            raise Refusal(400, f"Loading {media} data failed, {_place(error)}{error.text}") from None
        if batch is None:
            raise Refusal(400, f"Loading {media} data failed: the body has no rows")
        return self._fit_width(batch)

    def _fit_width(self, batch: Batch) -> Batch:
        """Check the number of features. Sparse rows may name fewer, for what they leave out is missing."""
        if batch.columns == self.feature_count:
            return batch
        if not batch.is_sparse or batch.columns > self.feature_count:
            raise Refusal(400, f"Feature size mismatch: expected {self.feature_count}, got {batch.columns}")
        batch.features.resize(batch.rows, self.feature_count)
        return batch

    def _encode(self, scores: Floats, accept: str) -> Answer:
        media = ContentType.parse(accept).media
        if media in {"", "*/*"}:
            media = ContentType.parse(self._default_accept).media
        values = scores.tolist()
        if media == CSV:
            text = "\n".join(map(str, values)) + "\n" if self._batch else ",".join(map(str, values))
            return Answer(200, text.encode(), "text/csv; charset=utf-8")
        if media == "application/json":
            return Answer(200, orjson.dumps({"predictions": [{"score": value} for value in values]}), media)
        if media == "application/jsonlines":
            return Answer(200, b"".join(orjson.dumps({"score": value}) + b"\n" for value in values), media)
        raise Refusal(406, f"Accept type {accept} is not supported. Please use one of {', '.join(OUTPUTS)}")

    def _csv_line(self, scores: list[float]) -> Answer:
        text = str(scores[0] if len(scores) == 1 else scores)
        return Answer(200, (text + "\n" if self._batch else text).encode(), "text/csv; charset=utf-8")


def _up_to_best(booster: xgboost.Booster) -> xgboost.Booster:
    """Return the rounds up to the best one, where training stopped early and kept the later ones."""
    best = booster.attr("best_iteration")
    if best is None or is_linear(booster) or int(best) + 1 >= booster.num_boosted_rounds():
        return booster
    return booster[: int(best) + 1]


def _place(error: DataError) -> str:
    line = f"line {error.line}" if error.line is not None else ""
    column = f", column {error.column}" if error.column is not None else ""
    return f"{line}{column}: " if line else ""
