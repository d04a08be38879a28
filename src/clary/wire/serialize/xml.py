"""XML bodies, of rest-xml and of the query protocol, written as text piece by piece."""

import re
from collections.abc import Callable
from typing import Any

from clary.wire.model import Shape
from clary.wire.serialize.values import base64, number
from clary.wire.timestamps import epoch_text, http_date, iso8601

#: Appends a value's pieces of text.
Write = Callable[[Any, list[str]], None]

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
#: What text may not hold as it is. Control characters go out as references, as S3 does, though XML 1.0 has no such.
SPECIAL = re.compile(r'[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff]')
NAMES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """Make text fit between tags, and into attributes."""
    return SPECIAL.sub(reference, text) if SPECIAL.search(text) else text


def reference(match: re.Match[str]) -> str:
    """Return the reference for one character."""
    return NAMES.get(match[0]) or f"&#x{ord(match[0]):x};"


def attributes(namespace: str | dict[str, str] | None) -> str:
    """Return the attribute that declares a namespace, as the model has it."""
    if namespace is None:
        return ""
    if isinstance(namespace, str):
        return f' xmlns="{namespace}"'
    prefix = f":{namespace['prefix']}" if namespace.get("prefix") else ""
    return f' xmlns{prefix}="{namespace["uri"]}"'


class XmlWriter:
    """Compiles shapes into writers. `default_time` spells times that the model gives no format."""

    def __init__(self, default_time: Callable[[Any], str] = iso8601) -> None:
        self._times = {"iso8601": default_time, "rfc822": http_date, "unixtimestamp": epoch_text}

    def text(self, shape: Shape) -> Callable[[Any], str]:
        """Return what spells a scalar."""
        match shape.type:
            case "string" | "character":
                return escape
            case "boolean":
                return lambda value: "true" if value else "false"
            case "float" | "double":
                return lambda value: str(number(value))
            case "blob":
                return base64
            case "timestamp":
                return self._times[shape.traits.get("timestampFormat", "iso8601").lower()]
        return str

    def element(self, shape: Shape, tag: str) -> Write:
        """Return what writes `shape` as an element called `tag`, or as several when it is flattened."""
        match shape.type:
            case "structure":
                return self._structure(shape, tag)
            case "list":
                return self._list(shape, tag)
            case "map":
                return self._map(shape, tag)
        spell = self.text(shape)
        start, end = f"<{tag}{attributes(shape.traits.get('xmlNamespace'))}>", f"</{tag}>"
        return lambda value, out: out.append(f"{start}{spell(value)}{end}")

    def members(self, shape: Shape, members: dict[str, Shape]) -> Write:
        """Return what writes the given members of a structure, each as an element."""
        writers = {name: self.element(member, member.form_name(name)) for name, member in members.items()}
        shape_name = shape.name

        def write(value: Any, out: list[str]) -> None:
            for name, item in value.items():
                writer = writers.get(name)
                if writer is None:
                    raise KeyError(f"{shape_name} has no member {name}")
                if item is not None:
                    writer(item, out)

        return write

    def _structure(self, shape: Shape, tag: str) -> Write:
        members = shape.members
        attribute = next((name for name, member in members.items() if member.traits.get("xmlAttribute")), None)
        start, end = f"<{tag}{attributes(shape.traits.get('xmlNamespace'))}", f"</{tag}>"
        write_members = self.members(shape, {name: member for name, member in members.items() if name != attribute})
        if attribute is None:

            def write(value: Any, out: list[str]) -> None:
                out.append(f"{start}>")
                write_members(value, out)
                out.append(end)

            return write
        wire_name, spell = members[attribute].wire_name(attribute), self.text(members[attribute])

        def write_with_attribute(value: Any, out: list[str]) -> None:
            given = value.get(attribute)
            out.append(f"{start}>" if given is None else f'{start} {wire_name}="{spell(given)}">')
            write_members({name: item for name, item in value.items() if name != attribute}, out)
            out.append(end)

        return write_with_attribute

    def _list(self, shape: Shape, tag: str) -> Write:
        if shape.flattened:
            write_item = self.element(shape.member, tag)

            def write_flat(value: Any, out: list[str]) -> None:
                for item in value:
                    write_item(item, out)

            return write_flat
        write_item = self.element(shape.member, shape.member.form_name("member"))

        def write(value: Any, out: list[str]) -> None:
            out.append(f"<{tag}>")
            for item in value:
                write_item(item, out)
            out.append(f"</{tag}>")

        return write

    def _map(self, shape: Shape, tag: str) -> Write:
        write_key = self.element(shape.key, shape.key.form_name("key"))
        write_value = self.element(shape.value, shape.value.form_name("value"))
        entry = tag if shape.flattened else "entry"
        start, end = ("", "") if shape.flattened else (f"<{tag}>", f"</{tag}>")

        def write(value: Any, out: list[str]) -> None:
            out.append(start)
            for key, item in value.items():
                out.append(f"<{entry}>")
                write_key(key, out)
                write_value(item, out)
                out.append(f"</{entry}>")
            out.append(end)

        return write


def nothing(name: str) -> Write:
    """Return what writes the members of an output that has none."""

    def write(value: Any, out: list[str]) -> None:
        if value:
            raise KeyError(f"{name} has no members {[*value]}")

    return write
