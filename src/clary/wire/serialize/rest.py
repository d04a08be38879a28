"""The rest protocols: members in the status and the headers, the others in the body."""

import re
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import Any, ClassVar

import orjson

from clary.wire.event_stream import CONTENT_TYPE as EVENT_STREAM
from clary.wire.model import OperationModel, Shape
from clary.wire.serialize.events import EventWriter
from clary.wire.serialize.serializer import Serialize, Serializer
from clary.wire.serialize.values import base64, number
from clary.wire.timestamps import epoch_text, http_date, iso8601
from clary.wire.types import HttpResponse

Body = bytes | AsyncIterator[bytes]
#: From the members that the body holds to the body.
WriteBody = Callable[[dict[str, Any]], Body]
Header = tuple[str, str]
#: Appends the headers that say a member's value.
WriteHeader = Callable[[Any, list[Header]], None]

#: What would end a header, or begin another one.
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
TIMES: dict[str, Callable[[Any], str]] = {"unixtimestamp": epoch_text, "iso8601": iso8601, "rfc822": http_date}


class RestWriter:
    """Takes a structure apart into status, headers and body."""

    def __init__(self, shape: Shape | None) -> None:
        members = shape.members if shape else {}
        self.body_members = {name: member for name, member in members.items() if member.location is None}
        #: What makes a response a partial one (RFC 9110 §15.3.7): models of S3 do not say it.
        self._range = next((name for name, member in members.items() if member.wire_name("") == "Content-Range"), None)
        self._status = next((name for name, member in members.items() if member.location == "statusCode"), None)
        self._headers = {
            name: header_map(member) if member.location == "headers" else header(member, name)
            for name, member in members.items()
            if member.location in {"header", "headers"}
        }

    def split(self, value: dict[str, Any], status: int, headers: list[Header]) -> tuple[int, dict[str, Any]]:
        """Append the headers of `value`; return its status, `status` by default, and what is left for the body."""
        rest = {}
        if self._range and value.get(self._range) is not None and status == 200:
            status = 206
        for name, item in value.items():
            if item is None:
                continue
            if (write := self._headers.get(name)) is not None:
                write(item, headers)
            elif name == self._status:
                status = item
            else:
                rest[name] = item
        return status, rest


class RestSerializer(Serializer):
    """Serializes what the rest protocols have in common; how the body is written is left to each."""

    content_type: ClassVar[str]
    #: The content type of an event that is no blob.
    event_type: ClassVar[str]

    def compile(self, operation: OperationModel) -> Serialize:
        """Return what serializes the results of an operation."""
        writer = RestWriter(operation.output)
        write_body = self._body(operation, writer.body_members)
        content_type = ("Content-Type", self._body_type(operation.output))
        id_headers, status = self.id_headers, operation.status

        def serialize(result: dict[str, Any], request_id: str) -> HttpResponse:
            headers = id_headers(request_id)
            code, members = writer.split(result, status, headers)
            body = write_body(members)
            if body and not any(name.lower() == "content-type" for name, _ in headers):
                headers.append(content_type)
            return HttpResponse(code, headers, body)

        return serialize

    @abstractmethod
    def id_headers(self, request_id: str) -> list[Header]:
        """Return the headers that tell the request's id."""

    @abstractmethod
    def _members_writer(self, operation: OperationModel, shape: Shape, members: dict[str, Shape]) -> WriteBody:
        """Return what writes several members into one body."""

    @abstractmethod
    def _payload_writer(self, shape: Shape) -> Callable[[Any], bytes]:
        """Return what writes the one value that is the whole body, or an event's."""

    def _body(self, operation: OperationModel, members: dict[str, Shape]) -> WriteBody:
        shape = operation.output
        if shape is None or not members:
            return no_body
        if shape.payload is None:
            return self._members_writer(operation, shape, members)
        payload = members[shape.payload]
        if payload.traits.get("eventstream"):
            events = EventWriter(payload, self._payload_writer, self.event_type)
            return payload_writer(shape.payload, payload, lambda value: events.messages(value, None))
        return payload_writer(shape.payload, payload, self._payload_writer(payload))

    def _body_type(self, shape: Shape | None) -> str:
        if shape is None or shape.payload is None:
            return self.content_type
        if shape.event_stream:
            return EVENT_STREAM
        return "application/octet-stream" if shape.members[shape.payload].type == "blob" else self.content_type


def header(shape: Shape, name: str) -> WriteHeader:
    """Return what writes a member as one header."""
    key = shape.wire_name(name)
    spell = speller(shape)
    return lambda value, headers: headers.append((key, safe(spell(value))))


def header_map(shape: Shape) -> WriteHeader:
    """Return what writes a map as headers with a common prefix (`x-amz-meta-`)."""
    prefix = shape.wire_name("")

    def write(value: Any, headers: list[Header]) -> None:
        headers.extend((safe(f"{prefix}{key}"), safe(item)) for key, item in value.items())

    return write


def speller(shape: Shape) -> Callable[[Any], str]:
    """Return what spells a value in a header."""
    if shape.traits.get("jsonvalue"):
        return lambda value: base64(orjson.dumps(value))
    match shape.type:
        case "boolean":
            return lambda value: "true" if value else "false"
        case "float" | "double":
            return lambda value: str(number(value))
        case "timestamp":
            return TIMES[shape.traits.get("timestampFormat", "rfc822").lower()]
        case "list":
            spell_item = speller(shape.member)
            return lambda value: ",".join(spell_item(item) for item in value)
        case "blob":
            return base64
    return str


def safe(value: str) -> str:
    """Make a value fit into a header: on one line, and in ASCII, by RFC 2047 where it is not, as S3 does."""
    if not value.isascii():
        return f"=?UTF-8?B?{base64(value.encode())}?="
    return value if value.isprintable() else CONTROL.sub(" ", value)


def payload_writer(name: str, shape: Shape, write: Callable[[Any], Body]) -> WriteBody:
    """Return what writes the one member that is the whole body: bytes and streams as they are."""

    def body(members: dict[str, Any]) -> Body:
        value = members.pop(name, None)
        if members:
            raise KeyError(f"The output has no members {[*members]}")
        if value is None:
            return b""
        if shape.type == "string":
            return str(value).encode()
        if shape.type == "blob":
            data: Body = value
            return data
        return write(value)

    return body


def no_body(members: dict[str, Any]) -> bytes:
    """Write the body of an operation whose output has no member for it."""
    if members:
        raise KeyError(f"The output has no members {[*members]}")
    return b""
