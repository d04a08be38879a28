"""Regular expressions of filters: they say what `re` says, and do not take longer when they are made to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.logs.filters.expressions import Expression
from clary.wire.errors import AwsError

_SINGLE = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\W", r"\.", r"\x61", "-", r"[\]a]", "[a-c]"])
_QUANTIFIER = st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}"])
_SEQUENCE = st.lists(st.tuples(_SINGLE, _QUANTIFIER).map("".join), max_size=5).map("".join)
_ALTERNATIVE = st.tuples(st.sampled_from(["", "", "^"]), _SEQUENCE, st.sampled_from(["", "", "$"])).map("".join)
_EXPRESSION = st.lists(_ALTERNATIVE, min_size=1, max_size=3).map("|".join)


@given(_EXPRESSION, st.text("abc1.-]", max_size=8))
def test_expression_agrees_with_re(text: str, message: str) -> None:
    assert Expression(text).found_in(message) is (re.search(text, message, re.ASCII) is not None)


@pytest.mark.parametrize(
    "text", ["a*a*a*a*a*a*b", "[a-z]{0,300}[a-z]{0,300}b", "(a".replace("(", ".*") + ".*" * 20 + "b"]
)
def test_expression_with_many_ways_answers(text: str) -> None:
    expression = Expression(text)
    assert not expression.found_in("a" * 20_000)
    assert expression.found_in("a" * 20_000 + "b")


@pytest.mark.parametrize("text", ["*a", "a**", "a{2,1}", "a{2000}", "[a", "{2}", "a|*", r"\b", "ä", "[b-a]", "(a)"])
def test_expression_that_is_not_supported(text: str) -> None:
    with pytest.raises(AwsError, match="Invalid filter pattern"):
        Expression(text)
