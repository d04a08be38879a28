"""The words of an expression."""

import re
from enum import Enum
from typing import NamedTuple

from clary.ml.select.errors import SelectError

#: The longest expression, in bytes.
MAX_EXPRESSION = 256 * 1024

_TOKEN = re.compile(
    r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<ion>`[^`]*`)
    |(?P<mark><=|>=|<>|!=|\|\||[-+*/%=<>(),.\[\]])""",
    re.VERBOSE | re.DOTALL,
)


class Kind(Enum):
    """What a token is. ION: a literal between backticks; MARK: an operator or punctuation."""

    NUMBER = "number"
    NAME = "name"
    TEXT = "text"
    QUOTED = "quoted"
    ION = "ion"
    MARK = "mark"
    END = "end"


class Token(NamedTuple):
    """One word: `text` without its quotes, `at` its place, from 0, in the expression."""

    kind: Kind
    text: str
    at: int

    @property
    def word(self) -> str:
        """A bare name or mark, in capitals; empty for everything else, which no keyword equals."""
        return self.text.upper() if self.kind in {Kind.NAME, Kind.MARK} else ""


def tokens(expression: str) -> list[Token]:
    """Split an expression; the last token is END.

    Raises:
        SelectError: it is too long, or has a character that begins nothing.
    """
    if len(expression.encode()) > MAX_EXPRESSION:
        raise SelectError("ExpressionTooLong")
    found: list[Token] = []
    at = 0
    while at < len(expression):
        match = _TOKEN.match(expression, at)
        if match is None or "\0" in match[0]:
            raise SelectError("LexerInvalidChar", f"{expression[at]!r} at character {at + 1}")
        if match.lastgroup != "space":
            found.append(Token(Kind(match.lastgroup), _unquoted(match[0]), at))
        at = match.end()
    return [*found, Token(Kind.END, "", at)]


def _unquoted(text: str) -> str:
    quote = text[0]
    return text[1:-1].replace(quote * 2, quote) if quote in "'\"`" else text
