"""The contract of append-only logs: job output, streams. One suite runs over every backend."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """One entry: its place in the log, seconds since the epoch as the writer gave them, and its bytes."""

    sequence: int
    at: float
    data: bytes


class Log(ABC):
    """Append-only logs by name.

    The entries of a log are numbered from 0 without gaps, in the order in which they were appended; times need not
    ascend. A log begins to exist with its first entry; one that does not exist reads as an empty one. Idle logs cost
    nothing but their bytes.

    Names: give each incarnation of a thing a name of its own (an id, not "group/stream"), so that a log left behind by
    a crash between the removal of the thing from the database and `delete` is not taken for its successor's; `sweep`
    removes it. All of it belongs to the event loop that opened it.
    """

    @abstractmethod
    async def open(self) -> None:
        """Create the folders."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was begun. A second call does nothing."""

    @abstractmethod
    async def append(self, name: str, entries: Sequence[tuple[float, bytes]]) -> int:
        """Append (time, bytes) pairs; return the number of the first once all are on disk.

        Concurrent calls for a log share a flush. After a crash a call that had not returned is found in part or whole
        or not at all.

        Raises:
            OSError: ENOSPC and its like; nothing was appended.
        """

    @abstractmethod
    async def read(self, name: str, start: int, limit: int, max_bytes: int | None = None) -> list[Entry]:
        """Return up to `limit` entries from number `start` on, or from the first there is when `start` was trimmed.

        No more than `max_bytes` of data, but one entry at least. Only what is on disk is read.

        Raises:
            Corrupt: an entry asked for is not what was written. Those behind it can be read.
        """

    @abstractmethod
    async def head(self, name: str) -> int:
        """Return the number of the first entry that is kept (equal to `tail` when there is none)."""

    @abstractmethod
    async def tail(self, name: str) -> int:
        """Return the number that the next entry will get."""

    @abstractmethod
    async def seek_time(self, name: str, at: float) -> int:
        """Return the number of the first entry whose time is `at` or later, else `tail`."""

    @abstractmethod
    async def trim(self, name: str, before: int) -> None:
        """Give back the space of entries before that number. Some of them may stay readable: space goes in segments."""

    @abstractmethod
    async def delete(self, name: str) -> None:
        """Remove the log. Nothing happens when there is none."""

    @abstractmethod
    async def sweep(self, live: Callable[[Sequence[str]], Awaitable[set[str]]]) -> int:
        """Remove the logs whose names `live` does not know; return how many. It is asked with batches of names."""
