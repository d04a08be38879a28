"""The rest-xml protocol, as S3 speaks it: what has no place in the headers is XML."""

from collections.abc import Callable
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.serialize.errors import query_code, shape_of, status_of
from clary.wire.serialize.rest import Header, RestSerializer, WriteBody
from clary.wire.serialize.values import base64
from clary.wire.serialize.xml import PROLOG, Write, XmlWriter, attributes, escape
from clary.wire.timestamps import iso8601_millis
from clary.wire.types import HttpResponse


class RestXmlSerializer(RestSerializer):
    """Serializes rest-xml."""

    content_type = "application/xml"
    event_type = "text/xml"

    def __init__(self, service: ServiceModel) -> None:
        super().__init__(service)
        self._writer = XmlWriter(iso8601_millis)
        self._namespace = attributes(service.xml_namespace or self.quirks.xml_namespace)

    def id_headers(self, request_id: str) -> list[Header]:
        """Return the headers that tell the request's two ids."""
        return [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]

    def error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response: no wrapper around it, and the ids inside as well as in the headers."""
        shape = shape_of(self.service, error)
        status = status_of(shape, error)
        headers = [*self.id_headers(request_id), *error.headers]
        if status == 304:
            return HttpResponse(status, headers)
        members = {"Code": query_code(shape, error, self.quirks), "Message": error.message, **error.fields}
        members |= {"RequestId": request_id, "HostId": host_id(request_id)}
        out = [f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items() if value is not None]
        body = f"{PROLOG}<Error>{''.join(out)}</Error>".encode()
        return HttpResponse(status, [("Content-Type", self.content_type), *headers], body)

    def _members_writer(self, operation: OperationModel, shape: Shape, members: dict[str, Shape]) -> WriteBody:
        root = self.quirks.roots.get(operation.name, shape.name)
        if operation.name in self.quirks.bare:
            return self._bare_writer(root)
        return document(root, self._namespace, self._writer.members(shape, members))

    def _payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        namespace = attributes(shape.traits.get("xmlNamespace")) or self._namespace
        return document(shape.wire_name(shape.name), namespace, self._writer.members(shape, shape.members))

    def _bare_writer(self, root: str) -> WriteBody:
        start, end = f"{PROLOG}<{root}{self._namespace}", f"</{root}>"

        def write(members: dict[str, Any]) -> bytes:
            text = members.pop(root, None)
            if members:
                raise KeyError(f"The output has no members {[*members]}")
            return (f"{start}>{escape(text)}{end}" if text else f"{start}/>").encode()

        return write


def document(root: str, namespace: str, write: Write) -> Callable[[Any], bytes]:
    """Return what writes a structure as a whole document."""
    start, end = f"{PROLOG}<{root}{namespace}>", f"</{root}>"

    def write_document(value: Any) -> bytes:
        out = [start]
        write(value, out)
        out.append(end)
        return "".join(out).encode()

    return write_document


def host_id(request_id: str) -> str:
    """Return S3's second id of a request: opaque, and longer than the first."""
    return base64(f"{request_id}/{request_id}".encode())
