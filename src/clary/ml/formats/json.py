"""JSON and JSON lines, in the forms that SageMaker's algorithms take in requests.

    {"instances": [{"features": [1.5, 16.0]},
                   {"data": {"features": {"values": [1.5, 16.0]}}},
                   {"data": {"features": {"keys": [26, 182], "shape": [2000], "values": [1, 4]}}}]}

A line of JSON lines is one such instance. An instance may also be a bare list. For training it has a `label`, and
may have a `weight`. Source: https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-inference.html.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import orjson
from scipy import sparse

from clary.ml.batches import Batch, Floats, floats
from clary.ml.errors import DataError
from clary.ml.formats.format import CHUNK, Format, whole_lines

LARGEST_KEY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Json(Format):
    """One JSON document with `instances`, or a list of lists."""

    labels: bool = False

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows."""
        text = stream.read()
        if not text.strip():
            return
        document = _load(text, file, None)
        instances = document.get("instances") if isinstance(document, dict) else document
        if not isinstance(instances, list):
            raise DataError("has no list of 'instances'", file)
        if instances and not isinstance(instances[0], list | dict):
            instances = [instances]  # a bare list of numbers is one row
        if instances:
            rows = [_Instance.of(raw, _Place(file, instance=number)) for number, raw in enumerate(instances, 1)]
            yield _batch(rows, self.labels)


@dataclass(frozen=True, slots=True)
class JsonLines(Format):
    """One instance a line."""

    labels: bool = False
    chunk: int = CHUNK

    def read(self, stream: BinaryIO, file: str) -> Iterator[Batch]:
        """Yield the rows."""
        first = 1
        for text in whole_lines(stream, self.chunk):
            lines = [(number, line) for number, line in enumerate(text.splitlines(), first) if line.strip()]
            if lines:
                rows = [_Instance.of(_load(line, file, number), _Place(file, number)) for number, line in lines]
                yield _batch(rows, self.labels)
            first += text.count(b"\n")


def _load(text: bytes, file: str, line: int | None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise DataError(f"is not JSON: {error}", file, line) from None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an instance stands, for errors: the line, or the number of the instance."""

    file: str
    line: int | None = None
    instance: int | None = None

    def error(self, text: str, column: int | None = None) -> DataError:
        prefix = "" if self.instance is None else f"instance {self.instance}: "
        return DataError(prefix + text, self.file, self.line, column)


@dataclass(frozen=True, slots=True)
class _Instance:
    """One row: its values, and their keys where it is sparse."""

    place: _Place
    values: list[Any]
    keys: list[int] | None
    width: int
    label: float | None
    weight: float | None

    @classmethod
    def of(cls, raw: Any, place: _Place) -> "_Instance":
        outer = raw if isinstance(raw, dict) else {"features": raw}
        inner = outer["data"] if isinstance(outer.get("data"), dict) else outer
        features = inner.get("features")
        tensor = features if isinstance(features, dict) else {"values": features}
        values, keys = tensor.get("values"), tensor.get("keys")
        if not isinstance(values, list):
            raise place.error('expected {"features": [numbers]} or a list of numbers')
        if keys is not None and not _are_keys(keys, len(values)):
            raise place.error("expected as many whole numbers in 'keys' as numbers in 'values'")
        width = len(values) if keys is None else max([*keys, _last(tensor.get("shape")) - 1], default=-1) + 1
        label, weight = (_number(outer.get(name), name, place) for name in ("label", "weight"))
        return cls(place, values, keys, width, label, weight)


def _batch(instances: Sequence[_Instance], labels: bool) -> Batch:
    is_sparse = any(instance.keys is not None for instance in instances)
    features = _sparse(instances) if is_sparse else _dense(instances)
    if not labels:
        return Batch(features)
    target = floats([np.nan if instance.label is None else instance.label for instance in instances])
    for row in np.flatnonzero(~np.isfinite(target)).tolist():
        given = instances[row].label
        raise instances[row].place.error("has no 'label'" if given is None else f"label {given} is too large")
    weights = floats([1.0 if instance.weight is None else instance.weight for instance in instances])
    return Batch(features, target, weights)


def _dense(instances: Sequence[_Instance]) -> Floats:
    width = instances[0].width
    for instance in instances:
        if instance.width != width:
            raise instance.place.error(f"has {instance.width} features, the first one has {width}")
    return np.concatenate([_floats(instance) for instance in instances]).reshape(len(instances), width)


def _sparse(instances: Sequence[_Instance]) -> sparse.csr_matrix:
    keys = [list(range(each.width)) if each.keys is None else each.keys for each in instances]
    values = np.concatenate([_floats(instance) for instance in instances])
    indices = np.array([key for row in keys for key in row], np.int32)
    ends = np.cumsum([0, *map(len, keys)])
    return sparse.csr_matrix((values, indices, ends), (len(instances), max(each.width for each in instances)))


def _floats(instance: _Instance) -> Floats:
    """Return the values, null as NaN."""
    kinds = set(map(type, instance.values))
    if kinds <= {int, float, bool}:
        return floats(instance.values)
    for column, value in enumerate(instance.values, 1):
        if value is not None and not isinstance(value, int | float):
            raise instance.place.error(f"{value!r} is not a number", column)
    return floats([np.nan if value is None else value for value in instance.values])


def _are_keys(keys: object, count: int) -> bool:
    return (
        isinstance(keys, list)
        and len(keys) == count
        and all(type(key) is int and 0 <= key < LARGEST_KEY for key in keys)
    )


def _last(shape: object) -> int:
    """Return the width that a shape like `[2000]` or `[1, 2000]` says, 0 where it says none."""
    known = isinstance(shape, list) and shape and type(shape[-1]) is int and 0 <= shape[-1] <= LARGEST_KEY
    return int(shape[-1]) if known and isinstance(shape, list) else 0


def _number(value: object, name: str, place: _Place) -> float | None:
    if value is not None and not isinstance(value, int | float):
        raise place.error(f"{name} is {value!r}, expected a number")
    return value
