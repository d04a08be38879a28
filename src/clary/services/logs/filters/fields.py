"""Patterns of JSON messages: `{ $.level = "ERROR" && $.items[0].price > 10 }`."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from clary.services.logs.filters.conditions import Conditions
from clary.services.logs.filters.pattern import invalid_pattern

_STEP = re.compile(r"\.?\[(?:'([^']*)'|(\d+)|(\*))\]|\.([\w\-]+)")

#: A key, an index, or None for every item.
Step = str | int | None


class FieldFilter:
    """A condition on the fields of an object. Messages that are no JSON object never match."""

    def __init__(self, pattern: str) -> None:
        if not pattern.endswith("}"):
            raise invalid_pattern("a brace is not closed")
        self._conditions = Conditions(pattern[1:-1])
        for selector in self._conditions.selectors:
            if not selector.startswith("$"):
                raise invalid_pattern(f"the selector {selector} does not begin with $")

    def matches(self, message: str) -> bool:
        """Say whether the condition holds."""
        lookup = _lookup(message)
        return lookup is not None and self._conditions.holds(lookup)

    def extract(self, message: str) -> dict[str, str]:
        """Return the values of the selectors that the pattern names."""
        lookup = _lookup(message)
        if lookup is None:
            return {}
        found = {selector: lookup(selector) for selector in self._conditions.selectors}
        return {selector: _shown(values[0]) for selector, values in found.items() if values}


def _lookup(message: str) -> Callable[[str], list[Any]] | None:
    if not message.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return lambda selector: _values(document, _steps(selector))


@lru_cache(maxsize=1024)
def _steps(selector: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    for quoted, index, every, name in _STEP.findall(selector):
        steps.append(int(index) if index else None if every else quoted or name)
    return tuple(steps)


def _values(document: Any, steps: tuple[Step, ...]) -> list[Any]:
    values = [document]
    for step in steps:
        values = [below for value in values for below in _below(value, step)]
    return values


def _below(value: Any, step: Step) -> list[Any]:
    if isinstance(step, str):
        return [value[step]] if isinstance(value, dict) and step in value else []
    if not isinstance(value, list):
        return []
    if step is None:
        return value
    return value[step : step + 1]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
