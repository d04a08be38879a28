"""The algorithms as SageMaker containers: `train` and `serve`, each the whole program of a process.

The environment says which algorithm (`CLARY_ALGORITHM`) and, where there is no sandbox, which folder stands for
`/opt/ml` (`CLARY_ML_ROOT`). Both functions return the exit code; SageMaker's contract is
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo.html and …-inference-code.html.
"""

import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import clary.ml.container.warm  # noqa: F401  # its settings must stand before an algorithm imports its engine

if TYPE_CHECKING:
    from clary.ml.container.algorithms import Algorithm

WARM_MODULES = (
    "clary.ml.container.job",
    "clary.ml.container.server",
    "clary.ml.gradient_boosting.training",
    "clary.ml.gradient_boosting.serving",
)
"""What a warm parent imports, in this order (see `warm`)."""


def train() -> int:
    """Run a training job; what went wrong stands in `output/failure` and in the log."""
    from clary.ml.container.job import TrainingJob, report_failure  # noqa: PLC0415  # on first use: see clary.ml

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _log_lines()
    root = _root()
    try:
        job = TrainingJob.read(root)
        _algorithm().train(job)
    except Exception as error:
        report_failure(root, error)
        return 1
    return 0


def serve() -> int:
    """Answer invocations until SIGTERM, then finish those at hand."""
    from clary.ml.container.job import report  # noqa: PLC0415  # on first use: see clary.ml
    from clary.ml.container.server import run  # noqa: PLC0415  # on first use: see clary.ml

    _log_lines()
    try:
        model = _algorithm().load(_root() / "model", os.environ)
    except Exception as error:
        report(error)
        return 1
    run(model, os.environ.get("CLARY_SOCKET"), int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")))
    return 0


def _root() -> Path:
    return Path(os.environ.get("CLARY_ML_ROOT", "/opt/ml"))


def _algorithm() -> "Algorithm":
    from clary.ml.container.algorithms import algorithm  # noqa: PLC0415  # on first use: see clary.ml

    return algorithm(os.environ.get("CLARY_ALGORITHM", ""))


def _log_lines() -> None:
    """Log to standard output as SageMaker's containers do, a line at a time."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("[%(asctime)s:%(levelname)s] %(message)s", "%Y-%m-%d:%H:%M:%S"))
    logger = logging.getLogger("clary.ml")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
