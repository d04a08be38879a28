"""Tokens: bound to their request, and nothing that a client forges gets past them."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.logs.tokens import seal, unseal
from clary.wire.errors import AwsError

REQUEST = ["streams", 7, "prefix", True]


def test_token_comes_back() -> None:
    assert unseal(seal(REQUEST, [5, "name"]), REQUEST, int, str) == [5, "name"]
    assert unseal(None, REQUEST, int) is None


@pytest.mark.parametrize(
    "place", [["5"], [5, 5], [], [None], [True], [1.5], [[]], [2**63], [-(2**63)], {"a": 1}, "5", 5]
)
def test_token_with_a_place_of_another_form(place: Any) -> None:
    forged = base64.urlsafe_b64encode(json.dumps([REQUEST, place]).encode()).decode()
    with pytest.raises(AwsError, match="The specified nextToken is invalid"):
        unseal(forged, REQUEST, int)


def test_token_of_another_request() -> None:
    with pytest.raises(AwsError, match="The specified nextToken is invalid"):
        unseal(seal(REQUEST, [5]), [*REQUEST, "more"], int)


@given(st.text())
def test_token_of_any_text(text: str) -> None:
    with pytest.raises(AwsError, match="The specified nextToken is invalid"):
        unseal(text, REQUEST, int)
