"""The json protocols, 1.0 and 1.1: the whole output is one JSON object."""

from typing import Any

import orjson

from clary.wire.errors import AwsError
from clary.wire.event_stream import CONTENT_TYPE
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.serialize.errors import error_body, query_error, shape_of, status_of
from clary.wire.serialize.events import EventWriter, WriteMembers
from clary.wire.serialize.serializer import Serialize, Serializer
from clary.wire.serialize.values import ValueWriter, structure
from clary.wire.types import HttpResponse


class JsonSerializer(Serializer):
    """Serializes the json protocols."""

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._writer = ValueWriter()
        self._content_type = ("Content-Type", f"application/x-amz-json-{service.json_version}")

    def compile(self, operation: OperationModel) -> Serialize:
        """Return what serializes the results of an operation."""
        shape = operation.output
        if shape is not None and shape.event_stream is not None:
            return self._stream(operation, shape, shape.event_stream)
        write = self._writer.structure(shape, shape.members) if shape else structure(operation.name, {})
        content_type, status, is_empty = self._content_type, operation.status, shape is None

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            body = write(result)
            headers = [content_type, ("x-amzn-RequestId", request_id)]
            return HttpResponse(status, headers, b"" if is_empty else orjson.dumps(body))

        return serialize

    def _stream(self, operation: OperationModel, shape: Shape, name: str) -> Serialize:
        members = shape.members
        events = EventWriter(members.pop(name), self._event, "application/json")
        write = self._writer.structure(shape, members)

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            initial = orjson.dumps(write({key: value for key, value in result.items() if key != name}))
            headers = [("Content-Type", CONTENT_TYPE), ("x-amzn-RequestId", request_id)]
            return HttpResponse(operation.status, headers, events.messages(result[name], initial))

        return serialize

    def _event(self, shape: Shape) -> WriteMembers:
        write = self._writer.structure(shape, shape.members)
        return lambda members: orjson.dumps(write(members))

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
        shape = shape_of(self.service, error)
        headers = [self._content_type, ("x-amzn-RequestId", request_id), *error.headers]
        if self.service.query_compatible:
            headers.append(query_error(shape, error, self.quirks))
        body = {"__type": shape.name if shape else error.code, **error_body(shape, error, self._writer)}
        return HttpResponse(status_of(shape, error), headers, orjson.dumps(body))
