"""A batch of rows: what every reader of a data format yields and every algorithm takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

Floats: TypeAlias = npt.NDArray[np.float32]
Matrix: TypeAlias = Floats | sparse.csr_matrix
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a data set.

    `features` is float32 [rows, columns], C-contiguous, NaN where a value is missing; or a CSR matrix of float32,
    whose missing entries are missing (not zero). `labels` and `weights` are float32 [rows], None where the data has
    none. `groups` are query ids [rows] for ranking, equal ids side by side.
    """

    features: Matrix
    labels: Floats | None = None
    weights: Floats | None = None
    groups: npt.NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """How many rows."""
        return int(self.features.shape[0])

    @property
    def is_sparse(self) -> bool:
        """Whether the features are a CSR matrix."""
        return not isinstance(self.features, np.ndarray)

    @property
    def columns(self) -> int:
        """How many features a row has."""
        return int(self.features.shape[1])


def concatenate(batches: Iterable[Batch]) -> Batch | None:
    """Return one batch of all rows, None where there is none. Sparse rows are widened to the widest batch."""
    parts = [batch for batch in batches if batch.rows]
    if len(parts) < 2:
        return parts[0] if parts else None
    return Batch(
        _stack([part.features for part in parts]),
        _join([part.labels for part in parts]),
        _join([part.weights for part in parts]),
        _join([part.groups for part in parts]),
    )


def _stack(matrices: list[Matrix]) -> Matrix:
    dense = [matrix for matrix in matrices if isinstance(matrix, np.ndarray)]
    if len(dense) == len(matrices):
        return np.concatenate(dense)
    columns = max(matrix.shape[1] for matrix in matrices)
    rows = [_every_value(matrix) if isinstance(matrix, np.ndarray) else matrix for matrix in matrices]
    for matrix in rows:
        matrix.resize(matrix.shape[0], columns)
    return sparse.vstack(rows, format="csr")


def _every_value(matrix: Floats) -> sparse.csr_matrix:
    """Return a dense matrix as CSR, its zeros too: what is left out would count as missing."""
    rows, columns = matrix.shape
    indices = np.tile(np.arange(columns, dtype=np.int32), rows)
    return sparse.csr_matrix((matrix.ravel(), indices, np.arange(0, rows * columns + 1, columns)), matrix.shape)


def _join(parts: Sequence[npt.NDArray[Scalar] | None]) -> npt.NDArray[Scalar] | None:
    arrays = [part for part in parts if part is not None]
    return np.concatenate(arrays) if len(arrays) == len(parts) else None
