"""One request on a connection, from its head to the end of its answer."""

import asyncio

from clary.wire.body import ArrivingBody
from clary.wire.types import HttpRequest, HttpResponse


class Refused(Exception):  # noqa: N818  - the client is at fault, and is told so
    """A request that HTTP itself does not allow, and the status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Exchange:
    """One request and how its answer stands."""

    __slots__ = ("answered", "begun", "body", "expects", "head_only", "http_10", "keep_alive", "request", "task")

    def __init__(self, request: HttpRequest, body: ArrivingBody, *, keep_alive: bool, http_10: bool) -> None:
        self.request = request
        self.body = body
        self.keep_alive = keep_alive
        self.http_10 = http_10
        self.head_only = request.method == "HEAD"
        #: The client waits for `100 Continue` before it sends its body. Like S3, we ignore expectations of other kinds.
        self.expects = not http_10 and request.headers.get("expect", "").lower() == "100-continue"
        #: The answer has begun to go out; it has gone out.
        self.begun = False
        self.answered = False
        self.task: asyncio.Task[None] | None = None


def plain(status: int, text: str) -> HttpResponse:
    """Return a response for what no AWS protocol has a form for."""
    return HttpResponse(status, [("Content-Type", "text/plain; charset=utf-8")], f"{text}\n".encode())
