"""The vocabulary of the wire: one HTTP request, one HTTP response, and where a request goes."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class RequestBody(Protocol):
    """The bytes that follow a request's headers, read once: either whole or as a stream of chunks."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body in chunks as they arrive; raise `AwsError` when it breaks off or fails its check."""
        ...

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raise `AwsError` (413) when it is longer than `limit` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as it came: nothing decoded, nothing checked.

    `path` and `query` are raw (still percent-encoded, `query` without its `?`); `headers` has lower-case names and the
    values of a repeated header joined by a comma, as SigV4 canonicalises them. `secure` says that it came by TLS,
    `peer` whence (an IP address, empty in-process).
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: RequestBody
    secure: bool = False
    peer: str = ""

    def with_body(self, body: RequestBody) -> "HttpRequest":
        """Return the same request with another body (a decoded aws-chunked stream, for one)."""
        return HttpRequest(self.method, self.path, self.query, self.headers, body, self.secure, self.peer)


@dataclass(slots=True)
class HttpResponse:
    """One response: `body` is whole bytes, or a stream of chunks when it is large or endless."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] = b""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: botocore's service name (`sagemaker-runtime`), AWS's operation name (`InvokeEndpoint`).

    `region` is the one named by the credential scope or the host, None where neither names one. `path` stands in for
    the request's own where that has the S3 bucket in its host.
    """

    service: str
    operation: str
    region: str | None
    path: str | None = None
