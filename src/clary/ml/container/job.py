"""A training job as its program sees it: the files below `/opt/ml`."""

import json
import logging
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.ml.errors import AlgorithmError, ClientError

logger = logging.getLogger(__name__)

MOUNT = Path("/opt/ml")


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """One channel, as `inputdataconfig.json` has it. `path` is a folder, or in Pipe mode a named pipe."""

    name: str
    path: Path
    content_type: str | None = None
    piped: bool = False
    gzipped: bool = False


class Termination:
    """What SIGTERM does to a job: it ends it at once, unless the job has asked to be told instead."""

    def __init__(self) -> None:
        self._requested = False

    def defer(self) -> None:
        """From now on only note the signal."""
        signal.signal(signal.SIGTERM, self._note)

    def requested(self) -> bool:
        """Whether the signal has come."""
        return self._requested

    def _note(self, _number: int, _frame: object) -> None:
        self._requested = True


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """Everything a job is told, and where it puts what it makes."""

    root: Path
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, ChannelConfig]
    hosts: tuple[str, ...] = ("algo-1",)
    current_host: str = "algo-1"
    checkpoints: Path | None = None
    termination: Termination = field(default_factory=Termination)

    @classmethod
    def read(cls, root: Path) -> "TrainingJob":
        """Read the configuration below `root`.

        Raises:
            AlgorithmError: a file is missing or is no JSON.
        """
        config = root / "input" / "config"
        resources = _read(config / "resourceconfig.json", {"current_host": "algo-1", "hosts": ["algo-1"]})
        channels = {
            name: ChannelConfig(
                name,
                root / "input" / "data" / (f"{name}_0" if each.get("TrainingInputMode") == "Pipe" else name),
                each.get("ContentType"),
                each.get("TrainingInputMode") == "Pipe",
                each.get("CompressionType") == "Gzip",
            )
            for name, each in _read(config / "inputdataconfig.json", {}).items()
        }
        return cls(
            root,
            _read(config / "hyperparameters.json"),
            channels,
            tuple(resources["hosts"]),
            resources["current_host"],
            _checkpoints(root, _read(config / "checkpointconfig.json", {})),
        )

    @property
    def model(self) -> Path:
        """The folder that becomes `model.tar.gz`."""
        return self.root / "model"

    @property
    def output(self) -> Path:
        """The folder that becomes `output.tar.gz`."""
        return self.root / "output" / "data"

    def log_metrics(self, line: str) -> None:
        """Write a line as it is, for the metric definitions to find."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def report_failure(root: Path, error: Exception) -> None:
    """Write why the job failed to `output/failure` and to the log."""
    failure = root / "output" / "failure"
    failure.parent.mkdir(parents=True, exist_ok=True)
    failure.write_text(report(error))


def report(error: Exception) -> str:
    """Log an error, with a traceback unless it is the user's, and return its text."""
    known = isinstance(error, ClientError | AlgorithmError)
    text = str(error) if known else f"AlgorithmError: {type(error).__name__}: {error}"
    logger.error("%s", text, exc_info=None if isinstance(error, ClientError) else error)
    return text


def _read(path: Path, default: Any = None) -> Any:
    if default is not None and not path.exists():
        return default
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AlgorithmError(f"{path} cannot be read: {error}") from None


def _checkpoints(root: Path, config: Mapping[str, str]) -> Path | None:
    """Return the folder for checkpoints where the job has one: `/opt/ml/…` stands for `root`."""
    default = root / "checkpoints"
    if "LocalPath" not in config:
        return default if default.is_dir() else None
    path = Path(config["LocalPath"])
    return root / path.relative_to(MOUNT) if path.is_relative_to(MOUNT) else path
