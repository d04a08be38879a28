"""HTTP/1.1, spoken by real clients and by sockets that misbehave."""

import asyncio
import http.client
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from clary.wire.connection import Limits
from clary.wire.errors import AwsError
from clary.wire.types import HttpRequest, HttpResponse

Serve = Callable[..., Any]
MIB = 2**20


async def echo(request: HttpRequest) -> HttpResponse:
    """Answer with the request line and the body."""
    body = await request.body.read(100 * MIB)
    target = f"{request.method} {request.path} {request.query} ".encode()
    return HttpResponse(200, [("Content-Type", "text/plain")], target + body)


async def count(request: HttpRequest) -> HttpResponse:
    """Answer with the number of bytes in the body, read as a stream; with the error where it breaks off."""
    try:
        size = sum([len(chunk) async for chunk in request.body])
    except AwsError as error:
        return HttpResponse(error.status, [], error.code.encode())
    return HttpResponse(200, [], str(size).encode())


async def refuse(request: HttpRequest) -> HttpResponse:
    """Answer without reading the body."""
    return HttpResponse(403, [], b"no")


def head(status: int) -> bytes:
    return f"HTTP/1.1 {status} ".encode()


def test_keep_alive_serves_one_request_after_another(serve: Serve) -> None:
    client = serve(echo).http()
    for body in ("one", "two"):
        client.request("POST", "/a%20b?c=%20", body)
        assert client.getresponse().read() == f"POST /a%20b c=%20 {body}".encode()


def test_pipelined_requests_are_answered_in_order(serve: Serve) -> None:
    async def slow_first(request: HttpRequest) -> HttpResponse:
        if request.path == "/0":
            await asyncio.sleep(0.01)
        return await echo(request)

    requests = [b"POST /%d HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" % number for number in range(20)]
    requests.append(b"GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    answer = serve(slow_first).ask(b"".join(requests))
    assert answer.count(b"HTTP/1.1 200 OK") == 21
    places = [answer.index(f"POST /{number}  x".encode()) for number in range(20)]
    assert places == sorted(places)


def test_curl_uploads_after_100_continue(serve: Serve) -> None:
    port = serve(count).port
    command = ["curl", "-sv", "-H", "Expect: 100-continue", "--data-binary", "@-", f"http://127.0.0.1:{port}/"]
    done = subprocess.run(command, input=b"x" * MIB, capture_output=True, check=True, timeout=10)
    assert done.stdout == str(MIB).encode()
    assert b"100 Continue" in done.stderr


def test_body_is_not_asked_for_before_the_handler_wants_it(serve: Serve) -> None:
    request = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    answer = serve(refuse).ask(request)
    assert answer.startswith(head(403))
    assert b"100 Continue" not in answer
    assert b"Connection: close" in answer


def test_empty_body_is_asked_for_where_the_client_waits_for_that(serve: Serve) -> None:
    request = b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    assert serve(refuse).ask(request).startswith(b"HTTP/1.1 100 Continue\r\n\r\n" + head(403))


@pytest.mark.parametrize("expected", [b"200", b""])
def test_other_expectations_are_ignored(serve: Serve, expected: bytes) -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: " + expected + b"\r\n\r\n"
    assert serve(echo).ask(request).startswith(head(200))


def test_chunked_request_and_response(serve: Serve) -> None:
    async def stream(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], aiter(request.body))

    client = serve(stream).http()
    client.request("POST", "/", iter([b"ab", b"cd" * 50_000]), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
    response = client.getresponse()
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.read() == b"ab" + b"cd" * 50_000


def test_head_has_the_length_that_get_would_have(serve: Serve) -> None:
    async def sized(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [("Content-Length", "123")], b"")

    client = serve(sized).http()
    for _ in range(2):
        client.request("HEAD", "/")
        response = client.getresponse()
        assert (response.read(), response.headers["Content-Length"]) == (b"", "123")


def test_no_content_has_no_length(serve: Serve) -> None:
    async def nothing(request: HttpRequest) -> HttpResponse:
        return HttpResponse(204)

    answer = serve(nothing).ask(b"DELETE / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert answer.startswith(head(204))
    assert b"Content-Length" not in answer


def test_http_10_gets_a_stream_that_ends_with_the_connection(serve: Serve) -> None:
    async def stream(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"a"
            yield b"b"

        return HttpResponse(200, [], chunks())

    answer = serve(stream).ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nab")
    assert b"Connection: close" in answer


def test_absolute_target_is_split(serve: Serve) -> None:
    async def show(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, [], f"{request.headers['host']} {request.path} {request.query}".encode())

    running = serve(show)
    for target, shown in [
        (b"http://s3.amazonaws.com/b/k?acl", b"s3.amazonaws.com /b/k acl"),
        (b"http://s3.amazonaws.com?a", b"s3.amazonaws.com / a"),
        (b"/b?c?d", b"127.0.0.1 /b c?d"),
    ]:
        answer = running.ask(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert answer.endswith(b"\r\n\r\n" + shown)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n folded\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: " + b"a" * 100_000 + b"\r\n\r\n", 431),
        (b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: sts.amazonaws.com:443\r\n\r\n", 405),
    ],
)
def test_what_is_not_http_is_refused(serve: Serve, data: bytes, status: int) -> None:
    assert serve(echo).ask(data).startswith(head(status))


def test_headers_that_never_end_are_refused(serve: Serve) -> None:
    with serve(echo).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n")
        answer = b""
        client.settimeout(0.005)
        for number in range(100_000):
            client.sendall(b"X-%d: %s\r\n" % (number, b"a" * 1000))
            try:
                answer = client.recv(100)
                break
            except TimeoutError:
                continue
    assert answer.startswith(head(431))


def test_refusal_comes_after_the_answers_before_it(serve: Serve) -> None:
    answer = serve(echo).ask(b"GET /1 HTTP/1.1\r\nHost: h\r\n\r\nnonsense\r\n\r\n")
    assert answer.index(b"GET /1") < answer.index(head(400))


def test_upgrade_is_ignored(serve: Serve) -> None:
    upgrade = b"Host: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
    data = b"GET /1 HTTP/1.1\r\n%s\r\nPUT /2 HTTP/1.1\r\n%sContent-Length: 2\r\n\r\nab" % (upgrade, upgrade)
    answer = serve(echo).ask(data + b"GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    for echoed in (b"GET /1", b"PUT /2  ab", b"GET /3"):
        assert echoed in answer


def test_fault_of_a_handler_is_a_500_and_the_connection_lives(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: HttpRequest) -> HttpResponse:
        if request.path == "/header":
            return HttpResponse(200, [("X-Evil", "a\r\nX-Injected: b")])
        raise ZeroDivisionError

    client = serve(broken).http()
    for path in ("/", "/header"):
        client.request("GET", path)
        response = client.getresponse()
        assert (response.status, response.read()) == (500, b"Internal server error\n")
        assert "X-Injected" not in response.headers
    assert "ZeroDivisionError" in caplog.text


def test_fault_in_a_stream_breaks_the_connection(serve: Serve) -> None:
    async def broken(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"some"
            raise ZeroDivisionError

        return HttpResponse(200, [("Content-Length", "10")] if request.path == "/sized" else [], chunks())

    client = serve(broken).http()
    for path in ("/", "/sized"):
        client.request("GET", path)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            client.getresponse().read()
        client.close()


def test_truncated_upload_fails_in_the_body(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caught: list[str] = []
    done = threading.Event()

    async def upload(request: HttpRequest) -> HttpResponse:
        response = await count(request)
        assert isinstance(response.body, bytes)
        caught.append(response.body.decode())
        done.set()
        return response

    running = serve(upload)
    with running.connect() as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc")
    assert done.wait(10)
    assert caught == ["IncompleteBody"]
    running.run(running.listener.stop(grace=1))
    assert caplog.text == ""


def test_client_that_goes_away_cancels_the_handler(serve: Serve) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return HttpResponse(200)

    with serve(wait).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert started.wait(10)
    assert cancelled.wait(10)


def test_client_that_goes_away_ends_the_stream(serve: Serve) -> None:
    ended = threading.Event()

    async def endless(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 65536
            finally:
                ended.set()

        return HttpResponse(200, [], chunks())

    with serve(endless).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(100)
    assert ended.wait(10)


def test_client_that_goes_away_ends_the_stream_though_its_body_was_not_read(serve: Serve) -> None:
    ended = threading.Event()

    async def endless(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x"
                    await asyncio.sleep(0)
            finally:
                ended.set()

        return HttpResponse(200, [], chunks())

    with serve(endless).connect() as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
        client.recv(100)
    assert ended.wait(10)


def test_slow_reader_holds_up_the_stream_that_it_reads(serve: Serve) -> None:
    made = 0

    async def endless(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            nonlocal made
            for _ in range(1000):
                made += MIB
                yield b"x" * MIB

        return HttpResponse(200, [], chunks())

    with serve(endless).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.recv(100)
        seen = -1
        while seen != made:
            seen = made
            threading.Event().wait(0.05)
    assert made < 20 * MIB


def test_slow_handler_holds_up_the_upload(serve: Serve) -> None:
    go = threading.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        body = aiter(request.body)
        await anext(body)
        await asyncio.to_thread(go.wait, 10)
        return HttpResponse(200, [], str(sum([len(chunk) async for chunk in body])).encode())

    size = 64 * MIB
    with serve(wait).connect() as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size)
        client.setblocking(False)
        sent = 0
        chunk = b"x" * MIB
        idle = 0
        while idle < 20:
            try:
                sent += client.send(chunk)
                idle = 0
            except BlockingIOError:
                idle += 1
                threading.Event().wait(0.005)
        assert sent < 20 * MIB
        go.set()
        client.settimeout(10)
        while sent < size:
            sent += client.send(chunk[: size - sent])
        assert b"200 OK" in client.recv(65536)


def test_unread_body_is_skipped_when_small(serve: Serve) -> None:
    client = serve(refuse).http()
    for _ in range(2):
        client.request("PUT", "/", b"x" * 500_000)
        response = client.getresponse()
        assert (response.status, response.read()) == (403, b"no")
        assert response.headers["Connection"] is None


def test_unread_body_closes_the_connection_when_large(serve: Serve) -> None:
    client = serve(refuse).http()
    client.request("PUT", "/", b"x" * 4 * MIB)
    response = client.getresponse()
    assert (response.status, response.read(), response.headers["Connection"]) == (403, b"no", "close")


def test_read_takes_no_more_than_its_limit(serve: Serve) -> None:
    async def small(request: HttpRequest) -> HttpResponse:
        try:
            await request.body.read(10)
        except AwsError as error:
            return HttpResponse(error.status)
        return HttpResponse(200)

    client = serve(small).http()
    for body, status in [(b"x" * 10, 200), (b"x" * 11, 413), (iter([b"x" * 6, b"y" * 6]), 413)]:
        client.request("PUT", "/", body, encode_chunked=not isinstance(body, bytes))
        assert client.getresponse().status == status
        client.close()
        client.request("PUT", "/", b"x" * 10)
        assert client.getresponse().status == 200
        client.close()


QUICK = Limits(head_time=0.25, idle_time=0.25, body_time=0.25, write_time=0.25, linger_time=0.25)


def test_waits_come_to_an_end(serve: Serve) -> None:
    running = serve(count, QUICK)
    assert running.ask(b"") == b""
    assert running.ask(b"GET / HT").startswith(head(408))
    assert running.ask(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").endswith(b"0")
    late = running.ask(b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc")
    assert late.startswith(head(400))
    assert late.endswith(b"RequestTimeout")


def test_reader_that_never_reads_is_cut_off(serve: Serve) -> None:
    ended = threading.Event()

    async def endless(request: HttpRequest) -> HttpResponse:
        async def chunks() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * MIB
            finally:
                ended.set()

        return HttpResponse(200, [], chunks())

    with serve(endless, QUICK).connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert ended.wait(10)


def test_stop_lets_the_request_under_way_end(serve: Serve) -> None:
    started, go = threading.Event(), asyncio.Event()

    async def wait(request: HttpRequest) -> HttpResponse:
        started.set()
        await go.wait()
        return HttpResponse(200, [], b"done")

    running = serve(wait)
    with running.connect() as client, running.connect() as idle:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert started.wait(10)
        stopping = asyncio.run_coroutine_threadsafe(running.listener.stop(grace=10), running.loop)
        assert running.rest(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            running.connect()
        running.loop.call_soon_threadsafe(go.set)
        assert running.rest(client).endswith(b"done")
        stopping.result(10)


def test_stop_cuts_off_what_outlasts_its_grace(serve: Serve) -> None:
    async def wait(request: HttpRequest) -> HttpResponse:
        await asyncio.Event().wait()
        return HttpResponse(200)

    running = serve(wait)
    with running.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)
        running.run(running.listener.stop(grace=0.05))
        client.settimeout(10)
        with pytest.raises((ConnectionResetError, socket.timeout)):
            assert client.recv(1) == b""
            raise ConnectionResetError
