"""The object as a table: its bytes put where DuckDB reads them, and the call that reads them."""

import csv
import io
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from clary.ml.select.errors import SelectError
from clary.ml.select.feed import MAX_RECORD, Progress, counted, decompressed, first_record, lined, ranged, unlined
from clary.ml.select.syntax import Query
from clary.ml.select.table import Column, Documents, NamedColumns, Table, highest_position, parquet_table
from clary.ml.select.value import Type, Value, quote

#: Columns of CSV. Memory grows with them: half a million take more than 2 GiB.
_MAX_COLUMNS = 8192
#: The longest value of a JSON document, which DuckDB takes in whole.
_MAX_DOCUMENT = 64 * 2**20


class Session(Protocol):
    """What is needed of a connection to DuckDB."""

    def execute(self, query: str) -> Any:
        """Run a statement; the result has `fetchall`."""
        ...


class Pipe:
    """A named pipe that a thread writes chunks to. `failure` is what went wrong with them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: Exception | None = None
        os.mkfifo(path, 0o600)

    def fill(self, chunks: Iterable[bytes]) -> None:
        """Begin to write; whoever reads the pipe gets its end when the chunks are over."""
        threading.Thread(target=self._write, args=(chunks,), daemon=True).start()

    def _write(self, chunks: Iterable[bytes]) -> None:
        try:
            with self.path.open("wb", buffering=0) as pipe:
                try:
                    for chunk in chunks:
                        view = memoryview(chunk)
                        while view:
                            view = view[pipe.write(view) :]
                except BrokenPipeError:
                    pass  # enough was read
                except Exception as error:
                    self.failure = error
        except OSError as error:
            self.failure = error


class Source:
    """The object behind `order`, the request's InputSerialization with what the server adds to it.

    `head` are the first bytes of an object of which the chunks are a later part.
    """

    def __init__(self, order: Mapping[str, Any], chunks: Iterator[bytes], head: bytes, place: Path) -> None:
        self.progress = Progress()
        self._order = order
        self._head = head
        self._chunks = counted(chunks, self.progress, "scanned")
        self._pipe = Pipe(place / "object")
        self._file = place / "object.parquet"

    @property
    def paths(self) -> list[str]:
        """What DuckDB is to be allowed to open."""
        return [str(self._pipe.path), str(self._file)]

    def check(self) -> None:
        """Raise what went wrong with the bytes so far."""
        if self._pipe.failure is not None:
            raise self._pipe.failure

    def table(self, query: Query, connection: Session) -> Table:
        """Return the table that a query sees.

        Raises:
            SelectError: the object is not what the request says.
        """
        if "Parquet" in self._order:
            return self._parquet(connection)
        return self._json(query) if "JSON" in self._order else self._csv(query)

    def _parquet(self, connection: Session) -> Table:
        with self._file.open("wb") as file:
            for chunk in counted(self._chunks, self.progress, "processed"):
                file.write(chunk)
        sql = f"read_parquet({quote(str(self._file))})"
        described = connection.execute(f"DESCRIBE SELECT * FROM {sql}").fetchall()  # noqa: S608 - our own path, quoted
        return parquet_table(sql, [(row[0], row[1]) for row in described])

    def _json(self, query: Query) -> Table:
        lines = self._order["JSON"]["Type"] == "LINES"
        end = [b"\n"] if lines else []  # DuckDB overlooks a last line of one character that has none
        self._pipe.fill(chain(self._plain(b"\n"), end))
        layout, longest = ("newline_delimited", MAX_RECORD) if lines else ("unstructured", _MAX_DOCUMENT)
        options = f"format = '{layout}', maximum_object_size = {longest}"
        reader = f"(SELECT json AS row FROM read_json_objects({quote(str(self._pipe.path))}, {options}))"  # noqa: S608 - our own path, quoted
        return Documents(reader, query.source, query.alias)

    def _csv(self, query: Query) -> Table:
        order = self._order["CSV"]
        delimiter = order.get("RecordDelimiter", "\n")
        mark, escape = order.get("QuoteCharacter", '"'), order.get("QuoteEscapeCharacter", '"')
        comment, header = order.get("Comments", ""), order.get("FileHeaderInfo", "NONE")
        if query.source:
            raise SelectError("InvalidKeyPath", "a CSV object has no paths")
        chunks = self._lines(self._plain(delimiter.encode()), delimiter)
        first, rest = first_record(
            self._lines(iter([self._head]), delimiter) if self._head else chunks,
            mark.encode() if order.get("AllowQuotedRecordDelimiter") else b"", escape.encode(), comment.encode(),
        )  # fmt: skip
        names = self._fields(first, order)
        if not self._head:
            begin = [rest] if header != "NONE" else [first + b"\n" if rest or first else b"", rest]
            chunks = chain(begin, chunks)
        self._pipe.fill(chunks)
        count = max(len(names), highest_position(query))
        if count > _MAX_COLUMNS:
            raise SelectError("OverMaxColumn", f"{count} of {_MAX_COLUMNS}")
        return NamedColumns(
            self._reader(count, query), self._columns(names, count, delimiter), "MissingHeaders", positions=True
        )

    def _columns(self, names: list[str], count: int, delimiter: str) -> list[Column]:
        named = self._order["CSV"].get("FileHeaderInfo") == "USE"
        columns = []
        for number in range(1, count + 1):
            sql = f"c{number}" if delimiter in {"\n", "\r\n"} else unlined(f"c{number}", delimiter)
            name = names[number - 1] if named and number <= len(names) else f"_{number}"
            columns.append(Column(name, Value(sql, Type.TEXT, optional=True)))
        return columns

    def _reader(self, count: int, query: Query) -> str:
        """Return the call of DuckDB's reader; nothing is left for it to guess."""
        order = self._order["CSV"]
        columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(1, count + 1))
        options = {
            "delim": quote(order.get("FieldDelimiter", ",")),
            "quote": quote(order.get("QuoteCharacter", '"')),
            "escape": quote(order.get("QuoteEscapeCharacter", '"')) if order.get("QuoteCharacter", '"') else "''",
            "comment": quote(order.get("Comments", "")),
            "nullstr": "chr(0)",  # which no text has: NULL is what the row lacks, and nothing else
            "new_line": r"'\n'",
            "max_line_size": MAX_RECORD,
            "auto_detect": "false",
            "header": "false",
            "null_padding": "true",
            # In one go DuckDB keeps all of a pipe; in parallel it takes no line's end within quotes, nor does S3.
            "parallel": "false" if order.get("AllowQuotedRecordDelimiter") else "true",
            # Fields that nobody asks for may be too many; where all are asked for, none is to be lost.
            "strict_mode": "false" if query.items else "true",
        }
        settings = ", ".join(f"{name} = {value}" for name, value in options.items())
        return f"read_csv({quote(str(self._pipe.path))}, columns = {{{columns}}}, {settings})"

    def _fields(self, line: bytes, order: Mapping[str, str]) -> list[str]:
        try:
            text = line.decode().removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise SelectError("InvalidTextEncoding") from error
        mark, escape = order.get("QuoteCharacter", '"'), order.get("QuoteEscapeCharacter", '"')
        reader = csv.reader(
            io.StringIO(text, newline=""),
            delimiter=order.get("FieldDelimiter", ","),
            quotechar=mark or None,
            quoting=csv.QUOTE_MINIMAL if mark else csv.QUOTE_NONE,
            doublequote=escape == mark,
            escapechar=escape if escape != mark and escape else None,
        )
        csv.field_size_limit(2 * MAX_RECORD)
        try:
            return next(reader, [])
        except csv.Error as error:
            raise SelectError("CSVParsingError", str(error)) from error

    def _plain(self, delimiter: bytes) -> Iterator[bytes]:
        """Return the bytes to be read: decompressed, or cut to the range of the scan."""
        compression, scan = self._order.get("CompressionType", "NONE"), self._order.get("ScanRange")
        chunks: Iterator[bytes] = self._chunks
        if compression != "NONE":
            chunks = decompressed(chunks, compression)
        chunks = counted(chunks, self.progress, "processed")
        return ranged(chunks, scan["At"], scan["Start"], scan["End"], delimiter) if scan else chunks

    def _lines(self, chunks: Iterator[bytes], delimiter: str) -> Iterator[bytes]:
        return chunks if delimiter in {"\n", "\r\n"} else lined(chunks, delimiter.encode())
