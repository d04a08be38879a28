"""What happens after each boosting round: the log line, the checkpoint, the stop."""

import re
from collections.abc import Callable
from pathlib import Path

import xgboost

from clary.ml.errors import ClientError
from clary.ml.gradient_boosting.artefact import load_booster, save_booster

CHECKPOINT = "xgboost-checkpoint"
KEPT = 5

Evaluations = xgboost.callback.TrainingCallback.EvalsLog


class EvaluationLog(xgboost.callback.TrainingCallback):
    """Logs `[0]#011train-rmse:0.43210#011validation-rmse:0.54321`, which SageMaker's metric definitions match.

    The tab stands as `#011`, as it reaches CloudWatch Logs on AWS. Rounds count on from a checkpoint's.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__()
        self._log = log
        self._first = 0

    def before_training(self, model: xgboost.Booster) -> xgboost.Booster:
        """Note where training takes up."""
        self._first = model.num_boosted_rounds()
        return model

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: Evaluations) -> bool:
        """Log the newest value of each metric of each data set."""
        scores = [
            f"{data}-{metric}:{values[-1]:.5f}" for data, log in evals_log.items() for metric, values in log.items()
        ]
        self._log("#011".join([f"[{self._first + epoch}]", *scores]))
        return False


class Checkpoints(xgboost.callback.TrainingCallback):
    """Writes `xgboost-checkpoint.<round>` after each round and keeps the newest five, as SageMaker's container does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._first = 0

    def before_training(self, model: xgboost.Booster) -> xgboost.Booster:
        """Note where training takes up."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._first = model.num_boosted_rounds()
        return model

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: Evaluations) -> bool:
        """Write this round's, remove the sixth newest."""
        number = self._first + epoch
        save_booster(model, self._folder / f"{CHECKPOINT}.{number}")
        (self._folder / f"{CHECKPOINT}.{number - KEPT}").unlink(missing_ok=True)
        return False


class StopWhen(xgboost.callback.TrainingCallback):
    """Ends training after the round in which `requested` turns true."""

    def __init__(self, requested: Callable[[], bool]) -> None:
        super().__init__()
        self._requested = requested

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: Evaluations) -> bool:
        """Say whether to stop."""
        return self._requested()


def latest_checkpoint(folder: Path) -> xgboost.Booster | None:
    """Return the model of the newest checkpoint that can be read: the last one may have been cut off."""
    pattern = re.compile(rf"{re.escape(CHECKPOINT)}\.(\d+)")
    found = ((match, path) for path in folder.glob(f"{CHECKPOINT}.*") if (match := pattern.fullmatch(path.name)))
    for _, path in sorted(((int(match[1]), path) for match, path in found), reverse=True):
        try:
            return load_booster(path)
        except ClientError:
            continue
    return None
