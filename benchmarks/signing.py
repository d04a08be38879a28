"""Requests as boto3 sends them, signed and written out as bytes, so that the load costs no signing."""

from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import Config


class Captured(Exception):  # noqa: N818
    """Carries the request that a client was about to send."""


def capture(client: Any, operation: str, **params: Any) -> bytes:
    """Return the bytes of the request that this call would send."""

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise Captured(request)

    client.meta.events.register("before-send.*.*", stop)
    try:
        getattr(client, operation)(**params)
    except Captured as captured:
        return written(captured.args[0])
    finally:
        client.meta.events.unregister("before-send.*.*", stop)
    raise AssertionError("the client sent nothing")


def written(request: AWSPreparedRequest) -> bytes:
    path = "/" + request.url.split("/", 3)[3] if request.url.count("/") > 2 else "/"
    body = request.body or b""
    if hasattr(body, "read"):
        body = body.read()
    if isinstance(body, str):
        body = body.encode()
    headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    headers = {
        name: value
        for name, value in headers.items()
        if name.lower() not in {"expect", "host", "transfer-encoding", "content-length"}
    }
    headers["Host"] = request.url.split("/")[2]
    headers["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{request.method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def client(service: str, url: str, key: str = "bench", secret: str = "bench-secret-access-key") -> Any:
    """Return a client; its S3 payloads are signed in one piece, as wrk or curl would send them."""
    config = Config(
        request_checksum_calculation="when_required", s3={"addressing_style": "path"}, retries={"max_attempts": 0}
    )
    session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")
    return session.client(service, endpoint_url=url, config=config)
