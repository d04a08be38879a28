"""The models' patterns, which are Java's regular expressions, as Python's."""

import re
from collections.abc import Callable
from typing import Any

Match = Callable[[Any], bool]


def matcher(pattern: str) -> Match | None:
    """Return the test that a whole text matches, None for a pattern that Python cannot express."""
    compiled: Callable[[str], object] | None = None

    def matches(value: Any) -> bool:
        nonlocal compiled
        if compiled is None:
            try:
                compiled = re.compile(pattern, re.ASCII).fullmatch
            except re.error:
                compiled = lambda text: True
        return compiled(value) is not None

    return matches
