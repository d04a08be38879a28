"""The protobuf wire format, as far as SageMaker's `Record` needs it (https://protobuf.dev/programming-guides/encoding).

A message is read as the places of its fields, without copying; numbers are decoded in bulk by numpy.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

VARINT, FIXED64, DELIMITED, FIXED32 = 0, 1, 2, 5


class Field(NamedTuple):
    """A field of a message: its number, its wire type, and where its value stands (for a varint: its bytes)."""

    number: int
    wire: int
    start: int
    end: int


def fields(buffer: bytes, start: int, end: int) -> Iterator[Field]:
    """Yield the fields of the message in `buffer[start:end]`.

    Raises:
        ValueError: it is no message.
    """
    at = start
    while at < end:
        tag, at = read_varint(buffer, at, end)
        wire = tag & 7
        if wire == DELIMITED:
            size, at = read_varint(buffer, at, end)
        elif wire == VARINT:
            size = read_varint(buffer, at, end)[1] - at
        elif wire in {FIXED32, FIXED64}:
            size = 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire} at byte {at - start}")
        if at + size > end:
            raise ValueError(f"field {tag >> 3} ends after the message")
        yield Field(tag >> 3, wire, at, at + size)
        at += size


def read_varint(buffer: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number at `at` and where the next byte is.

    Raises:
        ValueError: the message ends within it, or it has more than 64 bits.
    """
    number = shift = 0
    while at < end and shift < 64:
        byte = buffer[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise ValueError("a number is cut off")


def write_varint(number: int) -> bytes:
    """Encode a number from 0 on."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def write_delimited(number: int, value: bytes) -> bytes:
    """Encode a field that carries its length: a message, a string, packed numbers."""
    return write_varint(number << 3 | DELIMITED) + write_varint(len(value)) + value


def decode_varints(packed: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Decode numbers that follow one another; return them (as two's complement) and where each one ends.

    Raises:
        ValueError: the last is cut off, or one has more than 64 bits.
    """
    octets = np.frombuffer(packed, np.uint8)
    ends = np.flatnonzero(octets < 0x80) + 1
    if len(octets) and (not len(ends) or ends[-1] != len(octets)):
        raise ValueError("a number is cut off")
    starts = np.append(0, ends[:-1]) if len(ends) else ends
    longest = int((ends - starts).max(initial=0))
    if longest > 10:
        raise ValueError("a number has more than 64 bits")
    numbers = np.zeros(len(ends), np.uint64)
    for place in range(longest):
        reaches = starts + place < ends
        octet = octets[(starts + place)[reaches]].astype(np.uint64) & np.uint64(0x7F)
        numbers[reaches] |= octet << np.uint64(7 * place)
    return numbers.view(np.int64), ends


def encode_varints(numbers: npt.NDArray[np.integer]) -> bytes:
    """Encode numbers one after another."""
    return b"".join(write_varint(number & 0xFFFF_FFFF_FFFF_FFFF) for number in numbers.tolist())
