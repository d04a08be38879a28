"""The one connection of a server that writes to PostgreSQL.

A block costs one round trip a statement: what the group commit asks for between statements is only noted, and travels
in a pipeline with the next statement. Each statement has a savepoint of its own, because PostgreSQL, unlike SQLite,
gives up a transaction in which one statement failed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
from psycopg import AsyncCursor

from clary.state.database import Row, Unavailable, Value
from clary.state.group_commit import BlockTransaction, Session
from clary.state.postgres_dialect import Connection, connect, numbered, translated, uninterrupted

#: The key of the advisory lock: "clary" in ASCII.
_LOCK = int.from_bytes(b"clary", "big")
_BEGIN = ("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", f"SELECT pg_advisory_xact_lock({_LOCK})")
#: An administrator may have made commits faster and less durable; ours are answered, so they are not.
_DURABLE = "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"

_Cursor = AsyncCursor[Row]


class _Transaction(BlockTransaction):
    """A write block."""

    def __init__(self, session: "PostgresSession") -> None:
        super().__init__()
        self._session = session

    async def fetch_one(self, sql: str, *params: Value) -> Row | None:
        cursor = await self._run(sql, params)
        return await cursor.fetchone()

    async def fetch_all(self, sql: str, *params: Value) -> list[Row]:
        cursor = await self._run(sql, params)
        return await cursor.fetchall()

    async def execute(self, sql: str, *params: Value) -> int:
        cursor = await self._run(sql, params)
        return max(0, cursor.rowcount)

    async def execute_many(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        self.check_open()
        await uninterrupted(self._session.run(lambda cursor: cursor.executemany(numbered(sql), rows)))

    async def _run(self, sql: str, params: Sequence[Value]) -> _Cursor:
        self.check_open()
        return await uninterrupted(self._session.run(lambda cursor: cursor.execute(numbered(sql), params)))


class PostgresSession(Session):
    """Connects when it is first needed, and again when the connection was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        #: Commands that travel with the next statement.
        self._noted: list[str] = []
        #: Whether the server has heard of the group's transaction.
        self._begun = False
        self._lost: Exception | None = None
        #: One statement at a time, should the tasks of a block run some side by side.
        self._turn = asyncio.Lock()

    def begin(self) -> None:
        """Note the BEGIN."""
        self._noted = list(_BEGIN)
        self._begun = False
        self._lost = None

    def enter(self) -> BlockTransaction:
        """Note the savepoint."""
        self._noted.append("SAVEPOINT block")
        return _Transaction(self)

    def keep(self) -> None:
        """Note the release.

        Raises:
            Unavailable: the connection was lost, and with it the block.
        """
        self._check()
        self._noted.append("RELEASE SAVEPOINT block")

    def undo(self) -> None:
        """Note the rollback.

        Raises:
            Unavailable: the connection was lost, and with it the group.
        """
        self._check()
        self._noted += ("ROLLBACK TO SAVEPOINT block", "RELEASE SAVEPOINT block")

    def abandon(self) -> None:
        """Hang up: the server rolls back."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def commit(self) -> None:
        """Commit what the server has heard of.

        Raises:
            Unavailable: it did not confirm.
        """
        if not self._begun:
            return
        try:
            cursor = await self._send(lambda cursor: cursor.execute("COMMIT"))
        except Exception as error:
            self.abandon()
            raise Unavailable(str(error)) from error
        if cursor.statusmessage != "COMMIT":  # in a failed transaction the answer is ROLLBACK, and no error
            self.abandon()
            raise Unavailable("the server rolled the transaction back")

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            await self._connection.close()

    async def run(self, statement: Callable[[_Cursor], Awaitable[Any]]) -> _Cursor:
        """Run a statement of the block, in a savepoint of its own.

        Raises:
            Conflict: a unique key is taken.
            Unavailable: the connection was lost, and the group with it.
        """
        async with self._turn:
            self._check()
            self._noted.append("SAVEPOINT statement")
            try:
                cursor = await self._send_or_reconnect(statement)
            except Exception as error:
                if self._connection is None or self._connection.closed:
                    self._lost = error
                    raise Unavailable(str(error)) from error
                self._noted = ["ROLLBACK TO SAVEPOINT statement", "RELEASE SAVEPOINT statement"]
                raise translated(error) from error
            else:
                self._noted = ["RELEASE SAVEPOINT statement"]
                return cursor
            finally:
                self._begun = True

    async def _send_or_reconnect(self, statement: Callable[[_Cursor], Awaitable[Any]]) -> _Cursor:
        """Send; once more if the connection proves dead that nothing of the group was on: the server was restarted."""
        try:
            return await self._send(statement)
        except psycopg.OperationalError:
            if self._begun or self._connection is None or not self._connection.closed:
                raise
        self._connection = None
        return await self._send(statement)

    async def _send(self, statement: Callable[[_Cursor], Awaitable[Any]]) -> _Cursor:
        if self._connection is None:
            self._connection = await connect(self._url)
            await self._connection.execute(_DURABLE)
        cursor = self._connection.cursor()
        async with self._connection.pipeline():
            for command in self._noted:
                await self._connection.execute(command)
            await statement(cursor)
        return cursor

    def _check(self) -> None:
        if self._lost is not None:
            raise Unavailable(str(self._lost)) from self._lost
