"""The rpc-v2-cbor protocol: the whole output is one CBOR map."""

from typing import Any

import cbor2

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.serialize.errors import error_body, query_error, shape_of, status_of
from clary.wire.serialize.serializer import Serialize, Serializer
from clary.wire.serialize.values import Convert, ValueWriter, structure
from clary.wire.timestamps import epoch
from clary.wire.types import HttpResponse

#: The tag of a time in seconds since the epoch.
TIME = 1


def scalar(shape: Shape) -> Convert:
    """Return what writes a shape that is neither structure nor list nor map; only times need it."""
    return (lambda value: cbor2.CBORTag(TIME, epoch(value))) if shape.type == "timestamp" else None


class CborSerializer(Serializer):
    """Serializes rpc-v2-cbor."""

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._writer = ValueWriter(scalar)

    def compile(self, operation: OperationModel) -> Serialize:
        """Return what serializes the results of an operation."""
        shape = operation.output
        write = self._writer.structure(shape, shape.members) if shape else structure(operation.name, {})
        status = operation.status

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            return HttpResponse(status, headers(request_id), cbor2.dumps(write(result)))

        return serialize

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
        shape = shape_of(self.service, error)
        out = [*headers(request_id), *error.headers]
        if self.service.query_compatible:
            out.append(query_error(shape, error, self.quirks))
        body = {"__type": shape.name if shape else error.code, **error_body(shape, error, self._writer)}
        return HttpResponse(status_of(shape, error), out, cbor2.dumps(body))


def headers(request_id: str) -> list[tuple[str, str]]:
    """Return the headers of every response."""
    return [
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", request_id),
    ]
