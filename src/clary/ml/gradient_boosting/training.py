"""The training program of SageMaker's XGBoost."""

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np
import xgboost

from clary.ml.batches import Batch, Floats
from clary.ml.channels import Channel
from clary.ml.container.job import ChannelConfig, TrainingJob
from clary.ml.errors import AlgorithmError, ClientError
from clary.ml.formats.content_type import ContentType
from clary.ml.formats.csv import Csv
from clary.ml.formats.format import Format
from clary.ml.formats.json import JsonLines
from clary.ml.formats.libsvm import Libsvm
from clary.ml.formats.parquet import Parquet
from clary.ml.formats.recordio import RecordIO
from clary.ml.gradient_boosting.artefact import FILE, save_booster
from clary.ml.gradient_boosting.callbacks import Checkpoints, EvaluationLog, StopWhen, latest_checkpoint
from clary.ml.gradient_boosting.cross_validation import Folds
from clary.ml.gradient_boosting.estimator import boost
from clary.ml.gradient_boosting.failure import explained
from clary.ml.gradient_boosting.hyperparameters import parse
from clary.ml.gradient_boosting.matrices import LARGE, alike, can_quantise, matrix_of, one_batch, quantised

logger = logging.getLogger(__name__)

CHANNELS = ("train", "validation", "code")
DEFAULT_CONTENT_TYPE = "text/libsvm"

FORMATS: Mapping[str, Format] = {
    "text/libsvm": Libsvm(),
    "application/x-parquet": Parquet(),
    "application/x-recordio-protobuf": RecordIO(),
    "application/jsonlines": JsonLines(labels=True),
}
"""Besides CSV. Differs from AWS: JSON lines are taken for training too."""


@explained()
def train(job: TrainingJob) -> None:
    """Train, log a line a round, and write `xgboost-model`; with `_kfold`, one model for each fold."""
    parsed = parse(job.hyperparameters)
    if len(job.hosts) > 1:
        raise AlgorithmError(f"Training on {len(job.hosts)} hosts is not supported, expected InstanceCount 1.")
    channels = _channels(job, parsed)
    job.model.mkdir(parents=True, exist_ok=True)
    if "_kfold" in parsed:
        _cross_validate(job, parsed, channels)
        return
    logger.info("Single node training.")
    train_matrix, validation = _matrices(channels, parsed)
    _check_columns(train_matrix, validation)
    logger.info("Train matrix has %d rows and %d columns", train_matrix.num_row(), train_matrix.num_col())
    if validation is not None:
        logger.info("Validation matrix has %d rows", validation.num_row())
    start = None if job.checkpoints is None else latest_checkpoint(job.checkpoints)
    if start is not None:
        logger.info("Checkpoint loaded, resuming from round %d", start.num_boosted_rounds())
    booster = boost(parsed, train_matrix, validation, callbacks=_callbacks(job, parsed), start=start)
    save_booster(booster, job.model / FILE)
    logger.info("Model with %d rounds stored", booster.num_boosted_rounds())


def _callbacks(job: TrainingJob, parsed: Mapping[str, Any]) -> list[xgboost.callback.TrainingCallback]:
    callbacks: list[xgboost.callback.TrainingCallback] = [EvaluationLog(job.log_metrics)]
    if job.checkpoints is not None:
        callbacks.append(Checkpoints(job.checkpoints))
    if parsed.get("save_model_on_termination"):
        job.termination.defer()
        callbacks.append(StopWhen(job.termination.requested))
    return callbacks


def _cross_validate(job: TrainingJob, parsed: Mapping[str, Any], channels: Mapping[str, Channel]) -> None:
    """Train on the rows of both channels; `predictions.csv` holds each row's label and its mean held-out score."""
    data = one_batch(batch for channel in channels.values() for batch in channel.batches())
    folds = Folds(parsed, data, job.log_metrics)
    for number, booster in enumerate(folds.boosters):
        save_booster(booster, job.model / f"{FILE}-{number}")
    job.output.mkdir(parents=True, exist_ok=True)
    table = np.column_stack([cast("Floats", data.labels), folds.predictions])
    np.savetxt(job.output / "predictions.csv", table, delimiter=",", fmt="%.9g")
    job.log_metrics(folds.line(parsed["num_round"]))


def _channels(job: TrainingJob, parsed: Mapping[str, Any]) -> dict[str, Channel]:
    if "train" not in job.channels:
        raise ClientError("Missing required channel: train.")
    for name in job.channels:
        if name not in CHANNELS:
            raise ClientError(f"Extraneous channel found: {name}, expected {', '.join(CHANNELS[:2])}.")
    return {
        name: Channel(name, config.path, _format(config, parsed), config.gzipped)
        for name, config in job.channels.items()
        if name != "code"
    }


def _format(config: ChannelConfig, parsed: Mapping[str, Any]) -> Format:
    content_type = ContentType.parse(config.content_type or DEFAULT_CONTENT_TYPE)
    if content_type.media == "text/csv":
        if content_type.parameters.get("label_size", "1") != "1":
            raise ClientError(
                f"Channel {config.name}: {config.content_type} is not an accepted csv ContentType. "
                "Optional parameter label_size must be equal to 1"
            )
        return Csv(labels=1, weights=parsed.get("csv_weights", False))
    if content_type.media in FORMATS:
        return FORMATS[content_type.media]
    raise ClientError(
        f"Channel {config.name}: {config.content_type} is not an accepted ContentType: text/csv, {', '.join(FORMATS)}."
    )


def _matrices(
    channels: Mapping[str, Channel], parsed: Mapping[str, Any]
) -> tuple[xgboost.DMatrix, xgboost.DMatrix | None]:
    """Return the training data, and the validation data where there are any."""
    train, validation = channels["train"], channels.get("validation")
    if can_quantise(parsed) and train.size() >= LARGE and not next(train.batches()).is_sparse:
        matrix = quantised(_passes(train), parsed)
        return matrix, None if validation is None else quantised(_passes(validation), parsed, matrix)
    batches = [one_batch(channel.batches()) for channel in (train, validation) if channel is not None]
    matrices = [matrix_of(batch, parsed) for batch in alike(batches)]
    return matrices[0], matrices[1] if len(matrices) > 1 else None


def _passes(channel: Channel) -> Callable[[], Iterable[Batch]]:
    """Return what yields the rows once for each of xgboost's four passes: from memory where they fit, else anew."""
    if channel.size() > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4:
        return channel.batches
    batches = list(channel.batches())
    return lambda: batches


def _check_columns(train: xgboost.DMatrix, validation: xgboost.DMatrix | None) -> None:
    if validation is not None and validation.num_col() != train.num_col():
        raise ClientError(
            f"The validation channel has {validation.num_col()} features, the train channel has {train.num_col()}."
        )
