"""AES-256-GCM, loaded when something is first encrypted: the library is 5 MB that most servers never need."""

import importlib
from functools import cache
from typing import Any


class Altered(Exception):  # noqa: N818
    """Sealed bytes do not open: they were altered, or sealed with another key."""


def encrypt(key: bytes, nonce: bytes, data: bytes) -> bytes:
    """Return `data` sealed under a key of 32 bytes and a nonce of 12, which no key may see twice; 16 bytes longer."""
    return bytes(_ciphers().AESGCM(key).encrypt(nonce, data, None))


def decrypt(key: bytes, nonce: bytes, sealed: bytes) -> bytes:
    """Return what `encrypt` sealed.

    Raises:
        Altered: it does not open.
    """
    try:
        return bytes(_ciphers().AESGCM(key).decrypt(nonce, sealed, None))
    except _exceptions().InvalidTag:
        raise Altered from None


@cache
def _ciphers() -> Any:
    return importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")


def _exceptions() -> Any:
    return importlib.import_module("cryptography.exceptions")
