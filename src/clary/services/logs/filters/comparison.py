"""Comparisons of a value in a message with a value in a pattern: `= 4*`, `!= "x"`, `>= 10`, `= %expr%`."""

import operator
import re
from collections.abc import Callable
from typing import Any

from clary.services.logs.filters.expressions import Expression
from clary.services.logs.filters.pattern import invalid_pattern

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

#: Says whether one value of a message (text, number, truth value or null) fits.
Test = Callable[[Any], bool]


def comparison(sign: str, literal: str) -> Test:
    """Return the test of a sign and a literal as it stands in the pattern: bare, in quotes or in percent signs.

    Raises:
        AwsError: InvalidParameterException.
    """
    if sign in _ORDERS:
        return _ordered(_ORDERS[sign], literal)
    equal = _equal(literal)
    return equal if sign == "=" else lambda value: _text(value) is not None and not equal(value)


def _ordered(compare: Callable[[float, float], bool], literal: str) -> Test:
    if not _NUMBER.fullmatch(literal):
        raise invalid_pattern(f"{literal} is not a number")
    bound = float(literal)

    def test(value: Any) -> bool:
        number = _number(value)
        return number is not None and compare(number, bound)

    return test


def _equal(literal: str) -> Test:
    if literal.startswith("%"):
        expression = Expression(literal[1:-1])
        return lambda value: (text := _text(value)) is not None and expression.found_in(text)
    if _NUMBER.fullmatch(literal):
        wanted = float(literal)
        return lambda value: _text(value) == literal or _number(value) == wanted
    bare = re.sub(r"\\(.)", r"\1", literal[1:-1]) if literal.startswith('"') else literal
    wild = _wild(bare)
    return lambda value: (text := _text(value)) is not None and wild.fullmatch(text) is not None


def _wild(text: str) -> re.Pattern[str]:
    """Compile a text in which a star stands for anything; each is matched once and for all, so none costs more."""
    first, *rest = (re.escape(part) for part in re.split(r"\*+", text))
    between = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(first + between + (".*" + rest[-1] if rest else ""), re.DOTALL)


def _text(value: Any) -> str | None:
    """Return a value as text; None for what has none (null, objects, lists)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
