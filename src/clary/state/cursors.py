"""Cursors: the opaque text that says where the next page begins, and to which query it belongs."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

import orjson

from clary.state.records import StaleCursor

#: What a page is sorted by: the values of its last record.
Position = Sequence[str | float]


def digest(*parts: object) -> str:
    """Return a short digest of what makes a query: a cursor of one query does not fit another."""
    return hashlib.blake2b(orjson.dumps(parts), digest_size=6).hexdigest()


def encode(query_digest: str, position: Position) -> str:
    """Return the cursor to what follows `position`."""
    return base64.urlsafe_b64encode(orjson.dumps([query_digest, *position])).decode().rstrip("=")


def decode(cursor: str, query_digest: str, types: Sequence[type]) -> Position:
    """Return the position behind a cursor, whose values have `types`.

    Raises:
        StaleCursor: it belongs to another query or is not a cursor at all.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        decoded = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise StaleCursor("the cursor is not one of ours") from error
    if not isinstance(decoded, list) or [type(value) for value in decoded] != [str, *types]:
        raise StaleCursor("the cursor is not one of ours")
    if decoded[0] != query_digest:
        raise StaleCursor("the cursor belongs to another query")
    position: Position = decoded[1:]
    return position
