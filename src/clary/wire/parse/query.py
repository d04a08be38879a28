"""The query protocol: a form whose field names spell out where in the input each value goes (`Tags.member.1.Key`)."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from clary.wire.errors import Malformed
from clary.wire.model import OperationModel, Shape
from clary.wire.parse.parser import Parse, Parser
from clary.wire.parse.scalars import reader
from clary.wire.types import HttpRequest

#: More parts in a field's name than any model has.
MAX_PARTS = 40
#: The key under which a node keeps its own text.
TEXT = ""
#: A field name's parts as nested dicts: `A.1=x` is `{"A": {"1": {"": "x"}}}`.
Node = dict[str, Any]
Read = Callable[[Node], Any]


class QueryParser(Parser):
    """Parses the query protocol, in the body or in the query string."""

    malformed_code = "MalformedInput"

    def compile(self, operation: OperationModel) -> Parse:
        """Return what parses the requests of an operation."""
        if operation.input is None:
            return lambda request, path, body: {}
        read = structure(operation.input)

        def parse(request: HttpRequest, path: str, body: bytes) -> dict[str, Any]:
            params: dict[str, Any] = read(tree(fields(request.query) + fields(body.decode())))
            return params

        return parse


def fields(form: str) -> list[tuple[str, str]]:
    """Return the fields of a form in their order."""
    return parse_qsl(form, keep_blank_values=True, errors="strict") if form else []


def tree(pairs: list[tuple[str, str]]) -> Node:
    """Nest fields by the parts of their names."""
    root: Node = {}
    for name, value in pairs:
        node = root
        parts = name.split(".")
        if len(parts) > MAX_PARTS:
            raise Malformed(f"The parameter {name[:100]}... nests too deeply")
        for part in parts:
            node = node.setdefault(part, {})
        node[TEXT] = value
    return root


def compile_shape(shape: Shape) -> Read:
    """Return what reads `shape` from its node."""
    match shape.type:
        case "structure":
            return structure(shape)
        case "list":
            return sequence(shape)
        case "map":
            return mapping(shape)
    read_text = reader(shape)

    def scalar(node: Node) -> Any:
        if TEXT not in node:
            raise Malformed("Unexpected list element termination")
        return read_text(node[TEXT])

    return scalar


def structure(shape: Shape) -> Read:
    """Return what reads a structure."""
    members = {member.form_name(name): (name, compile_shape(member)) for name, member in shape.members.items()}

    def read(node: Node) -> dict[str, Any]:
        found = {}
        for key, child in node.items():
            if (member := members.get(key)) is not None:
                found[member[0]] = member[1](child)
        return found

    return read


def sequence(shape: Shape) -> Read:
    """Return what reads a list; `Name=` alone is an empty one."""
    read_item = compile_shape(shape.member)
    inner = None if shape.flattened else shape.member.form_name("member")

    def read(node: Node) -> list[Any]:
        return [read_item(item) for item in numbered(node if inner is None else node.get(inner, {}))]

    return read


def mapping(shape: Shape) -> Read:
    """Return what reads a map: numbered pairs of a key and a value."""
    key_name, value_name = shape.key.form_name("key"), shape.value.form_name("value")
    read_key, read_value = compile_shape(shape.key), compile_shape(shape.value)
    flattened = shape.flattened

    def read(node: Node) -> dict[str, Any]:
        entries = numbered(node if flattened else node.get("entry", {}))
        return {read_key(entry.get(key_name, {})): read_value(entry.get(value_name, {})) for entry in entries}

    return read


def numbered(node: Node) -> list[Node]:
    """Return the children of a list's node in the order of their numbers."""
    children = [(key, child) for key, child in node.items() if key != TEXT]
    if not all(key.isascii() and key.isdigit() and len(key) < 10 for key, _ in children):
        raise Malformed("A list's elements must be numbered")
    return [child for _, child in sorted(children, key=lambda pair: int(pair[0]))]
