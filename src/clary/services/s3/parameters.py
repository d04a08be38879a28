"""What the parameters of the listings mean, and what all of them answer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from clary.services.s3 import errors
from clary.services.s3.names import encode_key
from clary.services.s3.pages import AFTER, Page
from clary.state.database import Row

_MOST_ENTRIES = 1000


def page_limit(req: dict[str, Any], member: str, parameter: str) -> int:
    """Return how many entries a page may have: `member` of the request, 1,000 at most.

    Raises:
        AwsError: InvalidArgument.
    """
    limit: int = req.get(member, _MOST_ENTRIES)
    if limit < 0:
        raise errors.argument(f"Argument {parameter} must be an integer between 0 and 2147483647", parameter, limit)
    return min(limit, _MOST_ENTRIES)


def scope_of(req: dict[str, Any]) -> dict[str, bytes]:
    """Return prefix and delimiter."""
    return {"prefix": encode_key(req.get("Prefix", "")), "delimiter": encode_key(req.get("Delimiter", ""))}


def start_after(marker: str, req: dict[str, Any]) -> bytes:
    """Return the first key that can follow a marker; one inside a common prefix is followed by what follows that."""
    key = encode_key(marker)
    prefix, delimiter = scope_of(req).values()
    cut = key.find(delimiter, len(prefix)) if delimiter and key.startswith(prefix) else -1
    return key + b"\0" if cut < 0 else key[: cut + len(delimiter)] + AFTER


def spelling(req: dict[str, Any]) -> Callable[[str], str]:
    """Return how keys are spelled in the response: as they are, or percent-encoded."""
    encoding = req.get("EncodingType")
    if encoding is None:
        return str
    if encoding != "url":
        raise errors.argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    return lambda key: quote_plus(key, safe="/*")


def page_head(req: dict[str, Any], page: Page, spell: Callable[[str], str]) -> dict[str, Any]:
    """Return what all the listings answer."""
    result = {
        "IsTruncated": page.truncated,
        "Prefix": spell(req.get("Prefix", "")),
        "CommonPrefixes": [{"Prefix": spell(prefix.decode())} for prefix in page.prefixes],
    }
    if req.get("Delimiter"):
        result["Delimiter"] = spell(req["Delimiter"])
    if "EncodingType" in req:
        result["EncodingType"] = req["EncodingType"]
    return result


def key_of(entry: Row | bytes) -> bytes:
    """Return the key of a page's entry, or the common prefix that it is."""
    key: bytes = entry if isinstance(entry, bytes) else entry[0]
    return key
