"""Patterns of terms: `ERROR "exact phrase" -excluded ?either ?or %expr[ession]%`."""

import re
from collections.abc import Callable

from clary.services.logs.filters.expressions import Expression
from clary.services.logs.filters.pattern import invalid_pattern

_TERM = re.compile(r'\s*([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"%]+))(?=\s|$)')
_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\(.)")

Test = Callable[[str], bool]


class TermFilter:
    """Every plain term must be in the message, no excluded one, and one of the optional ones if there are any.

    AWS ignores the question marks where terms of another kind stand beside them: then all must be in the message.
    """

    def __init__(self, pattern: str) -> None:
        marks: dict[str, list[Test]] = {"": [], "-": [], "?": []}
        end = 0
        while end < len(pattern):
            term = _TERM.match(pattern, end)
            if term is None:
                raise invalid_pattern(f"cannot read {pattern[end:].strip()!r}")
            marks[term[1]].append(_test(term))
            end = term.end()
        required, excluded, optional = marks[""], marks["-"], marks["?"]
        if required or excluded:
            required, optional = required + optional, []
        self._required, self._excluded, self._optional = required, excluded, optional

    def matches(self, message: str) -> bool:
        """Say whether the terms fit."""
        return (
            all(test(message) for test in self._required)
            and not any(test(message) for test in self._excluded)
            and (not self._optional or any(test(message) for test in self._optional))
        )

    def extract(self, message: str) -> dict[str, str]:
        """Terms name nothing."""
        return {}


def _test(term: re.Match[str]) -> Test:
    _, phrase, regex, word = term.groups()
    if regex is not None:
        return Expression(regex).found_in
    if phrase is not None:
        text = _ESCAPE.sub(r"\1", phrase)
    elif _WORD.fullmatch(word):
        text = word
    else:
        raise invalid_pattern(f"Invalid character(s) in term '{word}'")
    return lambda message: text in message
