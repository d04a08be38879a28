"""The folder of one job: what its program sees as `/opt/ml`, in the layout of SageMaker's container contract.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

import asyncio
import json
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

#: What a failing program may write of its reason; the beginning of it goes into FailureReason.
FAILURE_BYTES = 1024


class JobFolder:
    """The folders of one job below `root`; each property is one of them, as the host sees it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def config(self) -> Path:
        """Where `hyperparameters.json`, `inputdataconfig.json` and `resourceconfig.json` lie."""
        return self.root / "input" / "config"

    @property
    def data(self) -> Path:
        """Where each input channel has a folder of its name."""
        return self.root / "input" / "data"

    @property
    def model(self) -> Path:
        """What becomes `model.tar.gz`; for a model host, what was in it."""
        return self.root / "model"

    @property
    def output(self) -> Path:
        """What becomes `output.tar.gz`."""
        return self.root / "output" / "data"

    @property
    def failure(self) -> Path:
        """The file into which a failing program writes why."""
        return self.root / "output" / "failure"

    @property
    def checkpoints(self) -> Path:
        """What is kept in S3 while the program runs, and put back when it runs again."""
        return self.root / "checkpoints"

    @property
    def code(self) -> Path:
        """The user's own program, for frameworks."""
        return self.root / "code"

    def create(self) -> None:
        """Make the folders; those that are there stay as they are.

        Not that of checkpoints: a program that finds it writes checkpoints, so it is only there where they are kept.
        """
        for folder in (self.config, self.data, self.model, self.output, self.code):
            folder.mkdir(parents=True, exist_ok=True)

    def write_config(self, name: str, document: Any) -> None:
        """Write `document` as JSON to `input/config/name`."""
        (self.config / name).write_text(json.dumps(document))

    def failure_reason(self) -> str:
        """Return what the program wrote to its failure file, at most 1024 bytes of it; empty when it wrote none.

        The program may have put anything there: a link is not followed, and what is no plain file is not read.
        """
        with suppress(OSError):
            if self.holds(self.failure) and stat.S_ISREG(self.failure.lstat().st_mode):
                with self.failure.open("rb") as file:
                    return file.read(FAILURE_BYTES).decode("utf-8", "ignore").strip()
        return ""

    def holds(self, path: Path) -> bool:
        """Say whether `path`, all links followed, is still below the root: programs may put links anywhere in it."""
        return path.resolve().is_relative_to(self.root.resolve())

    async def remove(self) -> None:
        """Remove it all, in a thread: what is there is the program's doing. Links are removed, never followed.

        Raises:
            OSError: something cannot be removed.
        """
        if self.root.is_symlink():
            raise NotADirectoryError(f"{self.root} is a link")
        await asyncio.to_thread(shutil.rmtree, self.root, onerror=_make_removable)


def _make_removable(
    function: Callable[..., Any], path: str, error: tuple[type[BaseException], BaseException, TracebackType]
) -> None:
    """Remove what a program made read-only for its owner; leave alone what is gone already."""
    target = Path(path)
    if isinstance(error[1], FileNotFoundError):
        return
    if not isinstance(error[1], PermissionError) or target.parent.is_symlink():
        raise error[1]
    target.parent.chmod(0o700)
    if target.is_dir() and not target.is_symlink():
        target.chmod(0o700)
        shutil.rmtree(target)
    else:
        target.unlink()
