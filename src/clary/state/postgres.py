"""PostgreSQL as the metadata database, for several servers or a database that is kept elsewhere.

Decision: write blocks are serial by an advisory lock, not by SERIALIZABLE: that isolation asks the caller to run a
block again, and there is nobody here who could. Like on SQLite, the blocks of one server share one connection and one
COMMIT (group commit), so the lock is taken once a group and a flush serves many. Reads have a pool of connections.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import TypeVar

import psycopg
from psycopg import AsyncCursor
from psycopg.pq import TransactionStatus

from clary.state.database import Database, Migration, Reader, Row, Transaction, Unavailable, Value
from clary.state.group_commit import GroupCommit, WriteBlock
from clary.state.migrations import run_migrations
from clary.state.postgres_dialect import WORDS, Connection, connect, numbered, uninterrupted
from clary.state.postgres_session import PostgresSession

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Connections that read at once; further readers wait.
_READERS = 8

_Result = TypeVar("_Result")


class _ReaderPool:
    """The connections that read. One that a restart of the server cut off is replaced, without the caller noticing.

    psycopg's own pool is not used: after an outage it waits for its next try, seconds after the server is back.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._spare: list[Connection] = []
        self._places = asyncio.Semaphore(_READERS)
        self._closed = False

    async def open(self) -> None:
        """Connect once, to see that it can be done.

        Raises:
            Unavailable: it cannot.
        """
        await self.end(await self._take())

    async def close(self) -> None:
        """Close the connections, those in use when they come back."""
        self._closed = True
        await self._drop_spare()

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
        with suppress(psycopg.Error):
            if connection.info.transaction_status != TransactionStatus.IDLE:
                await connection.execute("ROLLBACK")
        if connection.closed or self._closed:
            await connection.close()
        else:
            self._spare.append(connection)
        self._places.release()

    async def _first(self, run: Callable[[Connection], Awaitable[_Result]]) -> tuple[Connection, _Result]:
        """Run on a connection; on a second one if the first proves dead."""
        connection = await self._take()
        try:
            return connection, await run(connection)
        except psycopg.Error:
            await self.end(connection)
            if not connection.closed:
                raise
        await self._drop_spare()  # they were cut off with it
        connection = await self._take()
        try:
            return connection, await run(connection)
        except psycopg.Error as error:
            await self.end(connection)
            if connection.closed:
                raise Unavailable(str(error)) from error
            raise

    async def _take(self) -> Connection:
        await self._places.acquire()
        if self._spare:
            return self._spare.pop()
        try:
            return await connect(self._url)
        except BaseException as error:
            self._places.release()
            if isinstance(error, psycopg.Error):
                raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error
            raise

    async def _drop_spare(self) -> None:
        spare, self._spare = self._spare, []
        for connection in spare:
            await connection.close()


class _Reader(Reader):
    """A block that reads; its transaction holds one state of the database from the first statement on."""

    def __init__(self, pool: _ReaderPool) -> None:
        self._pool = pool
        self._connection: Connection | None = None
        self._open = True
        #: One query at a time, should the tasks of a block run some side by side.
        self._turn = asyncio.Lock()

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
        async with self._turn:
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
