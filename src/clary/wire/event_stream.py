"""The frames of an event stream (application/vnd.amazon.eventstream): headers and a payload between two checksums.

Layout, big-endian: total length, headers' length, CRC-32 of those two; headers; payload; CRC-32 of all before it.
"""

import struct
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import NamedTuple
from zlib import crc32

from clary.wire.errors import Malformed

CONTENT_TYPE = "application/vnd.amazon.eventstream"
MAX_HEADERS = 128 * 2**10
MAX_PAYLOAD = 24 * 2**20

PRELUDE = struct.Struct(">II")
CRC = struct.Struct(">I")
#: Bytes before the headers, and bytes around headers and payload together.
HEAD, AROUND = 12, 16

#: A header's type that is a string, and its length's layout; only strings are ever sent.
STRING = 7
LENGTH = struct.Struct(">H")
#: The size of a header's value by its type: true, false, byte, short, int, long; bytes and string; time and UUID.
SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
BYTES = 6


class Frame(NamedTuple):
    """One message. Of the headers only the strings are kept: no other says anything in this protocol."""

    headers: dict[str, str]
    payload: bytes


def encode(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Return a message's bytes."""
    packed = b"".join(header(name, value) for name, value in headers.items())
    prelude = PRELUDE.pack(len(packed) + len(payload) + AROUND, len(packed))
    prelude += CRC.pack(crc32(prelude))
    checksum = crc32(payload, crc32(packed, crc32(prelude)))
    return b"".join((prelude, packed, payload, CRC.pack(checksum)))


def header(name: str, value: str) -> bytes:
    """Return a header's bytes: the name with its length, the type, the value with its length."""
    key, text = name.encode(), value.encode()
    return b"".join((bytes((len(key),)), key, bytes((STRING,)), LENGTH.pack(len(text)), text))


async def decode(chunks: AsyncIterable[bytes]) -> AsyncIterator[Frame]:
    """Yield the messages of a stream as they become whole; Malformed when one is broken or the stream breaks off."""
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) >= HEAD and len(buffer) >= (total := total_length(buffer)):
            yield frame(bytes(buffer[:total]))
            del buffer[:total]
    if buffer:
        raise Malformed("The event stream ends within a message")


def total_length(buffer: bytes | bytearray) -> int:
    """Return the length of the message that begins here, its prelude checked."""
    total, headers = PRELUDE.unpack_from(buffer)
    if CRC.unpack_from(buffer, PRELUDE.size)[0] != crc32(buffer[: PRELUDE.size]):
        raise Malformed("The checksum of an event's prelude does not match")
    payload = total - headers - AROUND
    if headers > MAX_HEADERS or not 0 <= payload <= MAX_PAYLOAD:
        raise Malformed("An event's lengths are out of range")
    length: int = total
    return length


def frame(message: bytes) -> Frame:
    """Take one whole message apart."""
    if CRC.unpack_from(message, len(message) - CRC.size)[0] != crc32(message[: -CRC.size]):
        raise Malformed("The checksum of an event does not match")
    end = HEAD + PRELUDE.unpack_from(message)[1]
    try:
        return Frame(dict(headers_of(message[HEAD:end])), message[end : -CRC.size])
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise Malformed("An event's headers are broken") from error


def headers_of(data: bytes) -> list[tuple[str, str]]:
    """Return the headers that are strings."""
    found, at = [], 0
    while at < len(data):
        value = at + 1 + data[at]
        name, kind = data[at + 1 : value].decode(), data[value]
        value += 1
        if kind in {BYTES, STRING}:
            size = LENGTH.unpack_from(data, value)[0]
            value += LENGTH.size
        else:
            size = SIZES[kind]
        at = value + size
        if at > len(data):
            raise IndexError(name)
        if kind == STRING:
            found.append((name, data[value:at].decode()))
    return found
