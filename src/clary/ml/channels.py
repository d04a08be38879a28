"""An input channel: the files of a folder, or a pipe, read as one stream of batches."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from clary.ml.batches import Batch
from clary.ml.errors import ClientError, DataError
from clary.ml.formats.format import Format


@dataclass(frozen=True, slots=True)
class Channel:
    """The data of one channel: `path` is a folder (its files by name, folders below included) or one file or pipe.

    Hidden files (`.`, `_`), empty ones and manifests are no data. A file is unzipped when it is named `.gz`, or when
    `gzipped` says that all are (CompressionType=Gzip).
    """

    name: str
    path: Path
    format: Format
    gzipped: bool = False

    def files(self) -> list[Path]:
        """Return the data files, in the order of their names."""
        if not self.path.is_dir():
            return [self.path] if self.path.exists() else []
        found = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path for path in found if _is_data(path.relative_to(self.path)) and path.stat().st_size)

    def size(self) -> int:
        """Return the bytes of all files, as they lie there. A pipe has none."""
        return sum(path.stat().st_size for path in self.files())

    def batches(self) -> Iterator[Batch]:
        """Yield all rows.

        Raises:
            ClientError: there are none.
            DataError: a file is not in the channel's format, or dense files disagree on the number of columns.
        """
        first: tuple[str, int] | None = None
        for path in self.files():
            file = path.name if path == self.path else str(path.relative_to(self.path))
            with self._open(path) as stream:
                for batch in self.format.read(stream, file):
                    first = first or (file, batch.columns)
                    _check_columns(batch, file, *first)
                    yield batch
        if first is None:
            raise ClientError(f"No data in the {self.name} channel: {self.path} has no rows.")

    def _open(self, path: Path) -> BinaryIO:
        if path.suffix == ".gz" or self.gzipped:
            return cast("BinaryIO", _Gunzip(path))
        return path.open("rb")


class _Gunzip(gzip.GzipFile):
    """A gzip file whose errors are the user's."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path = path

    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (OSError, EOFError) as error:
            raise DataError(f"cannot be unzipped: {error}", self._path.name) from None


def _is_data(path: Path) -> bool:
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not hidden and path.name != "manifest" and path.suffix != ".manifest"


def _check_columns(batch: Batch, file: str, first_file: str, columns: int) -> None:
    if isinstance(batch.features, np.ndarray) and batch.columns != columns:
        raise DataError(f"has {batch.columns} features, file '{first_file}' has {columns}", file)
