"""Streams of events that a client sends: each event becomes `{its name: its members}`."""

from collections.abc import AsyncIterator, Callable
from typing import Any

from clary.wire.errors import AwsError, Malformed
from clary.wire.event_stream import decode, frame, total_length
from clary.wire.model import Shape
from clary.wire.types import RequestBody

#: The header of an envelope: a message whose payload is the message proper, signed.
SIGNATURE = ":chunk-signature"


class EventReader:
    """Reads the events of one stream; `read` gives the members of an event from its payload, by the event's name."""

    def __init__(self, stream: Shape, reader: Callable[[Shape], Callable[[bytes], Any]]) -> None:
        self._events = {name: reader(event) for name, event in stream.members.items()}

    async def events(self, body: RequestBody) -> AsyncIterator[dict[str, Any]]:
        """Yield the events of a request's body; AwsError when it is broken."""
        try:
            async for message in decode(body):
                inner = message
                if SIGNATURE in message.headers:
                    if not message.payload:
                        return
                    total_length(message.payload)
                    inner = frame(message.payload)
                name = inner.headers.get(":event-type", "")
                if name in self._events:
                    yield {name: self._events[name](inner.payload)}
        except Malformed as error:
            raise AwsError("SerializationException", str(error)) from error
