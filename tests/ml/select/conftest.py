"""Runs the engine's program in a thread, at the other end of its socket."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("duckdb")

from clary.ml.select import program


class Answer(NamedTuple):
    records: str
    error: str
    figures: dict[str, int]


@pytest.fixture
def select(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Return a function that runs an expression over bytes."""
    monkeypatch.chdir(tmp_path)

    def run(expression: str, data: bytes, output: str = "JSON", head: bytes = b"", **given: Any) -> Answer:
        order = {
            "Expression": expression,
            "Input": {"CompressionType": "NONE", **given},
            "Output": {output: {}},
            "Threads": 2,
            "Memory": "256MB",
        }
        Path(program.SOCKET).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(program.SOCKET)
            listener.listen()
            runs = threading.Thread(target=program.main)
            runs.start()
            connection, _ = listener.accept()
        with connection:
            threading.Thread(target=_feed, args=(connection, order, head, data), daemon=True).start()
            answer = _answer(connection)
            runs.join()
        return answer

    return run


def _feed(connection: socket.socket, order: dict[str, Any], head: bytes, data: bytes) -> None:
    packed = json.dumps(order).encode()
    try:
        for payload in (packed, head):
            connection.sendall(program.HEAD.pack(b"O", len(payload)) + payload)
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the program had enough


def _answer(connection: socket.socket) -> Answer:
    records, error, figures = b"", "", {}
    try:
        while head := connection.recv(program.HEAD.size, socket.MSG_WAITALL):
            kind, length = program.HEAD.unpack(head)
            payload = connection.recv(length, socket.MSG_WAITALL)
            if kind == b"R":
                records += payload
            elif kind == b"E":
                error = json.loads(payload)["code"]
            elif kind == b"F":
                figures = json.loads(payload)
    except ConnectionResetError:
        pass  # it ended with bytes unread
    return Answer(records.decode(), error, figures)
