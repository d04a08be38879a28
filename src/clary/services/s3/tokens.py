"""Continuation tokens: opaque, and good for the listing that gave them alone."""

import base64
import zlib

from clary.services.s3 import errors


def new_token(listing: str, start: bytes) -> str:
    """Return a token for going on at `start` in `listing`, a bucket's name."""
    return base64.urlsafe_b64encode(_seal(listing, start) + start).decode()


def read_token(listing: str, token: str) -> bytes:
    """Return where to go on.

    Raises:
        AwsError: InvalidArgument: it is no token of that listing.
    """
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    seal, start = raw[:4], raw[4:]
    if seal != _seal(listing, start):
        raise errors.argument("The continuation token provided is incorrect", "continuation-token", token)
    return start


def _seal(listing: str, start: bytes) -> bytes:
    return zlib.crc32(start, zlib.crc32(listing.encode())).to_bytes(4)
