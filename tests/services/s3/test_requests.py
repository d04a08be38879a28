"""Requests that no SDK makes."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

Refused = Callable[..., dict[str, Any]]


def ask(url: str, head: str) -> bytes:
    """Send a request with these headers to a presigned URL and return all of the answer."""
    parts = urlsplit(url)
    request = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{head}\r\n"
    with socket.create_connection((parts.hostname, parts.port), 10) as client:
        client.sendall(request.encode())
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_put_object_without_a_length(signer: Any, bucket: str) -> None:
    url = signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    answer = ask(url, "")
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert b"<Code>MissingContentLength</Code>" in answer
    assert ask(url, "Content-Length: 0\r\n").startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("location", ["elsewhere", "ftp://elsewhere"])
def test_put_object_with_a_redirect_to_nowhere(s3: Any, bucket: str, refused: Refused, location: str) -> None:
    error = refused(s3.put_object, Bucket=bucket, Key="k", WebsiteRedirectLocation=location)
    assert error["Code"] == "InvalidRedirectLocation"
