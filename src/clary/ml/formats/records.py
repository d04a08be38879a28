"""SageMaker's `Record`, the protobuf message within RecordIO: a row's features and its label.

    message Float32Tensor { repeated float values = 1 [packed]; repeated uint64 keys = 2 [packed];
                            repeated uint64 shape = 3 [packed]; }      (Float64Tensor: double, Int32Tensor: int32)
    message Value { oneof value { Float32Tensor float32_tensor = 2; Float64Tensor float64_tensor = 3;
                                  Int32Tensor int32_tensor = 7; Bytes bytes = 9; } }
    message Record { map<string, Value> features = 1; map<string, Value> label = 2; … }

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html. Keys make a tensor sparse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from clary.ml.batches import Batch, Floats, floats
from clary.ml.formats.protobuf import (
    DELIMITED,
    Field,
    decode_varints,
    encode_varints,
    fields,
    read_varint,
    write_delimited,
)

FEATURES, LABEL = 1, 2
FLOAT32, FLOAT64, INT32 = 2, 3, 7
VALUES, KEYS, SHAPE = 1, 2, 3
DTYPES: dict[int, npt.DTypeLike] = {FLOAT32: "<f4", FLOAT64: "<f8"}


@dataclass(slots=True)
class Tensor:
    """Where a tensor stands in a buffer: its kind and the spans of its numbers (more than one if not packed)."""

    kind: int
    values: list[Field]
    keys: list[Field]
    width: int | None

    @classmethod
    def read(cls, buffer: bytes, value: Field) -> "Tensor":
        """Read a `Value`.

        Raises:
            ValueError: it is no message, or holds bytes.
        """
        tensor = cls(FLOAT32, [], [], None)
        for inner in fields(buffer, value.start, value.end):
            if inner.number not in {FLOAT32, FLOAT64, INT32}:
                raise ValueError("it holds bytes, expected a tensor of float32, float64 or int32")
            tensor.kind = inner.number
            for part in fields(buffer, inner.start, inner.end):
                if part.number == VALUES:
                    tensor.values.append(part)
                elif part.number == KEYS:
                    tensor.keys.append(part)
                elif part.number == SHAPE:
                    tensor.width = read_varint(buffer, part.start, part.end)[0]
        return tensor


@dataclass(slots=True)
class Record:
    """Where a record's features and its label stand."""

    features: Tensor
    label: Tensor | None

    @classmethod
    def read(cls, buffer: bytes, start: int, end: int) -> "Record":
        """Read the message in `buffer[start:end]`.

        Raises:
            ValueError: it is no `Record` with features.
        """
        found: dict[int, Tensor] = {}
        for field in fields(buffer, start, end):
            if field.number in {FEATURES, LABEL} and field.wire == DELIMITED:
                for part in fields(buffer, field.start, field.end):
                    if part.number == 2:  # a map's entry: 1 is its key, 2 its value
                        found[field.number] = Tensor.read(buffer, part)
        if FEATURES not in found:
            raise ValueError("it has no features")
        return cls(found[FEATURES], found.get(LABEL))

    @property
    def is_sparse(self) -> bool:
        """Whether the features have keys; a tensor without any numbers is an empty sparse one."""
        return bool(self.features.keys) or not self.features.values


def decode(buffer: bytes, records: Sequence[Record], labels: bool) -> Batch:
    """Return the rows of records, sparse if one of them is.

    Raises:
        ValueError: dense records differ in length, sparse ones have more keys than values, or a label is missing.
    """
    values, counts = _numbers(buffer, [record.features for record in records])
    target = _labels(buffer, records) if labels else None
    if not any(record.is_sparse for record in records):
        odd = np.flatnonzero(counts != counts[0])
        if len(odd):
            raise ValueError(f"it has {counts[odd[0]]} features, those before have {counts[0]}")
        return Batch(values.reshape(len(records), -1), target)
    keys, ends = decode_varints(_join(buffer, [record.features.keys for record in records]))
    key_counts = _counts(ends, [_size(record.features.keys) for record in records])
    if not np.array_equal(counts, key_counts):
        raise ValueError("it has another number of keys than of values")
    width = max((record.features.width or 0) for record in records)
    features = sparse.csr_matrix(
        (values, keys.astype(np.int32), np.append(0, np.cumsum(counts))),
        shape=(len(records), max(width, int(keys.max(initial=-1)) + 1)),
    )
    return Batch(features, target)


def encode(values: Floats, keys: npt.NDArray[np.integer] | None, width: int, name: str = "values") -> bytes:
    """Return a map's entry with a float32 tensor: the features or the label of a record."""
    tensor = write_delimited(VALUES, values.astype("<f4").tobytes())
    if keys is not None:
        tensor += write_delimited(KEYS, encode_varints(keys)) + write_delimited(
            SHAPE, encode_varints(np.array([width]))
        )
    value = write_delimited(FLOAT32, tensor)
    return write_delimited(1, name.encode()) + write_delimited(2, value)


def _labels(buffer: bytes, records: Sequence[Record]) -> Floats:
    tensors = [record.label for record in records if record.label is not None]
    if len(tensors) != len(records):
        raise ValueError("it has no label")
    labels, counts = _numbers(buffer, tensors)
    if not np.all(counts == 1):
        raise ValueError("its label is not one number")
    if not np.isfinite(labels).all():
        raise ValueError("its label is not a finite number")
    return labels


def _numbers(buffer: bytes, tensors: Sequence[Tensor]) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the values of all tensors, one after another, and how many each has."""
    kinds = {tensor.kind for tensor in tensors}
    if len(kinds) > 1:
        parts = [_numbers(buffer, [tensor]) for tensor in tensors]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    (kind,) = kinds
    sizes = [_size(tensor.values) for tensor in tensors]
    packed = _join(buffer, [tensor.values for tensor in tensors])
    if kind == INT32:
        numbers, ends = decode_varints(packed)
        return floats(numbers), _counts(ends, sizes)
    values = np.frombuffer(packed, DTYPES[kind])
    return floats(values), np.array(sizes, np.int64) // values.itemsize


def _join(buffer: bytes, spans: Sequence[Sequence[Field]]) -> bytes:
    return b"".join([buffer[field.start : field.end] for parts in spans for field in parts])


def _size(spans: Sequence[Field]) -> int:
    return sum(field.end - field.start for field in spans)


def _counts(ends: npt.NDArray[np.int64], sizes: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return how many varints lie in each of the spans, given where each varint ends."""
    return np.diff(np.searchsorted(ends, np.cumsum(sizes), side="right"), prepend=0)
