"""One page of a listing: keys in order, those behind a delimiter rolled up into common prefixes.

The rows come from an index by key, a batch at a time. When a batch ends inside a common prefix the next one starts
behind that prefix, so a page costs the same however many keys the prefix hides, and however many the bucket holds.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from clary.state.database import Row

#: UTF-8 has no byte 0xFF, so it sorts behind every continuation of what it follows.
AFTER = b"\xff"

#: A place in the order: a key, and what orders the rows of one key (a version's rank, an upload's id).
Tie = TypeVar("Tie", int, str)

#: Rows from a place (inclusive) up to a key (exclusive), at most so many. A row begins with its key and its tie.
Fetch = Callable[[tuple[bytes, Tie], bytes, int], Awaitable[Sequence[Row]]]


@dataclass(slots=True)
class Page:
    """`entries` in order, each a row or a common prefix; `truncated`: there are more."""

    entries: list[Row | bytes] = field(default_factory=list)
    truncated: bool = False

    @property
    def rows(self) -> list[Row]:
        """Return the entries that are no common prefix."""
        return [entry for entry in self.entries if not isinstance(entry, bytes)]

    @property
    def prefixes(self) -> list[bytes]:
        """Return the common prefixes."""
        return [entry for entry in self.entries if isinstance(entry, bytes)]


async def collect(
    fetch: Fetch[Tie], first: Tie, *, prefix: bytes, delimiter: bytes, start: tuple[bytes, Tie], limit: int
) -> Page:
    """Return the page of at most `limit` entries with `prefix` from the place `start`, inclusive, on.

    `first` is the tie that sorts before all others of its type.
    """
    page = Page()
    if limit == 0:
        return page
    start = max(start, (prefix, first))
    batch = limit + 1 if not delimiter else min(limit + 1, 32)
    common = b""
    while True:
        rows = await fetch(start, prefix + AFTER, batch)
        hidden = 0
        for row in rows:
            key: bytes = row[0]
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            rolled = key[: cut + len(delimiter)] if cut >= 0 else b""
            if rolled and rolled == common:
                hidden += 1
                continue
            if len(page.entries) == limit:
                page.truncated = True
                return page
            common = rolled
            page.entries.append(rolled or row)
        if len(rows) < batch:
            return page
        start = (common + AFTER, first) if common else _behind(rows[-1])
        batch = max(8, batch // 4) if hidden * 2 > batch else min(limit + 1, batch * 4)


def _behind(row: Row) -> tuple[bytes, Any]:
    key, tie = row[0], row[1]
    # No upload id is the beginning of another one.
    return key, (tie + 1 if isinstance(tie, int) else tie + "0")
