"""The query protocol: XML with a wrapper around the result, and the request's id beside it."""

from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel
from clary.wire.serialize.errors import fault, query_code, shape_of, split, status_of
from clary.wire.serialize.serializer import Serialize, Serializer
from clary.wire.serialize.xml import XmlWriter, attributes, escape, nothing
from clary.wire.types import HttpResponse


class QuerySerializer(Serializer):
    """Serializes the query protocol."""

    def compile(self, operation: OperationModel) -> Serialize:
        """Return what serializes the results of an operation."""
        shape = operation.output
        wrapper = shape.traits.get("resultWrapper") if shape else None
        start = f"<{operation.name}Response{attributes(self.service.xml_namespace)}>"
        start += f"<{wrapper}>" if wrapper else ""
        middle = (f"</{wrapper}>" if wrapper else "") + "<ResponseMetadata><RequestId>"
        end = f"</RequestId></ResponseMetadata></{operation.name}Response>"
        write = XmlWriter().members(shape, shape.members) if shape else nothing(operation.name)

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            out = [start]
            write(result, out)
            out += (middle, request_id, end)
            headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
            return HttpResponse(operation.status, headers, "".join(out).encode())

        return serialize

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response."""
        shape = shape_of(self.service, error)
        code = query_code(shape, error, self.quirks)
        out = [f"<ErrorResponse{attributes(self.service.xml_namespace)}><Error><Type>{fault(error)}</Type>"]
        out.append(f"<Code>{escape(code)}</Code><Message>{escape(error.message)}</Message>")
        known, others = split(shape, error.fields)
        if shape:
            XmlWriter().members(shape, shape.members)(known, out)
        out += [f"<{name}>{escape(str(value))}</{name}>" for name, value in others.items()]
        out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id), *error.headers]
        return HttpResponse(status_of(shape, error), headers, "".join(out).encode())
