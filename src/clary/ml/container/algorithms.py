"""The algorithms by name, and what each must offer to be a container."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from clary.ml.container.job import TrainingJob
from clary.ml.container.model import Model
from clary.ml.errors import ClientError


class Algorithm(Protocol):
    """One algorithm's two programs."""

    def train(self, job: TrainingJob) -> None:
        """Train and write the model into `job.model`.

        Raises:
            ClientError, AlgorithmError: it cannot; the text becomes the job's FailureReason.
        """

    def load(self, folder: Path, environment: Mapping[str, str]) -> Model:
        """Read the model that `train` wrote. `environment` may choose among outputs.

        Raises:
            ClientError: there is none.
        """


ALGORITHMS = {"xgboost": "clary.ml.gradient_boosting.container"}
"""Where each one lives: a module that is an Algorithm. It is imported when it is asked for."""


def algorithm(name: str) -> Algorithm:
    """Return the algorithm of that name.

    Raises:
        ClientError: there is none.
    """
    if name not in ALGORITHMS:
        raise ClientError(f"CLARY_ALGORITHM is {name!r}, expected one of {', '.join(ALGORITHMS)}.")
    return cast("Algorithm", import_module(ALGORITHMS[name]))
