"""The condition operators of policies.

Source: "IAM JSON policy elements: Condition operators" and "Multivalued context keys" in the IAM user guide.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from clary.services._base.patterns import Values, matches

#: (value in the request, value in the policy, the request's values for variables) -> do they match?
Match = Callable[[str, str, Values], bool]


@dataclass(frozen=True, slots=True)
class Operator:
    """One comparison. A negated one holds when nothing matches, and so when the key is absent."""

    match: Match
    negated: bool = False


def holds(condition: dict[str, dict[str, Any]], values: Values) -> bool:
    """Say whether every operator and every key of a statement's condition holds.

    Raises:
        Unresolved: a policy variable has no value.
    """
    return all(
        _holds(operator, values.get(key.lower()), _texts(expected), values)
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def _holds(name: str, actual: Sequence[str] | None, expected: Sequence[str], values: Values) -> bool:
    quantifier, _, comparison = name.lower().rpartition(":")
    if comparison == "null":
        return (actual is None) == (expected[:1] == ["true"])
    operator = OPERATORS[comparison.removesuffix("ifexists")]
    if actual is None:
        absent_holds = comparison.endswith("ifexists") or quantifier == "forallvalues"
        return absent_holds or (operator.negated and not quantifier)

    def fits(value: str) -> bool:
        return any(operator.match(value, each, values) for each in expected) is not operator.negated

    if quantifier == "forallvalues" or (operator.negated and not quantifier):
        return all(map(fits, actual))
    return any(map(fits, actual))


def _texts(expected: Any) -> list[str]:
    listed = expected if isinstance(expected, list) else [expected]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in listed]


def _equal(actual: str, expected: str, values: Values) -> bool:
    return matches(expected, actual, values, wild=False)


def _equal_ignoring_case(actual: str, expected: str, values: Values) -> bool:
    return matches(expected, actual, values, wild=False, ignore_case=True)


def _like(actual: str, expected: str, values: Values) -> bool:
    return matches(expected, actual, values)


def _arn_like(actual: str, expected: str, values: Values) -> bool:
    """Compare the six parts of two ARNs one by one: a star does not reach over a colon of the first five."""
    parts, patterns = actual.split(":", 5), expected.split(":", 5)
    return len(parts) == len(patterns) == 6 and all(
        matches(pattern, part, values) for pattern, part in zip(patterns, parts, strict=True)
    )


def _bool(actual: str, expected: str, _: Values) -> bool:
    return actual.lower() == expected.lower()


def _binary(actual: str, expected: str, _: Values) -> bool:
    try:
        return base64.b64decode(actual, validate=True) == base64.b64decode(expected, validate=True)
    except binascii.Error:
        return False


def _in_network(actual: str, expected: str, _: Values) -> bool:
    try:
        return ip_address(actual) in ip_network(expected, strict=False)
    except ValueError:
        return False


def _numeric(compare: Callable[[float, float], bool]) -> Match:
    return _compared(float, compare)


def _dated(compare: Callable[[float, float], bool]) -> Match:
    return _compared(_seconds, compare)


def _compared(read: Callable[[str], float], compare: Callable[[float, float], bool]) -> Match:
    def match(actual: str, expected: str, _: Values) -> bool:
        try:
            return compare(read(actual), read(expected))
        except ValueError:
            return False

    return match


def _seconds(text: str) -> float:
    """Read a date of ISO 8601 or a count of seconds since the epoch."""
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda one, other: one == other,
    "lessthan": lambda one, other: one < other,
    "lessthanequals": lambda one, other: one <= other,
    "greaterthan": lambda one, other: one > other,
    "greaterthanequals": lambda one, other: one >= other,
}

#: Every operator by its name in lower case, without `ForAllValues:`, `ForAnyValue:` and `IfExists`.
OPERATORS: dict[str, Operator] = {
    "stringequals": Operator(_equal),
    "stringnotequals": Operator(_equal, negated=True),
    "stringequalsignorecase": Operator(_equal_ignoring_case),
    "stringnotequalsignorecase": Operator(_equal_ignoring_case, negated=True),
    "stringlike": Operator(_like),
    "stringnotlike": Operator(_like, negated=True),
    "arnequals": Operator(_arn_like),
    "arnnotequals": Operator(_arn_like, negated=True),
    "arnlike": Operator(_arn_like),
    "arnnotlike": Operator(_arn_like, negated=True),
    "bool": Operator(_bool),
    "binaryequals": Operator(_binary),
    "ipaddress": Operator(_in_network),
    "notipaddress": Operator(_in_network, negated=True),
    "numericnotequals": Operator(_numeric(_ORDERS["equals"]), negated=True),
    "datenotequals": Operator(_dated(_ORDERS["equals"]), negated=True),
    "null": Operator(_bool),
    **{f"numeric{name}": Operator(_numeric(order)) for name, order in _ORDERS.items()},
    **{f"date{name}": Operator(_dated(order)) for name, order in _ORDERS.items()},
}
