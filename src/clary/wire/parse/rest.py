"""The rest protocols: members in the path, the query string and the headers, the others in the body."""

import binascii
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

import orjson

from clary.wire.errors import AwsError, Malformed
from clary.wire.model import OperationModel, Shape
from clary.wire.parse.nesting import check_depth
from clary.wire.parse.parser import Parse, Parser
from clary.wire.parse.scalars import reader
from clary.wire.types import HttpRequest

#: Reads its member from a request's part and puts it into the input, when it is there.
Bind = Callable[[Mapping[str, Any], dict[str, Any]], None]
#: From the body to the members that it holds.
ReadBody = Callable[[bytes], dict[str, Any]]

LABEL = re.compile(r"\{(\w+)(\+?)\}")
#: An element of a list in a header: quoted, with `\"` for a quote, or plain.
HEADER_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')


class RestParser(Parser):
    """Parses what the rest protocols have in common; how the body reads is left to each."""

    def compile(self, operation: OperationModel) -> Parse:
        """Return what parses the requests of an operation."""
        if operation.input is None:
            return lambda request, path, body: {}
        located = {name: member for name, member in operation.input.members.items() if member.location}
        match_path = path_matcher(operation.uri, located)
        from_query = [query_binding(name, member, located) for name, member in of(located, "querystring")]
        # A request has fewer headers than its operation has members there: those are asked, not these.
        readers = {
            member.wire_name(name).lower(): (name, header_reader(member)) for name, member in of(located, "header")
        }
        from_prefixes = [prefix_binding(name, member) for name, member in of(located, "headers")]
        headers_of = self.headers_of
        read_body = self._body(operation.input) if self.reads_body(operation) else None

        def parse(request: HttpRequest, path: str, body: bytes) -> dict[str, Any]:
            params = match_path(path)
            if from_query and request.query:
                values = parse_qs(request.query, keep_blank_values=True, errors="strict")
                for bind in from_query:
                    bind(values, params)
            headers = headers_of(request)
            for key, value in headers.items():
                if (found := readers.get(key)) is not None:
                    name, read = found
                    params[name] = read(value)
            for bind in from_prefixes:
                bind(headers, params)
            if read_body is not None:
                params.update(read_body(body))
            return params

        return parse

    def headers_of(self, request: HttpRequest) -> Mapping[str, str]:
        """Return the headers that members are read from."""
        return request.headers

    def reads_body(self, operation: OperationModel) -> bool:
        """Tell whether the operation's input has members in the body."""
        shape = operation.input
        return shape is not None and any(member.location is None for member in shape.members.values())

    def _body(self, shape: Shape) -> ReadBody:
        name = shape.payload
        if name is None:
            return self._members_reader(shape)
        if shape.event_stream or shape.members[name].traits.get("streaming"):
            return no_members
        member = shape.members[name]
        is_required = name in shape.required
        if member.type == "blob":
            return lambda body: {name: body} if body or is_required else {}
        if member.type == "string":
            return lambda body: {name: body.decode()} if body or is_required else {}
        read = self._payload_reader(name, member)

        def read_payload(body: bytes) -> dict[str, Any]:
            # An empty body, and one that holds an empty structure, are how clients send an absent member.
            value = read(body) if body else None
            return {name: value or {}} if value or is_required else {}

        return read_payload

    @abstractmethod
    def _members_reader(self, shape: Shape) -> ReadBody:
        """Return what reads the members of `shape` that have no location, all from one body."""

    @abstractmethod
    def _payload_reader(self, name: str, shape: Shape) -> Callable[[bytes], Any]:
        """Return what reads the value of the one member that is the whole body."""


def no_members(body: bytes) -> dict[str, Any]:
    """Read nothing: the body goes to the operation as it comes."""
    return {}


def of(located: Mapping[str, Shape], location: str) -> list[tuple[str, Shape]]:
    """Return the members that stand at `location`."""
    return [(name, member) for name, member in located.items() if member.location == location]


def path_matcher(uri: str, located: Mapping[str, Shape]) -> Callable[[str], dict[str, Any]]:
    """Return what takes the labels of the template `uri` out of a path that is still percent-encoded."""
    by_label = {member.wire_name(name): (name, member) for name, member in of(located, "uri")}
    template = uri.partition("?")[0]
    pattern, end, labels = "", 0, []
    for label in LABEL.finditer(template):
        pattern += re.escape(template[end : label.start()]) + ("(.+)" if label[2] else "([^/]+)")
        name, member = by_label[label[1]]
        labels.append((name, reader(member)))
        end = label.end()
    tail = template[end:].rstrip("/")
    match = re.compile(pattern + re.escape(tail) + "/?" * (not template.endswith("+}")), re.DOTALL).fullmatch

    def labels_of(path: str) -> dict[str, Any]:
        found = match(path)
        if found is None:
            raise AwsError("UnknownOperationException", f"The path {path} does not name an operation", 404)
        return {name: read(decoded(part)) for (name, read), part in zip(labels, found.groups(), strict=True)}

    return labels_of


def decoded(part: str) -> str:
    """Undo percent-encoding; UnicodeDecodeError when the bytes are not UTF-8."""
    return unquote(part, errors="strict") if "%" in part else part


def query_binding(name: str, shape: Shape, located: Mapping[str, Shape]) -> Bind:
    """Return what reads a member from the query string."""
    key = shape.wire_name(name)
    if shape.type == "map":
        return query_map_binding(name, shape, {other.wire_name(key) for key, other in of(located, "querystring")})
    is_list = shape.type == "list"
    read = reader(shape.member if is_list else shape)

    def bind(values: Mapping[str, list[str]], params: dict[str, Any]) -> None:
        if (given := values.get(key)) is not None:
            params[name] = [read(value) for value in given] if is_list else read(given[0])

    return bind


def query_map_binding(name: str, shape: Shape, taken: set[str]) -> Bind:
    """Return what reads a map of all the parameters that no other member takes."""
    is_list = shape.value.type == "list"

    def bind(values: Mapping[str, list[str]], params: dict[str, Any]) -> None:
        params[name] = {key: (given if is_list else given[0]) for key, given in values.items() if key not in taken}

    return bind


def header_reader(shape: Shape) -> Callable[[str], Any]:
    """Return what reads `shape` from a header's value."""
    if shape.traits.get("jsonvalue"):
        return json_value
    if shape.type == "list":
        read_item = reader(shape.member)
        # The comma of a date is no separator: dates come in pairs of parts.
        separate = dates if shape.member.type == "timestamp" else items
        return lambda value: [read_item(item) for item in separate(value)]
    return reader(shape)


def items(value: str) -> list[str]:
    """Take a header's list apart."""
    found, position = [], 0
    while position < len(value):
        match = HEADER_ITEM.match(value, position)
        if match is None:
            raise Malformed(f"'{value}' is not a list")
        quoted, plain = match.groups()
        found.append(plain.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    return found


def dates(value: str) -> list[str]:
    """Take a header's list of `Thu, 01 Jan 1970 00:00:00 GMT` apart."""
    parts = [part.strip() for part in value.split(",")]
    return [", ".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]


def json_value(value: str) -> Any:
    """Read JSON in base64."""
    try:
        found = orjson.loads(binascii.a2b_base64(value, strict_mode=True))
    except ValueError as error:
        raise Malformed(f"'{value}' is not JSON in base64") from error
    check_depth(found)
    return found


def prefix_binding(name: str, shape: Shape) -> Bind:
    """Return what reads a map from every header that begins with a prefix (`x-amz-meta-`)."""
    prefix = shape.wire_name("").lower()

    def bind(headers: Mapping[str, str], params: dict[str, Any]) -> None:
        found = {key[len(prefix) :]: value for key, value in headers.items() if key.startswith(prefix)}
        if found:
            params[name] = found

    return bind
