"""Operations as the server uses them: put together from a protocol's parser, the validator and a serializer."""

import uuid
import zlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore import xform_name

from clary.wire import protocol as protocols
from clary.wire.errors import AwsError, Malformed
from clary.wire.model import OperationModel, ServiceModel, Shape
from clary.wire.operation import Operation
from clary.wire.parse.cbor import CborParser
from clary.wire.parse.events import EventReader
from clary.wire.parse.json import JsonParser
from clary.wire.parse.parser import Parse, Parser
from clary.wire.parse.query import QueryParser
from clary.wire.parse.rest_json import RestJsonParser
from clary.wire.parse.rest_xml import RestXmlParser
from clary.wire.quirks import quirks_of
from clary.wire.serialize.cbor import CborSerializer
from clary.wire.serialize.json import JsonSerializer
from clary.wire.serialize.query import QuerySerializer
from clary.wire.serialize.rest_json import RestJsonSerializer
from clary.wire.serialize.rest_xml import RestXmlSerializer
from clary.wire.serialize.serializer import Serialize, Serializer
from clary.wire.types import HttpRequest, HttpResponse
from clary.wire.validate import Validator
from clary.wire.xml_schema import SchemaValidator

PARSERS: dict[str, type[Parser]] = {
    protocols.CBOR: CborParser,
    protocols.JSON: JsonParser,
    protocols.QUERY: QueryParser,
    protocols.REST_JSON: RestJsonParser,
    protocols.REST_XML: RestXmlParser,
}
SERIALIZERS: dict[str, type[Serializer]] = {
    protocols.CBOR: CborSerializer,
    protocols.JSON: JsonSerializer,
    protocols.QUERY: QuerySerializer,
    protocols.REST_JSON: RestJsonSerializer,
    protocols.REST_XML: RestXmlSerializer,
}


#: zlib's window size for data with a gzip header.
GZIP = 31


class Codec:
    """One protocol of one service: what its operations share."""

    def __init__(self, service: ServiceModel, protocol: str) -> None:
        self.service = service
        self.protocol = protocol
        self.quirks = quirks_of(service.name)
        self.parser = PARSERS[protocol](service)
        self.serializer = SERIALIZERS[protocol](service)
        self.validator = (SchemaValidator if self.quirks.validation == "schema" else Validator)(self.quirks)

    def serialize_error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response, for a request that names no operation."""
        return self.serializer.error(error, request_id)


class CompiledOperation(Operation):
    """An operation in one protocol. Each direction compiles when it is first used."""

    def __init__(self, codec: Codec, model: OperationModel) -> None:
        self.codec = codec
        self.model = model
        self.service = codec.service.name
        self.name = model.name
        self.protocol = codec.protocol
        self.method = xform_name(model.name)
        self.streaming_input = streaming_input(model.input)
        self.streaming_output = streaming_output(model.output)
        self._reads_body = codec.parser.reads_body(model) and self.streaming_input is None
        members = model.input.members if model.input else {}
        self._tokens = [name for name, member in members.items() if member.traits.get("idempotencyToken")]

    async def parse(self, request: HttpRequest, path: str | None = None) -> dict[str, Any]:
        """Turn a request into the operation's input."""
        body = await self._body(request) if self._reads_body else b""
        try:
            params = self._parse(request, request.path if path is None else path, body)
        except Malformed as error:
            raise AwsError(self.codec.parser.malformed_code, str(error)) from error
        except UnicodeDecodeError:
            raise self.codec.parser.undecodable() from None
        for token in self._tokens:
            params.setdefault(token, str(uuid.uuid4()))
        if self.streaming_input is not None:
            params[self.streaming_input] = self._events.events(request.body) if self._events else request.body
        return params

    def validate(self, params: dict[str, Any]) -> None:
        """Check the input against the model."""
        self._validate(params)

    def serialize(self, result: dict[str, Any], request_id: str) -> HttpResponse:
        """Turn the operation's output into a response."""
        return self._serialize(result, request_id)

    def serialize_error(self, error: AwsError, request_id: str) -> HttpResponse:
        """Turn an error into a response; the answer to a HEAD has no body."""
        response = self.codec.serialize_error(error, request_id)
        if self.model.http_method == "HEAD":
            response.body = b""
        return response

    async def _body(self, request: HttpRequest) -> bytes:
        limit = self.codec.quirks.body_limit
        body = await request.body.read(limit)
        if self.model.is_compressible and request.headers.get("content-encoding") == "gzip":
            return unzip(body, limit)
        return body

    @cached_property
    def _parse(self) -> Parse:
        return self.codec.parser.compile(self.model)

    @cached_property
    def _events(self) -> EventReader | None:
        shape = self.model.input
        if shape is None or shape.event_stream is None:
            return None
        return self.codec.parser.event_reader(shape.members[shape.event_stream])

    @cached_property
    def _validate(self) -> Callable[[dict[str, Any]], None]:
        return self.codec.validator.compile(self.model.input)

    @cached_property
    def _serialize(self) -> Serialize:
        return self.codec.serializer.compile(self.model)


def unzip(body: bytes, limit: int) -> bytes:
    """Return the content of a gzip file; AwsError when it is broken, or longer than `limit`."""
    decoder = zlib.decompressobj(GZIP)
    try:
        content = decoder.decompress(body, limit)
    except zlib.error as error:
        raise AwsError("SerializationException", "The request body is not valid gzip") from error
    if decoder.unconsumed_tail:
        raise AwsError("RequestEntityTooLargeException", f"Request must be smaller than {limit} bytes", 413)
    if not decoder.eof:
        raise AwsError("SerializationException", "The gzip of the request body breaks off")
    return content


def streaming_input(shape: Shape | None) -> str | None:
    """Return the member that carries the request's body unread: a blob that streams, or a stream of events."""
    if shape is None:
        return None
    if shape.payload and shape.members[shape.payload].traits.get("streaming"):
        return shape.payload
    return shape.event_stream


def streaming_output(shape: Shape | None) -> str | None:
    """Return the member that is the response's body as it is: a blob, or a stream of events."""
    if shape is None:
        return None
    if shape.payload and shape.members[shape.payload].type == "blob":
        return shape.payload
    return shape.event_stream
