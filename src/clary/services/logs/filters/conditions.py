"""Conditions joined by `&&`, `||` and parentheses, which JSON and column patterns share."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from clary.services.logs.filters.comparison import Test, comparison
from clary.services.logs.filters.pattern import invalid_pattern

#: Returns the values that a selector finds in one message: none when it finds nothing.
Lookup = Callable[[str], Sequence[Any]]
Condition = Callable[[Lookup], bool]

_EXPRESSIONS = 2
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<sign>&&|\|\||!=|<=|>=|=|<|>|\(|\))
        | (?P<text>"(?:[^"\\]|\\.)*") | (?P<expression>%[^%]*%)
        | (?P<selector>\$(?:\.?\[(?:'[^']*'|\d+|\*)\]|\.[\w\-]+)*)
        | (?P<word>[^\s()&|=<>!"%]+)
    )""",
    re.VERBOSE,
)


class Conditions:
    """Reads conditions: `a = 1 && (b != x* || c IS NULL)`, where && binds closer than ||.

    Raises:
        AwsError: InvalidParameterException when the text breaks the grammar.
    """

    def __init__(self, text: str) -> None:
        self.selectors: list[str] = []
        self._tokens = list(_tokens(text))
        self._place = 0
        if sum(kind == "expression" for kind, _ in self._tokens) > _EXPRESSIONS:
            raise invalid_pattern(f"at most {_EXPRESSIONS} regular expressions are allowed")
        self.holds = self._either()
        if self._place < len(self._tokens):
            raise invalid_pattern(f"unexpected {self._tokens[self._place][1]}")

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._took("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda lookup: any(part(lookup) for part in parts)

    def _both(self) -> Condition:
        parts = [self._single()]
        while self._took("&&"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda lookup: all(part(lookup) for part in parts)

    def _single(self) -> Condition:
        if self._took("("):
            inner = self._either()
            if not self._took(")"):
                raise invalid_pattern("a parenthesis is not closed")
            return inner
        selector = self._next("selector", "word")
        self.selectors.append(selector)
        if self._took("NOT"):
            self._expect("EXISTS")
            return lambda lookup: not lookup(selector)
        test = self._state() if self._took("IS") else self._comparison()
        return lambda lookup: any(map(test, lookup(selector)))

    def _state(self) -> Test:
        states: dict[str, Any] = {"NULL": None, "TRUE": True, "FALSE": False}
        word = self._next("word")
        if word not in states:
            raise invalid_pattern(f"IS {word}: only NULL, TRUE and FALSE can follow IS")
        state = states[word]
        return lambda value: value is state

    def _comparison(self) -> Test:
        sign = self._next("sign")
        if sign not in {"=", "!=", "<", "<=", ">", ">="}:
            raise invalid_pattern(f"unexpected {sign}")
        return comparison(sign, self._next("word", "text", "expression"))

    def _took(self, token: str) -> bool:
        found = self._place < len(self._tokens) and self._tokens[self._place][1] == token
        self._place += found
        return found

    def _expect(self, token: str) -> None:
        if not self._took(token):
            raise invalid_pattern(f"{token} is missing")

    def _next(self, *kinds: str) -> str:
        if self._place == len(self._tokens):
            raise invalid_pattern("it ends too early")
        kind, token = self._tokens[self._place]
        if kind not in kinds:
            raise invalid_pattern(f"unexpected {token}")
        self._place += 1
        return token


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, end, text = [], 0, text.rstrip()
    while end < len(text):
        token = _TOKEN.match(text, end)
        if token is None or token.lastgroup is None:
            raise invalid_pattern(f"cannot read {text[end:].strip()!r}")
        tokens.append((token.lastgroup, token[token.lastgroup]))
        end = token.end()
    return tokens
