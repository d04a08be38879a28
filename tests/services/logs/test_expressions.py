"""Regular expressions: the automaton says what `re` says, and does not take longer when it is made to."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clary.services.logs.filters import expressions
from clary.services.logs.filters.expressions import Expression
from clary.wire.errors import AwsError

_SINGLE = st.sampled_from(
    ["a", "b", ".", "[ab]", "[^a]", r"\d", r"\W", r"\.", r"\x61", "-", r"[\]a]", "[a-c]", "[[a]", "[a||b]"]
)
_QUANTIFIER = st.sampled_from(["", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "{0}"])
_SEQUENCE = st.lists(st.tuples(_SINGLE, _QUANTIFIER).map("".join), max_size=5).map("".join)
_ALTERNATIVE = st.tuples(st.sampled_from(["", "", "^"]), _SEQUENCE, st.sampled_from(["", "", "$"])).map("".join)
_EXPRESSION = st.lists(_ALTERNATIVE, min_size=1, max_size=3).map("|".join)


@pytest.fixture
def automaton_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(expressions, "_WAYS", 0)
    yield


@pytest.mark.usefixtures("automaton_only")
def test_automaton_agrees_with_re() -> None:
    @given(_EXPRESSION, st.text("abc1.-]\n", max_size=8))
    @example("a{0}b?$", "a\n")
    @example("^a*|b$", "")
    def agrees(text: str, message: str) -> None:
        assert Expression(text).found_in(message) is (re.search(text, message, re.ASCII) is not None)

    agrees()


@pytest.mark.parametrize(
    "text", ["a*a*a*a*a*a*b", "[a-z]{0,300}[a-z]{0,300}b", "(a".replace("(", ".*") + ".*" * 20 + "b"]
)
def test_expression_with_many_ways_answers(text: str) -> None:
    expression = Expression(text)
    assert not expression.found_in("a" * 20_000)
    assert expression.found_in("a" * 20_000 + "b")


@pytest.mark.parametrize(
    "text", ["*a", "a**", "a{2,1}", "a{2000}", "[a", "a]", "{2}", "a|*", "a^b", "a$b", r"\b", "ä", "[b-a]", "(a)"]
)
def test_expression_that_is_not_supported(text: str) -> None:
    with pytest.raises(AwsError, match="Invalid filter pattern"):
        Expression(text)
