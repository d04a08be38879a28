"""PostgreSQL as the metadata database, for several servers or a database that is kept elsewhere.

Decision: write blocks are serial by an advisory lock, not by SERIALIZABLE: that isolation asks the caller to run a
block again, and there is nobody here who could. Like on SQLite, the blocks of one server share one connection and one
COMMIT (group commit), so the lock is taken once a group and a flush serves many. Reads have a pool of connections.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import TypeVar

import psycopg
from psycopg import AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from clary.state.database import Database, Migration, Reader, Row, Transaction, Unavailable, Value
from clary.state.group_commit import GroupCommit, WriteBlock
from clary.state.migrations import run_migrations
from clary.state.postgres_dialect import CONNECTION, WORDS, Connection, configure, numbered, uninterrupted
from clary.state.postgres_session import PostgresSession

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Connections that read at once; further readers wait.
_READERS = 8
#: How long a connection is waited for.
_SECONDS = 10

_Result = TypeVar("_Result")


class _ReaderPool:
    """The connections that read. One that a restart of the server cut off is replaced, without the caller noticing."""

    def __init__(self, url: str) -> None:
        self._pool = AsyncConnectionPool[Connection](
            url, open=False, min_size=1, max_size=_READERS, timeout=_SECONDS, kwargs=CONNECTION, configure=configure
        )

    async def open(self) -> None:
        """Connect once, to see that it can be done.

        Raises:
            Unavailable: it cannot.
        """
        try:
            await self._pool.open(wait=True, timeout=_SECONDS)
        except psycopg.Error as error:
            await self._pool.close()
            raise Unavailable(f"PostgreSQL did not answer in {_SECONDS} s: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.close()

    async def single(self, sql: bytes, params: Sequence[Value]) -> AsyncCursor[Row]:
        """Run one query outside any transaction."""
        connection, cursor = await self._first(lambda connection: connection.execute(sql, params))
        await self.end(connection)
        return cursor

    async def begin(self, sql: bytes, params: Sequence[Value]) -> tuple[Connection, AsyncCursor[Row]]:
        """Begin a transaction with its first query; `end` takes the connection back."""

        async def run(connection: Connection) -> AsyncCursor[Row]:
            async with connection.pipeline():
                await connection.execute(_BEGIN)
                return await connection.execute(sql, params)

        return await self._first(run)

    async def end(self, connection: Connection) -> None:
        """End the transaction, if one is open, and take the connection back."""
        if not connection.closed and connection.info.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                await connection.execute("ROLLBACK")
        await self._pool.putconn(connection)

    async def _first(self, run: Callable[[Connection], Awaitable[_Result]]) -> tuple[Connection, _Result]:
        for attempt in (1, 2):
            connection = await self._take()
            try:
                return connection, await run(connection)
            except psycopg.Error as error:
                lost = connection.closed
                await self.end(connection)
                if not lost:
                    raise
                if attempt == 2:
                    raise Unavailable(str(error)) from error
                await self._pool.check()  # the others were cut off with it
        raise AssertionError("the second attempt returns or raises")

    async def _take(self) -> Connection:
        try:
            return await self._pool.getconn()
        except psycopg.OperationalError as error:
            raise Unavailable(str(error)) from error


class _Reader(Reader):
    """A block that reads; its transaction holds one state of the database from the first statement on."""

    def __init__(self, pool: _ReaderPool) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        self._open = True

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if self._connection is not None:
            await uninterrupted(self._pool.end(self._connection))

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        return await (await self._run(sql, params)).fetchone()

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        return await (await self._run(sql, params)).fetchall()

    async def _run(self, sql: str, params: Sequence[Value]) -> AsyncCursor[Row]:
        if not self._open:
            raise RuntimeError("the read block of this reader has been left")
        return await uninterrupted(self._execute(numbered(sql), params))

    async def _execute(self, sql: bytes, params: Sequence[Value]) -> AsyncCursor[Row]:
        if self._connection is None:
            self._connection, cursor = await self._pool.begin(sql, params)
            return cursor
        try:
            return await self._connection.execute(sql, params)
        except psycopg.Error as error:
            if self._connection.closed:
                raise Unavailable(str(error)) from error
            raise


class PostgresDatabase(Database):
    """The database at a URL that libpq takes (`postgresql://user:password@host/name?sslmode=require`).

    Its tables live in the schema that the user's `search_path` begins with.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: PostgresSession | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: the server does not answer.
        """
        self._readers = _ReaderPool(self._url)
        await self._readers.open()
        self._session = PostgresSession(self._url)
        self._commits = GroupCommit(self._session)

    async def close(self) -> None:
        """Wait for the blocks under way, then disconnect."""
        if self._session is None:
            return
        session, self._session = self._session, None
        await self._commits.drain()
        await session.close()
        await self._readers.close()

    async def migrate(self, migrations: Sequence[Migration]) -> None:
        """Run those of `migrations` that have not been run."""
        await run_migrations(self, migrations, WORDS)

    def read(self) -> AbstractAsyncContextManager[Reader]:
        """Open a block that reads."""
        self._check_open()
        return _Reader(self._readers)

    def write(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a block that changes."""
        self._check_open()
        return WriteBlock(self._commits)

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        """Return the first row of one query, or None, in one round trip."""
        self._check_open()
        return await (await uninterrupted(self._readers.single(numbered(sql), params))).fetchone()

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        """Return all rows of one query, in one round trip."""
        self._check_open()
        return await (await uninterrupted(self._readers.single(numbered(sql), params))).fetchall()

    def _check_open(self) -> None:
        if self._session is None:
            raise RuntimeError("the database is not open")
