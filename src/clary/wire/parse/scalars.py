"""Scalars that stand as text on the wire: in XML, in forms, in headers, paths and query strings."""

import binascii
import re
from collections.abc import Callable
from typing import Any

from clary.wire import timestamps
from clary.wire.errors import Malformed
from clary.wire.model import Shape

INTEGER = re.compile(r"[-+]?\d{1,20}", re.ASCII)
NUMBER = re.compile(r"[-+]?(\d{1,400}\.?\d{0,400}|\.\d{1,400})([eE][-+]?\d{1,3})?", re.ASCII)
SPECIAL_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})
#: The range of each type.
RANGES = {"integer": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def text(value: str) -> str:
    """Take text as it is."""
    return value


def boolean(value: str) -> bool:
    """Read `true` or `false`."""
    match value.lower():
        case "true":
            return True
        case "false":
            return False
    raise Malformed(f"'{value}' is not a boolean")


def integer(value: str) -> int:
    """Read a whole number of 32 bits."""
    return whole(value, "integer")


def long(value: str) -> int:
    """Read a whole number of 64 bits."""
    return whole(value, "long")


def whole(value: str, kind: str) -> int:
    """Read a whole number in the range of `kind`."""
    low, high = RANGES[kind]
    if INTEGER.fullmatch(value) and low <= (number := int(value)) <= high:
        return number
    raise Malformed(f"'{value}' is not a valid {kind}")


def number(value: str) -> float:
    """Read a number with a fraction; `NaN`, `Infinity` and `-Infinity` are numbers too."""
    if NUMBER.fullmatch(value):
        return float(value)
    if value in SPECIAL_NUMBERS:
        return float(value)
    raise Malformed(f"'{value}' is not a valid number")


def timestamp(value: str) -> float:
    """Read a time in any of its spellings."""
    try:
        return timestamps.read(value)
    except ValueError as error:
        raise Malformed(f"'{value}' is not a valid timestamp") from error


def blob(value: str) -> bytes:
    """Read base64."""
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise Malformed("Invalid base64") from error


READERS: dict[str, Callable[[str], Any]] = {
    "string": text,
    "character": text,
    "boolean": boolean,
    "integer": integer,
    "long": long,
    "float": number,
    "double": number,
    "timestamp": timestamp,
    "blob": blob,
}


def reader(shape: Shape) -> Callable[[str], Any]:
    """Return what reads `shape` from text."""
    return READERS[shape.type]
