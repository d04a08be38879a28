"""SQLite as the metadata database: one file, in the server's own process.

Decision: a read runs on the event loop itself, for it takes microseconds from SQLite's cache or the system's, less
than the hand-over to a thread would. Only COMMIT waits for the disk, and runs in a thread (the `sqlite3` module lets
go of the interpreter lock meanwhile). In WAL mode readers see the last committed state while a group of writers
gathers or commits. https://sqlite.org/wal.html
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from types import TracebackType

from clary.state.database import Conflict, Database, Migration, Reader, Row, Transaction, Unavailable, Value
from clary.state.folders import make_folder
from clary.state.group_commit import BlockTransaction, GroupCommit, Session, WriteBlock
from clary.state.migrations import run_migrations

_WORDS = {
    "bytes": "BLOB",
    "clustered": "WITHOUT ROWID",
    "float": "REAL",
    "integer": "INTEGER",
    "serial": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "text": "TEXT",
}
_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID}
#: Pages in the log at which a COMMIT copies them into the database file: 8 MiB.
_CHECKPOINT_PAGES = 2000
#: Bytes of the log beyond which writers wait for readers to leave, so that it begins anew.
_LOG_LIMIT = 64 * 2**20
#: Read connections kept open while nobody uses them.
_SPARE_READERS = 2


class _Reader(Reader):
    """A block that reads; its transaction holds one state of the database from the first statement on."""

    def __init__(self, pool: "_ReaderPool") -> None:
        self._pool = pool
        self._connection: sqlite3.Connection | None = None

    async def __aenter__(self) -> Reader:
        self._connection = self._pool.take()
        self._connection.execute("BEGIN")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connection = self._used
        self._connection = None
        connection.execute("COMMIT")
        self._pool.give_back(connection)

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        row: Row | None = self._used.execute(sql, params).fetchone()
        return row

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        return self._used.execute(sql, params).fetchall()

    @property
    def _used(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the read block of this reader has been left")
        return self._connection


class _ReaderPool:
    """The connections that read: as many as there are blocks under way, of which a few are kept for the next."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spare: list[sqlite3.Connection] = []
        self._closed = False

    def take(self) -> sqlite3.Connection:
        """Return a connection that nobody uses."""
        if self._spare:
            return self._spare.pop()
        connection = _connect(self._path)
        connection.execute("PRAGMA query_only = ON")
        return connection

    def give_back(self, connection: sqlite3.Connection) -> None:
        """Take a connection back."""
        if self._closed or len(self._spare) == _SPARE_READERS:
            connection.close()
        else:
            self._spare.append(connection)

    def close(self) -> None:
        """Close what is spare now, and the others when they come back."""
        self._closed = True
        for connection in self._spare:
            connection.close()
        self._spare.clear()


class _Transaction(BlockTransaction):
    """A write block. A failure that cost SQLite the whole transaction ends it for the block too."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._lost: sqlite3.Error | None = None

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        row: Row | None = self._run(sql, params).fetchone()
        return row

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        return self._run(sql, params).fetchall()

    async def execute(self, sql: str, *params: Value) -> int:
        return max(0, self._run(sql, params).rowcount)

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        self._run("SAVEPOINT many", ())
        try:
            self._connection.executemany(sql, rows)
        except BaseException as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO many")
                self._connection.execute("RELEASE many")
            if isinstance(error, sqlite3.Error):
                raise self._failure(error) from error
            raise
        self._connection.execute("RELEASE many")

    def _run(self, sql: str, params: Sequence[Value]) -> sqlite3.Cursor:
        self.check_open()
        if self._lost is not None:
            raise Unavailable(str(self._lost)) from self._lost
        try:
            return self._connection.execute(sql, params)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> Exception:
        if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in _UNIQUE:
            return Conflict(str(error))
        if not self._connection.in_transaction:  # a full disk, for one, rolls back everything
            self._lost = error
            return Unavailable(str(error))
        return error


class _Session(Session):
    """The connection that writes."""

    def __init__(self, path: Path) -> None:
        self._connection = _connect(path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute("PRAGMA secure_delete = OFF")  # Debian's default overwrites what is deleted
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        self._connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT // 4}")
        self._log = path.with_name(path.name + "-wal")
        self._log_limit = _LOG_LIMIT
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")

    def begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def enter(self) -> BlockTransaction:
        self._connection.execute("SAVEPOINT block")
        return _Transaction(self._connection)

    def keep(self) -> None:
        self._connection.execute("RELEASE block")

    def undo(self) -> None:
        self._connection.execute("ROLLBACK TO block")
        self._connection.execute("RELEASE block")

    def abandon(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def commit(self) -> Awaitable[None]:
        return asyncio.get_running_loop().run_in_executor(self._thread, self._commit)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except BaseException:
            self.abandon()
            raise
        with suppress(sqlite3.Error, OSError):  # the changes are durable; what is wrong with the log shows next time
            if self._log.stat().st_size > self._log_limit:
                self._restart_log()

    def _restart_log(self) -> None:
        """Begin the log anew, which readers that always overlap would put off for ever; here they are waited for.

        One that stays longer than the busy timeout wins: the log goes on growing; the next try comes at twice the size.
        """
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._log_limit = self._log_limit * 2 if busy else _LOG_LIMIT


class SqliteDatabase(Database):
    """The database in the file `path`. One process opens it at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._session: _Session | None = None

    async def open(self) -> None:
        """Create the file and its folder when they are new; SQLite itself takes up what a crash left in the log."""
        make_folder(self._path.parent)
        self._session = _Session(self._path)
        self._commits = GroupCommit(self._session)
        self._readers = _ReaderPool(self._path)
        self._single = self._readers.take()  # for queries outside a block, which need no transaction

    async def close(self) -> None:
        """Wait for the blocks under way, then close. The last connection copies the log into the file."""
        if self._session is None:
            return
        session, self._session = self._session, None
        await self._commits.drain()
        self._readers.close()
        self._readers.give_back(self._single)
        await session.close()

    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Run those of `migrations` that have not been run."""
        await run_migrations(self, migrations, _WORDS)

    def read(self) -> AbstractAsyncContextManager[Reader]:
        """Open a block that reads, on a connection of its own."""
        self._check_open()
        return _Reader(self._readers)

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a block that changes."""
        self._check_open()
        return WriteBlock(self._commits)

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        """Return the first row of one query, or None. One statement sees one state without a transaction."""
        self._check_open()
        row: Row | None = self._single.execute(sql, params).fetchone()
        return row

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        """Return all rows of one query."""
        self._check_open()
        return self._single.execute(sql, params).fetchall()

    def _check_open(self) -> None:
        if self._session is None:
            raise RuntimeError("the database is not open")


def _connect(path: Path) -> sqlite3.Connection:
    # COMMIT runs in another thread than the rest; the turns of the group commit let in one at a time.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.execute("PRAGMA busy_timeout = 200")
    connection.execute("PRAGMA cache_size = -2048")
    return connection
