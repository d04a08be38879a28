"""The job process of one SelectObjectContent: `main` is the whole of it.

It connects to the socket `select.sock` in its folder, which is its working directory. What comes in there: a frame with
the order (JSON), a frame with the object's first bytes (often none), then the object's bytes until the end. What goes
out: frames. A frame is its kind (one letter), its length (4 bytes, big-endian), its payload:
`S` the expression is sound and the object was opened; `R` records; `P` progress; `F` figures at the end; `E` an error.
Progress, figures and errors are JSON.
"""

import io
import json
import socket
import struct
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from clary.ml.select.errors import SelectError
from clary.ml.select.failures import failure_of
from clary.ml.select.feed import CHUNK, MAX_RECORD
from clary.ml.select.output import record
from clary.ml.select.parser import parse
from clary.ml.select.source import Source
from clary.ml.select.translation import Translation

SOCKET = "select.sock"
HEAD = struct.Struct(">cI")
#: Records that are taken from DuckDB at once, and bytes that are sent at once.
_ROWS, _BATCH = 2048, 256 * 1024
_PROGRESS_SECONDS = 1.0


def main() -> int:
    """Answer one request."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET)
        try:
            _Run(connection).run()
        except BrokenPipeError:
            return 0  # nobody waits for the rest
        except Exception as error:  # whatever it is: the server has to hear of it
            failure = failure_of(error)
            if failure.code == "InternalError":
                print(f"{type(error).__name__}: {error}", flush=True)  # noqa: T201 - the job's log
            _send(connection, b"E", {"code": failure.code, "message": failure.message})
        finally:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
                # To close with bytes unread would reset the connection, and cost the server what was sent last.
                while connection.recv(CHUNK):
                    pass
                connection.shutdown(socket.SHUT_RDWR)  # closing is not enough: a thread may still be about to read
    return 0


class _Run:
    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._input = io.BufferedReader(socket.SocketIO(connection, "r"), CHUNK)
        self._told = time.monotonic()

    def run(self) -> None:
        order = json.loads(self._frame())
        head = self._frame()
        with tempfile.TemporaryDirectory() as place:
            self._select(order, Source(order["Input"], self._body(), head, Path(place)), place)

    def _select(self, order: dict[str, Any], source: Source, place: str) -> None:
        query = parse(order["Expression"])
        connection = _connect(order, source.paths, place)
        table = source.table(query, connection)
        plan = Translation(query, table)
        sql = f"SELECT {record(plan.fields, table, order['Output'])} FROM {table.sql}"  # noqa: S608 - translated
        sql += f" WHERE {plan.where}" if plan.where else ""
        sql += f" LIMIT {query.limit}" if query.limit is not None else ""
        _send(self._socket, b"S", {})
        result = connection.execute(sql)
        for batch in _batches(result):
            source.check()
            source.progress.returned += len(batch)
            self._socket.sendall(HEAD.pack(b"R", len(batch)) + batch)
            if order.get("Progress") and time.monotonic() - self._told > _PROGRESS_SECONDS:
                self._tell(b"P", source)
        source.check()
        if order.get("Progress"):
            self._tell(b"P", source)
        self._tell(b"F", source)

    def _tell(self, kind: bytes, source: Source) -> None:
        self._told = time.monotonic()
        _send(self._socket, kind, source.progress.described())

    def _frame(self) -> bytes:
        _, length = HEAD.unpack(self._input.read(HEAD.size))
        frame: bytes = self._input.read(length)
        return frame

    def _body(self) -> Iterator[bytes]:
        while chunk := self._input.read1(CHUNK):
            yield chunk


def _connect(order: dict[str, Any], paths: list[str], place: str) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that opens nothing but `paths` and its own temporary files, whatever it is asked."""
    settings = {
        "threads": order["Threads"],
        "memory_limit": order["Memory"],
        "temp_directory": place,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    connection = duckdb.connect(":memory:", config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"SET allowed_paths = {paths!r}")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _batches(result: duckdb.DuckDBPyConnection) -> Iterator[bytes]:
    """Join records to batches, each of at most 1 MB.

    Raises:
        SelectError: one record is longer.
    """
    batch: list[bytes] = []
    size = 0
    while rows := result.fetchmany(_ROWS):
        texts = [text for (text,) in rows]
        together = "".join(texts).encode()  # by far faster than one by one
        for data in [together] if len(together) <= MAX_RECORD else map(str.encode, texts):
            if len(data) > MAX_RECORD:
                raise SelectError("OverMaxRecordSize")
            if size + len(data) > MAX_RECORD:
                yield b"".join(batch)
                batch, size = [], 0
            batch.append(data)
            size += len(data)
        if size >= _BATCH:
            yield b"".join(batch)
            batch, size = [], 0
    if batch:
        yield b"".join(batch)


def _send(connection: socket.socket, kind: bytes, document: dict[str, Any]) -> None:
    data = json.dumps(document).encode()
    connection.sendall(HEAD.pack(kind, len(data)) + data)
