"""The contract of a blob store: bytes too large for the metadata database. One suite runs over every backend."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence


class Corrupt(Exception):  # noqa: N818
    """A blob's bytes are not the bytes that were written."""


class BlobWriter(ABC):
    """A blob while it is written. It exists for nobody until `finish`, and not at all after `abort`."""

    @abstractmethod
    async def write(self, chunk: bytes) -> None:
        """Append bytes. Waits while the disk is behind.

        Raises:
            OSError: ENOSPC and its like; the caller aborts.
        """

    @abstractmethod
    async def finish(self) -> str:
        """Make the blob durable (data and directory entry) and return its id.

        The caller then writes the id into the metadata database. Until that commits, the blob is provisional: `recover`
        removes it at the next start.
        """

    @abstractmethod
    async def abort(self) -> None:
        """Remove what was written. After `finish` it removes the blob."""


class BlobStore(ABC):
    """Immutable blobs under ids of its own making.

    Two-step rule, so that no crash loses or leaks bytes: write the blob, `finish` it, then commit its id in the
    database and call `keep`; to delete, commit the removal of the id in the database, then call `discard`. `recover`
    at start puts right what lay between the steps of writing; `sweep` finds what a crash between the steps of deleting
    left behind. Readers of a discarded blob that have begun go on to their end.

    One owner: the `live` that is passed to `recover` and `sweep` speaks for all blobs of the store.
    """

    @abstractmethod
    async def open(self) -> None:
        """Create the folders."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what goes on in the background. A second call does nothing."""

    @abstractmethod
    def has_room(self, size: int) -> bool:
        """Say whether a blob of `size` bytes may be begun. A store that is nearly full keeps its last space for others:
        databases beside it need some even to delete.
        """

    @abstractmethod
    def create(self) -> BlobWriter:
        """Begin a blob."""

    @abstractmethod
    def keep(self, blob_id: str) -> None:
        """The id is committed: the blob is no longer provisional. Need not be durable by itself."""

    @abstractmethod
    def discard(self, blob_ids: Sequence[str]) -> None:
        """The ids are gone from the database: remove their bytes, in the background."""

    @abstractmethod
    async def size(self, blob_id: str) -> int:
        """Return the length in bytes.

        Raises:
            KeyError: no such blob.
        """

    @abstractmethod
    def read(self, blob_id: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`.

        Raises:
            KeyError: no such blob.
            Corrupt: the bytes are not what was written. Bytes found bad are not yielded.
        """

    @abstractmethod
    async def recover(self, live: Callable[[Sequence[str]], Awaitable[set[str]]]) -> int:
        """After a start: keep the provisional blobs that `live` knows, remove the others; return how many were removed.

        `live` is asked with batches of ids and answers those that the database holds.
        """

    @abstractmethod
    async def sweep(self, live: Callable[[Sequence[str]], Awaitable[set[str]]]) -> int:
        """Remove kept blobs that `live` does not know; return how many. To be run in the background after a start.

        A scan of all ids, in small steps, beside everything else: it needs no record of deletions to survive a crash.
        """

    @abstractmethod
    def verify(self) -> AsyncIterator[tuple[str, str]]:
        """Read every blob and yield (id, what is wrong with it) for those that are not what was written."""
