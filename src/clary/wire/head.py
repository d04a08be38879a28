"""The head of an HTTP response: status line and headers, with the framing of the body that follows."""

from http import HTTPStatus
from typing import NamedTuple

from clary.wire.types import HttpResponse

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
#: Set by the connection alone; a handler that names one is overruled.
FRAMING = frozenset({"connection", "content-length", "date", "transfer-encoding"})
#: Statuses whose responses have neither body nor length.
BODILESS = frozenset({204, 304})


class Head(NamedTuple):
    """Bytes ready to be sent, and how the body after them is framed.

    `length` is the number of bytes that the body must have, None when it is `chunked` or ends with the connection.
    """

    data: bytes
    length: int | None
    chunked: bool


def render(response: HttpResponse, date: str, *, keep_alive: bool, head_only: bool, http_10: bool) -> Head:
    """Render the head of `response`.

    Whole bodies get their length. Streams keep the Content-Length that the response declares, and are chunked without
    one. The response to HEAD declares what GET would have sent.

    Raises:
        ValueError: a header holds a line break, which would let a client's data write headers.
    """
    lines = [STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n", f"Date: {date}\r\n"]
    length: int | None = None
    for name, value in response.headers:
        key = name.lower()
        if key not in FRAMING:
            lines.append(f"{name}: {value}\r\n")
        elif key == "content-length":
            length = int(value)
    if isinstance(response.body, bytes) and (length is None or not head_only):
        length = len(response.body)
    chunked = False
    if response.status in BODILESS:
        length = 0
    elif length is not None:
        lines.append(f"Content-Length: {length}\r\n")
    elif not http_10:
        chunked = True
        lines.append("Transfer-Encoding: chunked\r\n")
    if not keep_alive or http_10:
        lines.append("Connection: keep-alive\r\n" if keep_alive and length is not None else "Connection: close\r\n")
    return Head(encode(lines), length, chunked)


def encode(lines: list[str]) -> bytes:
    """Return the head's bytes, its values as they came: Latin-1, or UTF-8 where that cannot hold them."""
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        raise ValueError(f"A response header holds a line break: {text!r}")
    text += "\r\n"
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
