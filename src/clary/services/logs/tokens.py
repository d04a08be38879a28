"""Tokens of lists: opaque, and bound to the request that they go on with."""

import base64
import json
from typing import Any

from clary.services.logs.errors import invalid_token
from clary.services.logs.schema import END_OF_TIME


def seal(request: list[Any], place: list[Any]) -> str:
    """Return a token for the rest of the list that `request` describes, from `place` on."""
    return base64.urlsafe_b64encode(json.dumps([request, place]).encode()).decode()


def unseal(token: str | None, request: list[Any], *kinds: type[int | str]) -> list[Any] | None:
    """Return the place of a token, whose parts are of these kinds; None where there is no token.

    Raises:
        AwsError: InvalidParameterException when it belongs to another request or is none of ours.
    """
    if token is None:
        return None
    try:
        sealed, place = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise invalid_token() from None
    if sealed != request or not isinstance(place, list) or len(place) != len(kinds):
        raise invalid_token()
    if not all(_is_part(part, kind) for part, kind in zip(place, kinds, strict=True)):
        raise invalid_token()
    return place


def _is_part(part: Any, kind: type[int | str]) -> bool:
    return type(part) is kind and (not isinstance(part, int) or abs(part) <= END_OF_TIME)
