"""The state of one service in one scope: what `ctx.state` is."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

from clary.state.database import Transaction
from clary.state.records import Page, Query, Record


class RecordReader(ABC):
    """Reads the records of one scope."""

    @abstractmethod
    async def get(self, kind: str, key: str) -> Record | None:
        """Return the record or None."""

    @abstractmethod
    async def list(self, kind: str, query: Query) -> Page:
        """Return one page.

        Raises:
            StaleCursor: the cursor does not belong to this kind, scope and order.
        """


class RecordWriter(RecordReader):
    """Changes the records of one scope inside one transaction. `sql` is that transaction, for tables of one's own."""

    sql: Transaction

    @abstractmethod
    async def insert(self, kind: str, record: Record, *, parent: str | None = None) -> None:
        """Add a record.

        Raises:
            Conflict: the key is taken.
        """

    @abstractmethod
    async def update(self, kind: str, record: Record) -> Record:
        """Replace body, status and times of the record with that key; return it with its new version.

        Raises:
            Stale: the stored version is not `record.version`.
        """

    @abstractmethod
    async def delete(self, kind: str, key: str) -> bool:
        """Remove the record; say whether it was there."""


class Store(RecordReader):
    """The records of one scope. Reads outside a block see what is committed."""

    @abstractmethod
    def write(self) -> AbstractAsyncContextManager[RecordWriter]:
        """Open a write block: everything that `Database.write` says holds."""
