"""The proxy, used by curl and by botocore, with tunnels to servers that are not AWS's."""

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from clary.wire.authority import Authority
from clary.wire.proxy import Proxy
from clary.wire.types import HttpRequest, HttpResponse

Serve = Callable[..., Any]


async def show(request: HttpRequest) -> HttpResponse:
    """Answer with how the request came, and its body's size."""
    size = sum([len(chunk) async for chunk in request.body])
    text = f"{request.secure} {request.headers['host']} {request.path} {size}"
    return HttpResponse(200, [], text.encode())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "authority", time.time)
    made.write_bundle(None)
    return made


@pytest.fixture
def proxied(serve: Serve, authority: Authority) -> Any:
    return serve(show, tunnel=Proxy(authority, upstream=None, relay=True).tunnel)


def curl(port: int, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = ["curl", "-sS", "--proxy", f"http://127.0.0.1:{port}", *arguments]
    return subprocess.run(command, capture_output=True, timeout=10, check=False, **options)


def test_curl_reaches_aws_hosts(proxied: Any, authority: Authority) -> None:
    urls = ["https://sts.us-east-1.amazonaws.com/a", "https://b.s3.amazonaws.com/c"]
    done = curl(proxied.port, "--cacert", str(authority.bundle), *urls)
    assert done.stdout == b"True sts.us-east-1.amazonaws.com /a 0True b.s3.amazonaws.com /c 0"
    assert done.stderr == b""


def test_upload_through_tls(proxied: Any, authority: Authority) -> None:
    bundle = ("--cacert", str(authority.bundle), "-H", "Expect: 100-continue", "-T", "-")
    done = curl(proxied.port, *bundle, "https://b.s3.amazonaws.com/k", input=b"x" * 3_000_000)
    assert done.stdout.endswith(b"/k 3000000")


def test_botocore_reaches_aws_hosts(proxied: Any, authority: Authority) -> None:
    config = Config(proxies={"https": f"http://127.0.0.1:{proxied.port}"}, retries={"total_max_attempts": 1})
    session = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
    client = session.client("s3", config=config, verify=str(authority.bundle))
    body = client.get_object(Bucket="bucket", Key="k")["Body"].read()
    client.close()
    assert body == b"True bucket.s3.eu-west-1.amazonaws.com /k 0"


def test_client_that_does_not_trust_us_breaks_off(proxied: Any) -> None:
    done = curl(proxied.port, "https://sts.amazonaws.com/")
    assert done.returncode == 60
    assert curl(proxied.port, "-k", "https://sts.amazonaws.com/").stdout == b"True sts.amazonaws.com / 0"


@contextlib.contextmanager
def echoing() -> Iterator[int]:
    """Run a server that sends back what comes until the client ends its side; yield its port."""

    def serve_all() -> None:
        with contextlib.suppress(OSError):
            while True:
                with listening.accept()[0] as client:
                    while data := client.recv(65536):
                        client.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve_all, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def connect(client: socket.socket, target: str) -> bytes:
    client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += client.recv(1) or pytest.fail(f"broke off after {answer!r}")
    return answer


def test_other_hosts_are_tunnelled_untouched(proxied: Any) -> None:
    data = bytes(range(256)) * 8192
    with echoing() as port, proxied.connect() as client:
        assert b" 200 " in connect(client, f"127.0.0.1:{port}")
        sender = threading.Thread(target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)))
        sender.start()
        assert proxied.rest(client) == data
        sender.join()


def test_tunnel_through_the_users_own_proxy(serve: Serve, proxied: Any, authority: Authority) -> None:
    upstream = f"http://user:p%40ss@127.0.0.1:{proxied.port}"
    outer = serve(show, tunnel=Proxy(authority, upstream=upstream, relay=True).tunnel)
    with echoing() as port, outer.connect() as client:
        assert b" 200 " in connect(client, f"127.0.0.1:{port}")
        client.sendall(b"hello")
        assert client.recv(5) == b"hello"


def test_aws_hosts_on_other_ports_are_not_ours(serve: Serve, authority: Authority) -> None:
    closed = serve(show, tunnel=Proxy(authority, upstream=None, relay=False).tunnel)
    for target in ("sts.amazonaws.com:80", "127.0.0.1:22", "example.com:443"):
        with closed.connect() as client:
            assert connect(client, target).startswith(b"HTTP/1.1 403 ")


def test_what_cannot_be_reached(proxied: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with proxied.connect() as client:
        assert connect(client, f"127.0.0.1:{port}").startswith(b"HTTP/1.1 502 ")


@pytest.mark.parametrize("target", ["nonsense", "host:0", "host:99999", ":443", "host:443x"])
def test_malformed_targets(proxied: Any, target: str) -> None:
    with proxied.connect() as client:
        assert connect(client, target).startswith(b"HTTP/1.1 400 ")


def test_tls_without_a_proxy_request_is_refused(proxied: Any) -> None:
    context = ssl.create_default_context()
    with proxied.connect() as client, pytest.raises(ssl.SSLError):
        context.wrap_socket(client, server_hostname="sts.amazonaws.com")


def test_tunnels_end_with_the_proxy(serve: Serve, authority: Authority) -> None:
    proxy = Proxy(authority, upstream=None, relay=True)
    running = serve(show, tunnel=proxy.tunnel)
    with echoing() as port, running.connect() as client:
        connect(client, f"127.0.0.1:{port}")
        running.run(proxy.stop())
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
