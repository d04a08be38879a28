"""The patterns of policies: `*` and `?`, and policy variables such as `${aws:username}`.

A pattern becomes a regular expression whose stars are atomic, so that no pattern takes more than quadratic time.
What a variable stands for is taken literally: a star in a user's name matches a star.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

#: Condition keys in lower case, each with the values that the request has for it.
Values = Mapping[str, Sequence[str]]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*", "?", "$"}
_DEFAULT = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?")


class Unresolved(Exception):  # noqa: N818  - an answer, not a fault: the statement does not match
    """The request has no single value for a policy variable."""


def matches(pattern: str, text: str, values: Values, *, wild: bool = True, ignore_case: bool = False) -> bool:
    """Say whether the whole `text` fits. `wild` off takes stars and question marks literally.

    Raises:
        Unresolved: the pattern has a variable without a value.
    """
    if "${" not in pattern:
        return compiled(pattern, wild, ignore_case).fullmatch(text) is not None
    return _compile(_pieces(pattern, values), wild, ignore_case).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def compiled(pattern: str, wild: bool, ignore_case: bool) -> re.Pattern[str]:
    """Return the expression of a pattern without variables."""
    return _compile([(pattern, True)], wild, ignore_case)


def _pieces(pattern: str, values: Values) -> list[tuple[str, bool]]:
    """Split into (text, whether its wildcards count), with the variables' values put in."""
    pieces, end = [], 0
    for found in _VARIABLE.finditer(pattern):
        pieces.append((pattern[end : found.start()], True))
        pieces.append((_value(found[1], values), False))
        end = found.end()
    return [*pieces, (pattern[end:], True)]


def _value(variable: str, values: Values) -> str:
    if variable in _LITERALS:
        return variable
    parsed = _DEFAULT.fullmatch(variable)
    if parsed is None:
        raise Unresolved(variable)
    known = values.get(parsed[1].lower(), ())
    if len(known) == 1:
        return known[0]
    if parsed[2] is None:
        raise Unresolved(variable)
    return parsed[2]


def _compile(pieces: Sequence[tuple[str, bool]], wild: bool, ignore_case: bool) -> re.Pattern[str]:
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    runs = [""]
    for text, counts in pieces:
        if not (wild and counts):
            runs[-1] += re.escape(text)
            continue
        for place, run in enumerate(re.split(r"\*+", text)):
            expression = ".".join(re.escape(part) for part in run.split("?"))
            if place:
                runs.append(expression)
            else:
                runs[-1] += expression
    if len(runs) == 1:
        return re.compile(runs[0], flags)
    first, *between, last = runs
    return re.compile(first + "".join(f"(?>.*?{run})" for run in between if run) + ".*" + last, flags)
