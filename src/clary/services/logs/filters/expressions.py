"""Regular expressions of filter patterns, matched in time that grows with the message and with nothing else.

Decision: Python's `re` tries one way after another, so that `%a*a*a*b%` on one long line would stop the server. AWS's
expressions have neither groups nor back references, so an automaton whose states are the bits of one number reads
every character once (the Shift-And algorithm, extended by optional and repeated characters: Navarro and Raffinot,
"Flexible Pattern Matching in Strings", 2002, section 4.2). Where the ways cannot be many, `re` is faster, and is used.

Source: "Supported regular expressions (regex) syntax" in the CloudWatch Logs user guide.
"""

import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from clary.services.logs.filters.pattern import invalid_pattern

_ALLOWED = re.compile(r"[\w:#=@/;,\- ^$?\[\]{}|\\*+.]*", re.ASCII)
_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_ALTERNATIVE = re.compile(rf"((?:\\.|{_CLASS}|[^|\\\[])*)(\||$)")
_ITEM = re.compile(
    rf"(\\x[0-9a-fA-F]{{2}}|\\[dDsSwW]|\\[^\w\s]|{_CLASS}|[^\\\[\]{{}}|*+?^$])"
    r"(?:([*+?])|\{(\d{1,4})(,(\d{1,4})?)?\})?",
    re.ASCII,
)
_PLACES = 1000
_CHARACTERS = 5000
#: Ways that `re` may have to try before the automaton is the better choice.
_WAYS = 100_000


@dataclass(frozen=True, slots=True)
class _Place:
    """One character of an alternative: which ones fit, whether it may be missing, and whether it may come again."""

    fits: Callable[[str], object]
    optional: bool = False
    again: bool = False


class Expression:
    """What stands between two percent signs.

    Raises:
        AwsError: InvalidParameterException when it has what AWS does not support.
    """

    def __init__(self, text: str) -> None:
        if not _ALLOWED.fullmatch(text):
            raise invalid_pattern(f"the regular expression %{text}% has characters that are not supported")
        self._text = text
        self._places: list[_Place | None] = []  # None ends an alternative
        self._first = self._restart = self._optional = self._again = self._accept = self._accept_at_end = 0
        for alternative in self._alternatives():
            self._add(alternative)
        self._fitting: dict[str, int] = {}
        variable = sum(place is not None and place.optional for place in self._places)
        self._plain_length = int(_WAYS ** (1 / (variable + 1)))
        self._plain = _compiled(text, text)

    def found_in(self, message: str) -> bool:
        """Say whether some part of a message fits."""
        if len(message) <= self._plain_length:
            return self._plain.search(message) is not None
        line = message.removesuffix("\n")
        state = self._read(self._closed(self._first), line)
        if state & (self._accept | self._accept_at_end):
            return True
        return line != message and bool(self._read(state, "\n") & (self._accept | self._accept_at_end))

    def _read(self, state: int, text: str) -> int:
        """Return the state after a text, or the first one that accepts."""
        fitting, again, restart, accept = self._fitting, self._again, self._restart, self._accept
        for character in text:
            if state & accept:
                return state
            fits = fitting.get(character)
            state &= self._fits(character) if fits is None else fits
            state = self._closed((state & ~again) << 1 | state & again | restart)
        return state

    def _closed(self, state: int) -> int:
        """Add the places that are reached by leaving out optional ones.

        Adding a bit at the beginning or in the midst of a run of ones carries to the place behind the run: the bits
        that this changes are those that can be reached.
        """
        return state | (self._optional + (state & self._optional)) ^ self._optional

    def _fits(self, character: str) -> int:
        if len(self._fitting) >= _CHARACTERS:
            self._fitting.clear()
        fits = sum(1 << bit for bit, place in enumerate(self._places) if place and place.fits(character))
        self._fitting[character] = fits
        return fits

    def _alternatives(self) -> Iterator[str]:
        end, bar = 0, "|"
        while bar:
            found = _ALTERNATIVE.match(self._text, end)
            if found is None:
                raise invalid_pattern(f"cannot read the regular expression %{self._text}%")
            yield found[1]
            bar, end = found[2], found.end()

    def _add(self, alternative: str) -> None:
        begin = 1 << len(self._places)
        self._first |= begin
        anchored = alternative.startswith("^")
        self._restart |= 0 if anchored else begin
        end = int(anchored)
        while end < len(alternative) and alternative[end:] != "$":
            item = _ITEM.match(alternative, end)
            if item is None:
                raise invalid_pattern(f"cannot read the regular expression %{self._text}%")
            for place in self._repeated(item):
                self._append(place)
            end = item.end()
        final = 1 << len(self._places)
        if end < len(alternative):
            self._accept_at_end |= final
        else:
            self._accept |= final
        self._places.append(None)

    def _append(self, place: _Place) -> None:
        if len(self._places) >= _PLACES:
            raise invalid_pattern(f"the regular expression %{self._text}% is too large")
        bit = 1 << len(self._places)
        self._optional |= bit if place.optional else 0
        self._again |= bit if place.again else 0
        self._places.append(place)

    def _repeated(self, item: re.Match[str]) -> Iterator[_Place]:
        source, sign, least, comma, most = item.groups()
        fits = _compiled(source, self._text).fullmatch
        fewest = {"*": 0, "?": 0, "+": 1}.get(sign, 1) if least is None else int(least)
        if most is not None and int(most) < fewest:
            raise invalid_pattern(f"%{self._text}%: {least} is more than {most}")
        for _ in range(fewest):
            yield _Place(fits)
        if sign in {"*", "+"} or (comma and most is None):
            yield _Place(fits, optional=True, again=True)
        elif sign == "?" or most is not None:
            for _ in range(1 if most is None else int(most) - fewest):
                yield _Place(fits, optional=True)


def _compiled(source: str, text: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of sets within sets, which `re` may have one day
        try:
            return re.compile(source, re.ASCII)
        except re.error as error:
            raise invalid_pattern(f"%{text}%: {error}") from None
