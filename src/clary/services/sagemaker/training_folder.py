"""The folder of a training job: what its program sees as `/opt/ml`, and a place for its archives beside that."""

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """Everything of one job is below `path`; the program sees `root` only."""

    path: Path

    @property
    def root(self) -> Path:
        """What the program sees as `/opt/ml`."""
        return self.path / "ml"

    @property
    def data(self) -> Path:
        """Where its channels are, a folder each."""
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        """Where it leaves its model."""
        return self.root / "model"

    @property
    def output(self) -> Path:
        """Where it leaves `failure` and the folder `data`."""
        return self.root / "output"

    def create(self, config: dict[str, str]) -> None:
        """Make an empty folder with the files of `input/config`. Blocks."""
        shutil.rmtree(self.path, ignore_errors=True)
        for folder in (self.data, self.model, self.output / "data", self.root / "input" / "config"):
            folder.mkdir(parents=True)
        for name, content in config.items():
            (self.root / "input" / "config" / name).write_text(content)
