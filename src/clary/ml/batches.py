"""A batch of rows: what every reader of a data format yields and every algorithm takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary.ml.errors import ClientError

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


def floats(values: npt.ArrayLike) -> Floats:
    """Return numbers as float32, C-contiguous; what is too large for one becomes infinity."""
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float32, order="C")


def concatenate(batches: Iterable[Batch]) -> Batch | None:
    """Return one batch of all rows, None where there is none.

    Sparse rows are widened to the widest batch; rows of batches without weights weigh 1 beside those that have some.

    Raises:
        ClientError: some batches have labels or query ids, and some have none.
    """
    parts = [batch for batch in batches if batch.rows]
    if len(parts) < 2:
        return parts[0] if parts else None
    weights = None
    if any(part.weights is not None for part in parts):
        ones = (np.ones(part.rows, np.float32) if part.weights is None else part.weights for part in parts)
        weights = np.concatenate(list(ones))
    return Batch(
        _stack([part.features for part in parts]),
        _join([part.labels for part in parts], "labels"),
        weights,
        _join([part.groups for part in parts], "query ids"),
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


def _join(parts: Sequence[npt.NDArray[Scalar] | None], what: str) -> npt.NDArray[Scalar] | None:
    arrays = [part for part in parts if part is not None]
    if arrays and len(arrays) < len(parts):
        raise ClientError(f"Some of the data has {what}, and some has none.")
    return np.concatenate(arrays) if arrays else None
