"""The models' patterns, which are Java's regular expressions, as Python's.

AWS matches them against the whole text. They differ from Python's in the classes by Unicode category (`\\p{L}`), in
characters spelled as two halves (`\\uD800\\uDC00`), in what a dot leaves out, and in a hyphen after a class
(`[\\w-.]`).
"""

import re
import sys
from collections.abc import Callable
from functools import cache
from itertools import chain
from unicodedata import category

#: Patterns that are too narrow to be what AWS checks: one letter, for names of many.
FAULTY = frozenset({"^[a-zA-Z]$", "[0-9a-zA-Z._:-]"})

#: Patterns whose nested repeats take a backtracking matcher ages over a text that almost matches, each with one that
#: says the same and does not.
LINEAR = {
    r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$": r"[a-z0-9*]+(?:[._\-/][a-z0-9*]+)*",
    r"^[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*$": r"\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*",
    r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$": r"\t*[\x20-\x7E][\t\x20-\x7E]*",
    r"[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?": r"[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    r"https://([.\-_a-zA-Z0-9]+/?){3,1016}": r"https://([.\-_a-zA-Z0-9]/?){3,}",
    r"^([A-Za-z](-|_|.)?)+$": r"(?=[A-Za-z])([A-Za-z]+[^A-Za-z\n\r\x85\u2028\u2029])*[A-Za-z]*",
}

#: What stands in a pattern apart from its plain characters.
TOKEN = re.compile(
    r"(?P<pair>\\u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w)"
    r"|\\(?P<negation>[pP])\{(?P<category>\w+)\}"
    r"|(?P<end>\\z)"
    r"|(?P<range>(?<=\\[wdsWDS])-(?!\]))"
    r"|(?P<anchor>(?<!\\)\$\{\d+,\d+\})"
    r"|(?P<flag>\(\?i\))"
    r"|(?P<escape>\\.)"
    r"|(?P<bracket>[\[\]])"
    r"|(?P<dot>\.)",
    re.ASCII | re.DOTALL,
)
#: A dot of Java's leaves out every end of a line.
NOT_LINE_END = r"[^\n\r\x85\u2028\u2029]"
#: Where characters are assigned at all, or begin to be of one category: looking at a million others takes long.
PLANES = (range(1, 0x34000), range(0xE0000, 0xE1000), (0xF0000, 0xFFFFE, 0x100000, 0x10FFFE))
#: Classes that are no categories.
POSIX = {"ASCII": r"\x00-\x7f", "Alnum": "a-zA-Z0-9", "Print": r"\x20-\x7e"}


class Matcher:
    """The test that a whole text matches a pattern: `fullmatch(text)` is None where it does not.

    It compiles when it is first used: few members of few operations ever are. A pattern that Python cannot say (a test
    shows that there is none now) lets everything pass.
    """

    __slots__ = ("_pattern", "fullmatch")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        #: Replaced by the compiled pattern's own method.
        self.fullmatch: Callable[[str], object] = self._first

    def _first(self, value: str) -> object:
        try:
            self.fullmatch = compile_java(LINEAR.get(self._pattern, self._pattern)).fullmatch
        except re.error:
            self.fullmatch = re.compile("(?s).*").fullmatch
        return self.fullmatch(value)


def matcher(pattern: str) -> Matcher | None:
    """Return the test for a pattern, None for one that says nothing of use."""
    return None if pattern in FAULTY else Matcher(pattern)


def compile_java(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of Java's; re.error where Python cannot say it."""
    in_class = 0
    is_dotall = pattern.startswith("(?s)")

    def translate(token: re.Match[str]) -> str:
        nonlocal in_class
        match token.lastgroup:
            case "pair":
                return character(token["pair"])
            case "category":
                return category_class(token["category"], negated=token["negation"] == "P", bare=bool(in_class))
            case "end":
                return r"\Z"
            case "range":
                return r"\-" if in_class else "-"
            case "anchor":
                return "$"
            case "flag":
                return ""
            case "bracket":
                in_class = token[0] == "["
            case "dot" if not in_class and not is_dotall:
                return NOT_LINE_END
        return token[0]

    translated = TOKEN.sub(translate, pattern)
    return re.compile(translated, re.ASCII | (re.IGNORECASE if "(?i)" in pattern else re.NOFLAG))


def character(pair: str) -> str:
    """Return the one character that `\\uD800\\uDC00` spells, as Python spells it."""
    high, low = int(pair[2:6], 16), int(pair[8:12], 16)
    return f"\\U{0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00):08x}"


def category_class(name: str, *, negated: bool, bare: bool) -> str:
    """Return the characters of a category, `bare` where they stand within brackets already."""
    if name in POSIX:
        return POSIX[name] if bare else f"[{'^' if negated else ''}{POSIX[name]}]"
    return ranges(name, negated) if bare else f"[{ranges(name, negated)}]"


@cache
def ranges(name: str, negated: bool) -> str:
    """Return the ranges of the characters whose category begins with `name` (`L`, `Zs`), or of all others."""
    found: list[list[int]] = []
    for start, end, kind in runs():
        if kind.startswith(name) == negated:
            continue
        if found and found[-1][1] + 1 == start:
            found[-1][1] = end
        else:
            found.append([start, end])
    return "".join(f"\\U{start:08x}-\\U{end:08x}" for start, end in found)


@cache
def runs() -> list[tuple[int, int, str]]:
    """Return runs of characters of one category: first, last, category."""
    found, start, kind = [], 0, category("\0")
    for code in chain(*PLANES):
        if (current := category(chr(code))) != kind:
            found.append((start, code - 1, kind))
            start, kind = code, current
    return [*found, (start, sys.maxunicode, kind)]
