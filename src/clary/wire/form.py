"""A form that a browser posts (multipart/form-data, RFC 7578): its fields, and its file as a stream.

The file must come last, as S3 demands: fields that follow it are not read, so nothing waits in memory for them.
"""

import re
from collections.abc import AsyncIterator
from email.message import Message

from clary.wire.body import too_large
from clary.wire.errors import AwsError
from clary.wire.types import RequestBody

#: Bytes that the fields before the file may have, and one part's headers.
FIELDS = 20 * 1024
HEAD = 4 * 1024
FILE = "file"
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{1,70}")


def malformed() -> AwsError:
    """Return the error for a body that is no such form."""
    text = "The body of your POST request is not well-formed multipart/form-data."
    return AwsError("MalformedPOSTRequest", text, 400)


class Form:
    """The fields of a form, by their names in lower case, and its file; `file_name` is None when there is none.

    The file is a `RequestBody`: read it by iteration, once.
    """

    def __init__(self, fields: dict[str, str], file_name: str | None, reader: "_Reader") -> None:
        self.fields = fields
        self.file_name = file_name
        self._reader = reader

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the file; raise `AwsError` when the form breaks off."""
        async for chunk in self._reader.content():
            yield chunk

    async def read(self, limit: int) -> bytes:
        """Return the whole file; raise `AwsError` (413) when it is longer than `limit` bytes."""
        data = b""
        async for chunk in self:
            data += chunk
            if len(data) > limit:
                raise too_large(limit)
        return data


async def read_form(body: RequestBody, content_type: str) -> Form:
    """Read a form up to its file.

    Raises:
        AwsError: MalformedPOSTRequest, MaxPostPreDataLengthExceeded.
    """
    boundary = _parameters(content_type).get("boundary", "")
    if not BOUNDARY.fullmatch(boundary):
        raise malformed()
    reader = _Reader(aiter(body), b"\r\n--" + boundary.encode())
    fields: dict[str, str] = {}
    left = FIELDS
    while (head := await reader.next_part()) is not None:
        named = _parameters(head.get("content-disposition", ""))
        name = named.get("name", "").lower()
        if name == FILE:
            return Form(fields, named.get("filename", ""), reader)
        value = b""
        async for chunk in reader.content():
            value += chunk
            if len(value) > left:
                text = "Your POST request fields preceding the upload file were too large."
                raise AwsError("MaxPostPreDataLengthExceeded", text, 400)
        left -= len(value)
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError:
            raise malformed() from None
    return Form(fields, None, reader)


def _parameters(header: str) -> dict[str, str]:
    """Return the parameters of a header's value (`form-data; name="key"`)."""
    message = Message()
    message["content-type"] = header
    return {name: value for name, value in message.get_params([], unquote=True)[1:] if isinstance(value, str)}


class _Reader:
    """Cuts a body at its boundary."""

    def __init__(self, chunks: AsyncIterator[bytes], mark: bytes) -> None:
        self._chunks = chunks
        self._mark = mark
        self._buffer = b"\r\n"  # the first boundary may stand at the very beginning
        self._begun = False

    async def next_part(self) -> dict[str, str] | None:
        """Go to the next part and return its headers, by their names in lower case; None behind the last part."""
        if not self._begun:
            self._begun = True
            async for _ in self.content():
                pass
        if await self._take(2) == b"--":
            return None
        head: dict[str, str] = {}
        for line in (await self._until(b"\r\n\r\n", HEAD)).split(b"\r\n"):
            name, _, value = line.partition(b":")
            # Browsers put names into UTF-8 as they are, whatever RFC 7578 says of it.
            head[name.decode("latin-1").strip().lower()] = value.decode(errors="replace").strip()
        return head

    async def content(self) -> AsyncIterator[bytes]:
        """Yield what lies before the next boundary, and step behind that."""
        keep = len(self._mark) - 1
        while (at := self._buffer.find(self._mark)) < 0:
            ready, self._buffer = self._buffer[:-keep], self._buffer[-keep:]
            if ready:
                yield ready
            await self._more()
        ready, self._buffer = self._buffer[:at], self._buffer[at + len(self._mark) :]
        if ready:
            yield ready

    async def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            await self._more()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        # What ends the boundary's line belongs to no header.
        if taken == b"\r\n":
            self._buffer = b"\r\n" + self._buffer
        return taken

    async def _until(self, mark: bytes, limit: int) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > limit:
                raise malformed()
            await self._more()
        found, self._buffer = self._buffer[:at], self._buffer[at + len(mark) :]
        return found

    async def _more(self) -> None:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            raise malformed()
        self._buffer += chunk
