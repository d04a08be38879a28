"""Results as values that a JSON or CBOR encoder can say: each shape compiles into a function."""

import binascii
import math
from collections.abc import Callable
from typing import Any

from clary.wire.model import Shape
from clary.wire.timestamps import epoch, http_date, iso8601

#: From a value as boto3 returns it to one that the encoder can say; None where the two are the same.
Convert = Callable[[Any], Any] | None
#: What a member needs to be written: its name on the wire, and the writer.
Member = tuple[str, Convert]

TIMES: dict[str, Callable[[Any], Any]] = {"unixtimestamp": epoch, "iso8601": iso8601, "rfc822": http_date}


def base64(value: bytes) -> str:
    """Spell bytes as base64."""
    return binascii.b2a_base64(value, newline=False).decode()


def number(value: float) -> float | str:
    """Spell a number; those that JSON has no number for are text."""
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def scalar(shape: Shape) -> Convert:
    """Return what writes a shape that is neither structure nor list nor map."""
    match shape.type:
        case "float" | "double":
            return number
        case "blob":
            return base64
        case "timestamp":
            return TIMES[shape.traits.get("timestampFormat", "unixTimestamp").lower()]
    return None


class ValueWriter:
    """Compiles the shapes of one service; a shape that several operations share is compiled once.

    `scalar` writes what is neither object nor array; CBOR has its own.
    """

    def __init__(self, scalar: Callable[[Shape], Convert] = scalar) -> None:
        self._scalar = scalar
        self._compiled: dict[str, Convert] = {}

    def of(self, shape: Shape) -> Convert:
        """Return what writes `shape`."""
        if shape.document:
            return None
        if shape.type not in {"structure", "list", "map"}:
            return self._scalar(shape)
        if shape.name not in self._compiled:
            # A shape may hold itself: what is inside finds it here, and the compiled one when it is called.
            self._compiled[shape.name] = lambda value: self._late(shape.name, value)
            self._compiled[shape.name] = self._compile(shape)
        return self._compiled[shape.name]

    def structure(self, shape: Shape, members: dict[str, Shape]) -> Callable[[dict[str, Any]], dict[str, Any]]:
        """Return what writes the given members of a structure."""
        written = {name: (member.wire_name(name), self.of(member)) for name, member in members.items()}
        return structure(shape.name, written)

    def _late(self, name: str, value: Any) -> Any:
        write = self._compiled[name]
        return value if write is None else write(value)

    def _compile(self, shape: Shape) -> Convert:
        if shape.type == "list":
            return sequence(self.of(shape.member))
        if shape.type == "map":
            return mapping(self.of(shape.value))
        return self.structure(shape, shape.members)


def structure(shape_name: str, members: dict[str, Member]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what writes a structure; members that are None are left out."""

    def write(value: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name, item in value.items():
            member = members.get(name)
            if member is None:
                raise KeyError(f"{shape_name} has no member {name}")
            if item is not None:
                key, convert = member
                out[key] = item if convert is None else convert(item)
        return out

    return write


def sequence(convert: Convert) -> Convert:
    """Return what writes a list; None where the elements stay as they are."""
    return None if convert is None else lambda value: [convert(item) for item in value]


def mapping(convert: Convert) -> Convert:
    """Return what writes a map; None where the values stay as they are."""
    return None if convert is None else lambda value: {key: convert(item) for key, item in value.items()}
