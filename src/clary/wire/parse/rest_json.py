"""The rest-json protocol: what has no place in the headers or the path is JSON."""

from collections.abc import Callable
from typing import Any

from clary.wire.model import ServiceModel, Shape
from clary.wire.parse.events import EventReader
from clary.wire.parse.json import decode
from clary.wire.parse.nesting import check_depth, unbounded
from clary.wire.parse.rest import ReadBody, RestParser
from clary.wire.parse.values import Convert, ValueReader


class RestJsonParser(RestParser):
    """Parses rest-json."""

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._reader = ValueReader()

    def event_reader(self, shape: Shape) -> EventReader:
        """Return what reads the events of a stream: each one is JSON."""
        return EventReader(shape, lambda event: self._decoder(event, self._reader.of(event)))

    def _members_reader(self, shape: Shape) -> ReadBody:
        return self._decoder(shape, self._reader.body(shape))

    def _payload_reader(self, name: str, shape: Shape) -> Callable[[bytes], Any]:
        return self._decoder(shape, self._reader.of(shape))

    def _decoder(self, shape: Shape, read: Convert) -> Callable[[bytes], Any]:
        is_deep = unbounded(shape)

        def read_body(body: bytes) -> Any:
            value = decode(body)
            if is_deep:
                check_depth(value)
            return read(value)

        return read_body
