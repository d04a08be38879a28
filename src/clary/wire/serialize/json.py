"""The json protocols, 1.0 and 1.1: the whole output is one JSON object."""

from typing import Any

import orjson

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.serialize.errors import members_of, query_error, shape_of, split, status_of
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
        write = self._writer.structure(shape, shape.members) if shape else structure(operation.name, {})
        content_type, status, is_empty = self._content_type, operation.status, shape is None

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            body = write(result)
            headers = [content_type, ("x-amzn-RequestId", request_id)]
            return HttpResponse(status, headers, b"" if is_empty else orjson.dumps(body))

        return serialize

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
        shape = shape_of(self.service, error)
        headers = [self._content_type, ("x-amzn-RequestId", request_id), *error.headers]
        if self.service.query_compatible:
            headers.append(query_error(shape, error, self.quirks))
        body = {"__type": shape.name if shape else error.code, **error_body(shape, error, self._writer)}
        return HttpResponse(status_of(shape, error), headers, orjson.dumps(body))


def error_body(shape: Shape | None, error: AwsError, writer: ValueWriter) -> dict[str, Any]:
    """Return an error's members as its body has them, those that the model does not name as they are."""
    known, others = split(shape, members_of(shape, error))
    if shape is None:
        return others
    body = {name: member for name, member in shape.members.items() if member.location is None and name in known}
    return writer.structure(shape, body)({name: known[name] for name in body}) | others
