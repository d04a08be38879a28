"""The model server over a real unix socket, with a model that repeats what it is sent."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from clary.ml.container.model import Answer, Model, Refusal
from clary.ml.container.server import LARGEST, SMALL, serve

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(Model):
    """Answers with the headers and the body; a large body waits for `go`."""

    def __init__(self) -> None:
        self.started, self.go = threading.Event(), threading.Event()

    def invoke(self, body: bytes, content_type: str, accept: str) -> Answer:
        if body == b"refuse":
            raise Refusal(415, "no such type")
        if body == b"break":
            raise RuntimeError("a bug")
        if len(body) > SMALL:
            self.started.set()
            assert self.go.wait(10)
            body = b"%d bytes" % len(body)
        return Answer(200, f"{content_type}|{accept}|".encode() + body, "text/plain")


@asynccontextmanager
async def serving(path: Path, model: Model | None = None) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(serve(model or Echo(), str(path), 0))
    await asyncio.sleep(0)  # one turn of the loop, in which the socket comes to be
    assert path.is_socket()
    yield task
    if not task.done():
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 10)


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


def request(body: bytes, *headers: str, path: str = "/invocations", method: str = "POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: model", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(path: Path, content: bytes) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(content)
    result = await asyncio.wait_for(answer(reader), 10)
    writer.close()
    return result


async def test_invoke_with_headers(tmp_path: Path) -> None:
    async with serving(path := tmp_path / "s"):
        status, headers, body = await ask(path, request(b"1,2", "Content-Type: text/csv", "ACCEPT: a/b"))
    assert (status, headers["content-type"], body) == (200, "text/plain", b"text/csv|a/b|1,2")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/ping", 200),
        ("GET", "/execution-parameters", 200),
        ("GET", "/invocations", 405),
        ("POST", "/invocations?a=b", 200),
        ("GET", "/", 404),
    ],
)
async def test_paths(tmp_path: Path, method: str, target: str, status: int) -> None:
    async with serving(path := tmp_path / "s"):
        answered, _, body = await ask(path, request(b"", path=target, method=method))
    assert answered == status
    if target == "/execution-parameters":
        assert json.loads(body)["BatchStrategy"] == "MULTI_RECORD"


async def test_one_connection_serves_many_requests_in_order(tmp_path: Path) -> None:
    async with serving(path := tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"".join(request(b"%d" % number) for number in range(50)))
        bodies = [(await answer(reader))[2] for _ in range(50)]
        writer.close()
    assert bodies == [b"||%d" % number for number in range(50)]


async def test_chunked_body(tmp_path: Path) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving(path := tmp_path / "s"):
        assert (await ask(path, head + b"2\r\n1,\r\n1\r\n2\r\n0\r\n\r\n"))[2] == b"||1,2"


async def test_body_that_waits_for_a_go_ahead(tmp_path: Path) -> None:
    async with serving(path := tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"POST /invocations HTTP/1.1\r\nHost: m\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"1")
        assert (await answer(reader))[2] == b"||1"
        writer.close()


@pytest.mark.parametrize(("body", "status"), [(b"refuse", 415), (b"break", 500)])
async def test_server_goes_on_after_a_failure(tmp_path: Path, body: bytes, status: int) -> None:
    async with serving(path := tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request(body) + request(b"fine"))
        assert (await answer(reader))[0] == status
        assert (await answer(reader))[2] == b"||fine"
        writer.close()


@pytest.mark.parametrize("content", [b"garbage\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
async def test_malformed_http(tmp_path: Path, content: bytes) -> None:
    async with serving(path := tmp_path / "s"):
        status, headers, _ = await ask(path, content)
        assert (status, headers["connection"]) == (400, "close")
        assert (await ask(path, request(b"", path="/ping", method="GET")))[0] == 200


async def test_connection_closes_when_asked(tmp_path: Path) -> None:
    async with serving(path := tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(request(b"1", "Connection: close"))
        assert (await answer(reader))[1]["connection"] == "close"
        assert await reader.read() == b""
        writer.close()


async def test_body_that_is_too_large(tmp_path: Path) -> None:
    async with serving(path := tmp_path / "s"):
        status, _, body = await ask(path, request(bytes(LARGEST + 1)))
    assert status == 413
    assert str(LARGEST).encode() in body


async def test_ping_is_answered_while_a_large_request_runs(tmp_path: Path) -> None:
    model = Echo()
    async with serving(path := tmp_path / "s", model):
        large = asyncio.create_task(ask(path, request(bytes(SMALL + 1)) + request(b"next")))
        await asyncio.to_thread(model.started.wait, 10)
        assert (await ask(path, request(b"", path="/ping", method="GET")))[0] == 200
        assert not large.done()
        model.go.set()
        assert (await large)[2] == b"||%d bytes" % (SMALL + 1)


async def test_sigterm_finishes_the_request_at_hand(tmp_path: Path) -> None:
    model = Echo()
    async with serving(path := tmp_path / "s", model) as task:
        large = asyncio.create_task(ask(path, request(bytes(SMALL + 1))))
        await asyncio.to_thread(model.started.wait, 10)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0)
        assert not task.done()
        model.go.set()
        assert (await large)[0] == 200
        await asyncio.wait_for(task, 10)
        with pytest.raises(OSError, match=r"refused|No such file"):
            await asyncio.open_unix_connection(path)


async def test_a_socket_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    async with serving(path):
        assert (await ask(path, request(b"1")))[2] == b"||1"
