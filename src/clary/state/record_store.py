"""Records in a table of any `Database`.

A record's kind is stored as `SERVICE.KIND`, so services cannot meet one another's records: a caller passes the part
after the dot (`training-job`). Bodies are JSON with exact floats; NaN and infinity have no JSON and come back as None.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import orjson

from clary.state.database import Database, Migration, Row, Transaction
from clary.state.record_queries import RECORDS, Selection, select
from clary.state.records import Page, Query, Record, Stale
from clary.state.store import RecordWriter, Store

_GET = "SELECT key, body, status, created, modified, version FROM record WHERE kind = ? AND scope = ? AND key = ?"
_INSERT = """INSERT INTO record (kind, scope, key, parent, status, created, modified, version, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_UPDATE = """UPDATE record SET status = ?, created = ?, modified = ?, version = ?, body = ?
    WHERE kind = ? AND scope = ? AND key = ? AND version = ?"""
_DELETE = "DELETE FROM record WHERE kind = ? AND scope = ? AND key = ?"
_NEXT_SCOPE = "SELECT min(scope) FROM record WHERE kind = ? AND scope > ?"
#: Only what JSON itself has: a datetime or a dataclass would come back as something else.
_ENCODING = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


class RecordStore:
    """All records of a database."""

    migrations: Sequence[Migration] = (RECORDS,)

    def __init__(self, database: Database) -> None:
        self._database = database

    def scoped(self, service: str, scope: str) -> Store:
        """Return the records of one service in one scope (`account/region`)."""
        return _ScopedStore(self._database, service, scope)

    async def scopes(self, service: str, kind: str) -> list[str]:
        """Return the scopes that hold records of a kind, for work that concerns all of them (a service's start)."""
        found: list[str] = []
        row = await self._database.fetch_one(_NEXT_SCOPE, f"{service}.{kind}", "")
        while row is not None and isinstance(row[0], str):
            found.append(row[0])
            row = await self._database.fetch_one(_NEXT_SCOPE, f"{service}.{kind}", row[0])
        return found


class _ScopedStore(Store):
    def __init__(self, database: Database, service: str, scope: str) -> None:
        self._database = database
        self._service = service
        self._scope = scope

    async def get(self, kind: str, key: str) -> Record | None:
        return _as_record(await self._database.fetch_one(_GET, f"{self._service}.{kind}", self._scope, key))

    async def list(self, kind: str, query: Query) -> Page:
        selection = select(f"{self._service}.{kind}", self._scope, query)
        return _as_page(await self._database.fetch_all(selection.sql, *selection.params), selection, query)

    def write(self) -> AbstractAsyncContextManager[RecordWriter]:
        return self._write()

    @contextlib.asynccontextmanager
    async def _write(self) -> AsyncIterator[RecordWriter]:
        async with self._database.write() as transaction:
            yield _ScopedWriter(transaction, self._service, self._scope)


class _ScopedWriter(RecordWriter):
    def __init__(self, transaction: Transaction, service: str, scope: str) -> None:
        self.sql = transaction
        self._service = service
        self._scope = scope

    async def get(self, kind: str, key: str) -> Record | None:
        return _as_record(await self.sql.fetch_one(_GET, f"{self._service}.{kind}", self._scope, key))

    async def list(self, kind: str, query: Query) -> Page:
        selection = select(f"{self._service}.{kind}", self._scope, query)
        return _as_page(await self.sql.fetch_all(selection.sql, *selection.params), selection, query)

    async def insert(self, kind: str, record: Record, *, parent: str | None = None) -> None:
        times = record.created, record.modified
        name = f"{self._service}.{kind}", self._scope, record.key
        await self.sql.execute(_INSERT, *name, parent, record.status, *times, record.version, _encode(record.body))

    async def update(self, kind: str, record: Record) -> Record:
        changed = replace(record, version=record.version + 1)
        values = changed.status, changed.created, changed.modified, changed.version, _encode(changed.body)
        name = f"{self._service}.{kind}", self._scope, record.key
        if not await self.sql.execute(_UPDATE, *values, *name, record.version):
            raise Stale(f"{kind} {record.key} is no longer at version {record.version}")
        return changed

    async def delete(self, kind: str, key: str) -> bool:
        return await self.sql.execute(_DELETE, f"{self._service}.{kind}", self._scope, key) > 0


def _encode(body: dict[str, Any]) -> bytes:
    return orjson.dumps(body, option=_ENCODING)


def _as_record(row: Row | None) -> Record | None:
    if row is None:
        return None
    key, body, status, created, modified, version = row
    return Record(key, orjson.loads(body), status, created, modified, version)


def _as_page(rows: list[Row], selection: Selection, query: Query) -> Page:
    more = len(rows) > query.limit
    records = [record for row in rows[: query.limit] if (record := _as_record(row)) is not None]
    return Page(records, selection.cursor_after(rows[query.limit - 1]) if more else None)
