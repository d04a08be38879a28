"""XML bodies, of rest-xml. Document types and entities are refused, whatever they say."""

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from clary.wire.errors import Malformed
from clary.wire.model import Shape
from clary.wire.parse.scalars import reader

Read = Callable[[Element], Any]


def decode(body: bytes) -> Element:
    """Return the root element."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Malformed(f"Invalid XML: {error}") from error
    return root


def compile_body(shape: Shape, root_name: str) -> Callable[[bytes], Any]:
    """Return what reads `shape` from a document whose root element is called `root_name`."""
    read = compile_shape(shape)

    def read_document(body: bytes) -> Any:
        root = decode(body)
        if local_name(root.tag) != root_name:
            raise Malformed(f"The root element is not {root_name}")
        return read(root)

    return read_document


def local_name(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag.rpartition("}")[2]


def compile_shape(shape: Shape) -> Read:
    """Return what reads `shape` from its element."""
    match shape.type:
        case "structure":
            return structure(shape)
        case "list":
            return sequence(shape)
        case "map":
            return mapping(shape)
    read_text = reader(shape)
    return lambda element: read_text(element.text or "")


def structure(shape: Shape) -> Read:
    """Return what reads a structure: an element, or an attribute, for each member."""
    members = {name: member for name, member in shape.members.items() if not member.location}
    attributes = {name: member for name, member in members.items() if member.traits.get("xmlAttribute")}
    read_attributes = attribute_reader(attributes) if attributes else None
    read_child = child_reader({name: member for name, member in members.items() if name not in attributes})

    def read(element: Element) -> dict[str, Any]:
        found: dict[str, Any] = read_attributes(element) if read_attributes else {}
        for child in element:
            read_child(child, found)
        return found

    return read


def attribute_reader(members: dict[str, Shape]) -> Read:
    """Return what reads the members that are attributes, whatever namespace they have."""
    readers = {member.wire_name(name).rpartition(":")[2]: (name, reader(member)) for name, member in members.items()}

    def read(element: Element) -> dict[str, Any]:
        known = [(readers[local_name(key)], text) for key, text in element.attrib.items() if local_name(key) in readers]
        return {name: read_text(text) for (name, read_text), text in known}

    return read


def child_reader(members: dict[str, Shape]) -> Callable[[Element, dict[str, Any]], None]:
    """Return what reads one child element into the members; those of a flattened list come one by one."""
    single: dict[str, tuple[str, Read]] = {}
    repeated: dict[str, tuple[str, Read]] = {}
    for name, member in members.items():
        if member.type == "list" and member.flattened:
            repeated[member.member.wire_name(member.wire_name(name))] = (name, compile_shape(member.member))
        else:
            single[member.wire_name(name)] = (name, compile_shape(member))

    def read(child: Element, found: dict[str, Any]) -> None:
        tag = local_name(child.tag)
        # S3 has members that were single once: their lists, of the same name, stand for them.
        if (member := repeated.get(tag)) is not None:
            found.setdefault(member[0], []).append(member[1](child))
        elif (member := single.get(tag)) is not None:
            found[member[0]] = member[1](child)

    return read


def sequence(shape: Shape) -> Read:
    """Return what reads a list that has an element of its own."""
    item_name = shape.member.wire_name("member")
    read_item = compile_shape(shape.member)
    return lambda element: [read_item(child) for child in element if local_name(child.tag) == item_name]


def mapping(shape: Shape) -> Read:
    """Return what reads a map: `<entry><key/><value/></entry>`."""
    key_name, value_name = shape.key.wire_name("key"), shape.value.wire_name("value")
    read_key, read_value = compile_shape(shape.key), compile_shape(shape.value)

    def read(element: Element) -> dict[str, Any]:
        found = {}
        for entry in element:
            parts = {local_name(child.tag): child for child in entry}
            if key_name not in parts or value_name not in parts:
                raise Malformed("A map's entry needs a key and a value")
            found[read_key(parts[key_name])] = read_value(parts[value_name])
        return found

    return read
