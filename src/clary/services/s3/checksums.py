"""The checksums that S3 keeps with an object (User guide, "Checking object integrity").

CRC32 is zlib's and the SHAs are hashlib's; the others come from the AWS Common Runtime, the library that AWS's own
clients compute them with, loaded when the first of them is asked for (7 MB).
"""

import base64
import binascii
import functools
import hashlib
import importlib
import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

#: What S3 computes where the client gives no checksum.
DEFAULT_ALGORITHM = "CRC64NVME"
FULL_OBJECT = "FULL_OBJECT"
COMPOSITE = "COMPOSITE"

#: Digest sizes in bytes.
SIZES = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
    "XXHASH64": 8,
    "XXHASH3": 8,
    "XXHASH128": 16,
}
#: The algorithms whose value for the whole follows from the values of its parts.
LINEAR = frozenset({"CRC32", "CRC32C", "CRC64NVME"})

_XXHASH = {"XXHASH64": "new_xxhash64", "XXHASH3": "new_xxhash3_64", "XXHASH128": "new_xxhash3_128"}


class Hasher(Protocol):
    """A checksum that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Return the checksum of all bytes so far."""
        ...


class Checksum(NamedTuple):
    """A checksum as it is kept: `value` in base64, followed by `-PARTS` when it is composite."""

    algorithm: str
    type: str
    value: str

    def members(self) -> dict[str, str]:
        """Return it as responses carry it."""
        return {f"Checksum{self.algorithm}": self.value, "ChecksumType": self.type}

    def digest(self) -> bytes:
        """Return the raw digest; the value is no composite one."""
        return binascii.a2b_base64(self.value)

    def stored(self) -> str:
        """Return it in one word for the database."""
        return f"{self.algorithm} {self.type} {self.value}"


def load(stored: str) -> Checksum:
    """Return what `Checksum.stored` made."""
    return Checksum(*stored.split(" "))


def new_hasher(algorithm: str) -> Hasher:
    """Begin a checksum by S3's name of its algorithm."""
    if algorithm == "MD5":
        return hashlib.md5(usedforsecurity=False)
    if algorithm.startswith("CRC"):
        return _Crc(_crc_function(algorithm), SIZES[algorithm])
    if algorithm in _XXHASH:
        return _XxHash(getattr(_runtime().XXHash, _XXHASH[algorithm])())
    return hashlib.new(algorithm, usedforsecurity=False)


def encode(digest: bytes) -> str:
    """Return a digest in base64, as headers carry it."""
    return binascii.b2a_base64(digest, newline=False).decode()


def decode(algorithm: str, value: str) -> bytes | None:
    """Return the digest that a header carries, None when it cannot be one of that algorithm."""
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == SIZES[algorithm] else None


def combine(algorithm: str, parts: Sequence[tuple[bytes, int]]) -> bytes:
    """Return the checksum of a whole from the (digest, length in bytes) of its parts. `algorithm` is a linear one."""
    join = getattr(_runtime(), f"combine_{algorithm.lower()}")
    whole, _ = parts[0]
    value = int.from_bytes(whole)
    for digest, length in parts[1:]:
        value = join(value, int.from_bytes(digest), length)
    return int(value).to_bytes(SIZES[algorithm])


def composite(algorithm: str, digests: Sequence[bytes]) -> str:
    """Return the checksum of the parts' checksums, with their number."""
    hasher = new_hasher(algorithm)
    hasher.update(b"".join(digests))
    return f"{encode(hasher.digest())}-{len(digests)}"


class _Crc:
    __slots__ = ("_function", "_size", "_value")

    def __init__(self, function: Callable[[bytes, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size)


class _XxHash:
    __slots__ = ("_state",)

    def __init__(self, state: Any) -> None:
        self._state = state

    def update(self, data: bytes, /) -> None:
        self._state.update(data)

    def digest(self) -> bytes:
        digest: bytes = self._state.finalize()
        return digest


@functools.cache
def _crc_function(algorithm: str) -> Callable[[bytes, int], int]:
    function: Callable[[bytes, int], int] = (
        zlib.crc32 if algorithm == "CRC32" else getattr(_runtime(), algorithm.lower())
    )
    return function


@functools.cache
def _runtime() -> Any:
    return importlib.import_module("awscrt.checksums")
