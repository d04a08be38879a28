"""Streams of events that a service sends: `{name of the event: its members}` becomes a message."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.event_stream import encode
from clary.wire.model import Shape
from clary.wire.serialize.errors import members_of, split

#: From the members of a structure to bytes.
WriteMembers = Callable[[dict[str, Any]], bytes]


def nothing(members: dict[str, Any]) -> bytes:
    """Write an event that has no members."""
    return b""


class EventWriter:
    """Writes the events of one stream; `writer` compiles the structures that events hold, `content_type` is theirs."""

    def __init__(self, stream: Shape, writer: Callable[[Shape], WriteMembers], content_type: str) -> None:
        self._shapes = stream.members
        self._content_type = content_type
        self._writer = writer
        self._events = {name: self._event(event) for name, event in self._shapes.items()}

    async def messages(self, events: AsyncIterable[dict[str, Any]], initial: bytes | None) -> AsyncIterator[bytes]:
        """Yield a message for each event, after that of the initial response; an AwsError becomes the last one."""
        if initial is not None:
            yield self._message("event", ":event-type", "initial-response", self._content_type, initial)
        try:
            async for event in events:
                for name, members in event.items():
                    content_type, write = self._events[name]
                    yield self._message("event", ":event-type", name, content_type, write(members))
        except AwsError as error:
            yield self._exception(error)

    def _event(self, shape: Shape) -> tuple[str, WriteMembers]:
        payload = next((name for name, member in shape.members.items() if member.traits.get("eventpayload")), None)
        if payload is None:
            return self._content_type, self._writer(shape) if shape.members else nothing
        member = shape.members[payload]
        if member.type == "blob":
            return "application/octet-stream", lambda members: members.get(payload) or b""
        write = self._writer(member)
        return self._content_type, lambda members: write(members[payload])

    def _exception(self, error: AwsError) -> bytes:
        shape = self._shapes.get(error.code)
        if shape is None:
            headers = {":message-type": "error", ":error-code": error.code, ":error-message": error.message}
            return encode(headers, b"")
        known, _ = split(shape, members_of(shape, error))
        return self._message("exception", ":exception-type", error.code, self._content_type, self._writer(shape)(known))

    def _message(self, kind: str, name_header: str, name: str, content_type: str, payload: bytes) -> bytes:
        headers = {name_header: name, ":content-type": content_type, ":message-type": kind}
        return encode(headers, payload)
