"""The contract of a metadata database. One suite (tests/state) runs over every backend.

Decision: everything is `async`, on the one event loop of the server. A Python server is fastest on one thread: no lock
convoys, no thread hand-over for each request. Embedded SQLite answers a read without leaving the loop; only COMMIT,
which waits for the disk, goes to a thread. PostgreSQL waits on a socket, as asyncio is made to.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

#: A value that a statement takes or a row holds.
Value = str | bytes | int | float | None
Row = tuple[Any, ...]


class Conflict(Exception):  # noqa: N818  - it is not an error of anybody's: the caller answers it
    """A row with that unique key is already there."""


class Unavailable(Exception):  # noqa: N818  - named for what the caller is told
    """The database could not do it: the disk is full or broken, the server is gone. Nothing of the block was kept.

    Over a network one case stays open, as everywhere: a connection lost while COMMIT was on its way.
    """


class NewerSchema(Exception):  # noqa: N818  - named for what is wrong with the database
    """The database was written by a later release than this one, which does not know what it would break."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of a schema: `name` (`s3/0001_objects`) is recorded once `statements` have run, and never runs again.

    What stands before the slash is the component. The migrations of a component are passed to `migrate` together and
    whole: a recorded one that is missing from them is taken for the work of a newer release.

    Statements are in the SQL that SQLite and PostgreSQL share, with these words replaced for each backend:
    `{bytes}` (BLOB or BYTEA), `{float}` (REAL or DOUBLE PRECISION), `{serial}` (an ascending integer primary key),
    `{text}` (TEXT compared by its UTF-8 bytes; COLLATE "C" on PostgreSQL), `{integer}` (64 bits), and, behind a
    table's closing parenthesis, `{clustered}` (rows lie in the order of the primary key, where a backend can do that).
    No deferred constraints: what fails at COMMIT fails for all blocks that share it.
    """

    name: str
    statements: Sequence[str]


class Reader(ABC):
    """Reads one consistent state of the database."""

    @abstractmethod
    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        """Return the first row or None. Placeholders are `?` on every backend."""

    @abstractmethod
    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        """Return all rows."""


class Transaction(Reader):
    """Changes that happen together or not at all. It sees its own changes."""

    @abstractmethod
    async def execute(self, sql: str, *params: Value) -> int:
        """Run a statement and return how many rows it changed.

        Raises:
            Conflict: a unique key is taken. The transaction goes on as if the statement had not been run.
        """

    @abstractmethod
    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run a statement once for each row of parameters.

        Raises:
            Conflict: as `execute`; then it was run for none of the rows.
        """

    @abstractmethod
    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the event loop once the transaction is durable; never when it is rolled back.

        It is called before the block's own task goes on, and also when that task was cancelled while it waited.
        """


class Database(ABC):
    """SQL that survives.

    Atomicity: a `write()` block is all or nothing; an exception that leaves it rolls it back and goes on to the caller.
    Durability: when `async with write()` has been left, its changes are on disk. Blocks that end together share one
    flush (group commit), so a caller that waits for the disk waits for at most the flush under way and its own.
    When the flush fails, each of them raises Unavailable. A task cancelled while it waits for the flush does not take
    its changes back: they are kept, though nobody hears of it.
    Isolation: write blocks run one after another as if serial; `read()` sees committed changes only, all of those whose
    block had been left when the read began, and the same state for the length of its block.
    Ownership: readers and transactions die with their block. Blocks do not nest: a write block must not await another
    write block or anything that needs one (a client call), or it waits for itself; that raises RuntimeError.
    Keep write blocks short: no network, no blob bytes, no sleep inside one.
    Threads: all of it belongs to the event loop that opened it.
    """

    @abstractmethod
    async def open(self) -> None:
        """Connect, create the file or schema when it is new, take the database as an earlier release left it."""

    @abstractmethod
    async def close(self) -> None:
        """Finish what was answered and let go of everything. A second call does nothing."""

    @abstractmethod
    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Run those of `migrations` that have not been run, in order, each in a transaction of its own.

        Raises:
            NewerSchema: the database holds migrations of these components that are not among them.
        """

    @abstractmethod
    def read(self) -> AbstractAsyncContextManager[Reader]:
        """Open a block that reads."""

    @abstractmethod
    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a block that changes."""

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        """Return the first row of one query, or None: a `read()` block of a single statement, at less cost."""
        async with self.read() as reader:
            return await reader.fetch_one(sql, *params)

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        """Return all rows of one query: a `read()` block of a single statement, at less cost."""
        async with self.read() as reader:
            return await reader.fetch_all(sql, *params)
