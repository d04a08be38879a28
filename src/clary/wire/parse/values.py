"""JSON bodies: of the json protocols whole, of rest-json what has no place in the headers or the path."""

from collections.abc import Callable, Mapping
from typing import Any

from clary.wire import timestamps
from clary.wire.errors import Malformed
from clary.wire.model import Shape
from clary.wire.parse.scalars import RANGES, SPECIAL_NUMBERS, blob, timestamp

#: From decoded JSON to a value in AWS's spelling.
Convert = Callable[[Any], Any]
#: What a member needs to be read: its name in AWS's spelling, the type that passes as it is, and the reader.
Member = tuple[str, type | None, Convert]

KINDS = {str: "STRING_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE", dict: "START_OBJECT", list: "START_ARRAY"}
KINDS[type(None)] = "NULL_VALUE"


def unfit(value: object, wanted: str) -> Malformed:
    """Return the error for JSON of the wrong type, as AWS words it."""
    kind = f"{value}_VALUE".upper() if isinstance(value, bool) else KINDS.get(type(value), "VALUE")
    return Malformed(f"{kind} can not be converted to {wanted}")


def text(value: Any) -> str:
    """Take a string."""
    if type(value) is not str:
        raise unfit(value, "a String")
    return value


def boolean(value: Any) -> bool:
    """Take `true` or `false`."""
    if type(value) is not bool:
        raise unfit(value, "a Boolean")
    return value


def whole(low: int, high: int, name: str) -> Convert:
    """Return what takes a whole number in a range; a float that is whole is one too."""

    def convert(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise unfit(value, name)
        if not low <= value <= high:
            raise Malformed(f"Numeric value ({value}) out of the range of {name}")
        return value

    return convert


def number(value: Any) -> float:
    """Take a number with a fraction; `"NaN"`, `"Infinity"` and `"-Infinity"` are numbers too."""
    if type(value) is float or type(value) is int:
        return float(value)
    if type(value) is str and value in SPECIAL_NUMBERS:
        return float(value)
    raise unfit(value, "a Double")


def time(value: Any) -> float:
    """Take a time: seconds since the epoch, or text in any of the spellings."""
    if type(value) is str:
        return timestamp(value)
    if type(value) is not int and type(value) is not float:
        raise unfit(value, "a Timestamp")
    try:
        return timestamps.within(value)
    except ValueError as error:
        raise Malformed(f"{value} is not a valid timestamp") from error


def data(value: Any) -> bytes:
    """Take base64."""
    return blob(text(value))


def document(value: Any) -> Any:
    """Take any JSON."""
    return value


SCALARS: dict[str, Convert] = {
    "string": text,
    "character": text,
    "boolean": boolean,
    "integer": whole(*RANGES["integer"], "an Integer"),
    "long": whole(*RANGES["long"], "a Long"),
    "float": number,
    "double": number,
    "timestamp": time,
    "blob": data,
}
#: Types whose values need no look at them beyond their exact type.
PLAIN: dict[Convert, type] = {text: str, boolean: bool}


class ValueReader:
    """Compiles the shapes of one service; a shape that several operations share is compiled once.

    `scalars` reads what is neither object nor array; CBOR has its own.
    """

    def __init__(self, scalars: Mapping[str, Convert] = SCALARS) -> None:
        self._scalars = scalars
        self._compiled: dict[str, Convert] = {}

    def of(self, shape: Shape) -> Convert:
        """Return what reads `shape`."""
        if shape.type in self._scalars:
            return self._scalars[shape.type]
        if shape.document:
            return document
        if shape.name not in self._compiled:
            # A shape may hold itself: what is inside finds it here, and the compiled one when it is called.
            self._compiled[shape.name] = lambda value: self._late(shape.name, value)
            self._compiled[shape.name] = self._compile(shape)
        return self._compiled[shape.name]

    def body(self, shape: Shape) -> Convert:
        """Return what reads the members of `shape` that have no location."""
        members = {name: member for name, member in shape.members.items() if member.location is None}
        return structure(self._members(members), is_union=False)

    def _late(self, name: str, value: Any) -> Any:
        return self._compiled[name](value)

    def _compile(self, shape: Shape) -> Convert:
        if shape.type == "list":
            return sequence(self.of(shape.member))
        if shape.type == "map":
            return mapping(self.of(shape.value))
        return structure(self._members(shape.members), bool(shape.traits.get("union")))

    def _members(self, members: dict[str, Shape]) -> dict[str, Member]:
        read = {name: self.of(member) for name, member in members.items()}
        return {shape.wire_name(name): (name, PLAIN.get(read[name]), read[name]) for name, shape in members.items()}


def structure(members: dict[str, Member], is_union: bool) -> Convert:
    """Return what reads an object; members that are null or unknown are left out, as on AWS."""
    member_of = members.get

    def convert(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise unfit(value, "a Structure")
        found = {}
        for key, item in value.items():
            if item is not None and (member := member_of(key)) is not None:
                name, plain, read = member
                found[name] = item if type(item) is plain else read(item)
        return found

    def convert_union(value: Any) -> dict[str, Any]:
        found = convert(value)
        if len(found) != 1:
            raise Malformed("A union must have exactly one member set")
        return found

    return convert_union if is_union else convert


def sequence(read: Convert) -> Convert:
    """Return what reads an array."""
    plain = PLAIN.get(read)

    def convert(value: Any) -> list[Any]:
        if type(value) is not list:
            raise unfit(value, "a List")
        return [item if type(item) is plain else read(item) for item in value]

    return convert


def mapping(read: Convert) -> Convert:
    """Return what reads an object with free keys, which CBOR lets be of other types than strings."""
    plain = PLAIN.get(read)

    def convert(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise unfit(value, "a Map")
        found = {}
        for key, item in value.items():
            found[key if type(key) is str else text(key)] = item if type(item) is plain else read(item)
        return found

    return convert
