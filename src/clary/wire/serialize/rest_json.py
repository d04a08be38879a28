"""The rest-json protocol: what has no place in the headers is JSON."""

from collections.abc import Callable
from typing import Any

import orjson

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.serialize.errors import error_body, members_of, shape_of, split, status_of
from clary.wire.serialize.rest import Header, RestSerializer, RestWriter, WriteBody
from clary.wire.serialize.values import ValueWriter
from clary.wire.types import HttpResponse


class RestJsonSerializer(RestSerializer):
    """Serializes rest-json."""

    content_type = event_type = "application/json"

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._writer = ValueWriter()

    def id_headers(self, request_id: str) -> list[Header]:
        """Return the header that tells the request's id."""
        return [("x-amzn-RequestId", request_id)]

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
        shape = shape_of(self.service, error)
        headers = [*self.id_headers(request_id), ("x-amzn-ErrorType", shape.name if shape else error.code)]
        status, _ = RestWriter(shape).split(split(shape, members_of(shape, error))[0], status_of(shape, error), headers)
        headers += [("Content-Type", self.content_type), *error.headers]
        return HttpResponse(status, headers, orjson.dumps(error_body(shape, error, self._writer)))

    def _members_writer(self, operation: OperationModel, shape: Shape, members: dict[str, Shape]) -> WriteBody:
        write = self._writer.structure(shape, members)
        return lambda value: orjson.dumps(write(value))

    def _payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        write = self._writer.of(shape)
        return orjson.dumps if write is None else lambda value: orjson.dumps(write(value))
