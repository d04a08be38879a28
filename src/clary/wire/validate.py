"""An operation's input against the constraints of its model, in the words of AWS's own validator.

A check returns None for a value that is right, so the way of a good request builds no path and no text. Violations
gather their path on the way out.
"""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from clary.wire.errors import AwsError
from clary.wire.model import Shape
from clary.wire.patterns import matcher
from clary.wire.quirks import Quirks

#: Where below the value that was checked, the value as text (None for a sensitive one), and the constraint it breaks.
Violation = tuple[str, str | None, str]
Check = Callable[[Any], list[Violation] | None]

#: A constraint in AWS's words, and whether a value keeps it.
Rule = tuple[str, Callable[[Any], bool]]

PATTERN = "must satisfy regular expression pattern: "
CONTAINERS = frozenset({"structure", "list", "map"})
NUMBERS = frozenset({"integer", "long", "float", "double"})
# Differs from AWS: a value longer than this, and than it may be, is not matched against its pattern besides.
MAX_MATCHED = 10_000
# Differs from AWS: a longer value is cut in the text of the error.
MAX_SHOWN = 1000


class Validator:
    """Compiles the input shapes of one service into checks; a shape that several operations share is compiled once."""

    def __init__(self, quirks: Quirks) -> None:
        self._code = quirks.invalid_code
        self._unchecked = quirks.unchecked
        self._message = terse_message if quirks.validation == "terse" else message
        self._compiled: dict[str, Check | None] = {}

    def compile(self, shape: Shape | None) -> Callable[[dict[str, Any]], None]:
        """Return what checks an input; it raises AwsError with every violation listed."""
        return self.checker(self.of(shape) if shape else None)

    def checker(self, check: Check | None) -> Callable[[dict[str, Any]], None]:
        """Return what raises the service's error for what `check` finds."""
        if check is None:
            return lambda params: None

        def validate(params: dict[str, Any]) -> None:
            if found := check(params):
                raise AwsError(self._code, self._message(found))

        return validate

    def members(self, shape: Shape, names: Iterable[str]) -> Check | None:
        """Return what checks some members of a structure."""
        members = shape.members
        return structure({name: (name in shape.required, self.of(members[name])) for name in names})

    def of(self, shape: Shape) -> Check | None:
        """Return what checks `shape`, None for one that has no constraints."""
        if shape.document or shape.traits.get("streaming") or shape.traits.get("eventstream"):
            return None
        if shape.name in self._unchecked:
            return None
        if shape.type not in CONTAINERS:
            return leaf(shape)
        if shape.name not in self._compiled:
            # A shape may hold itself: what is inside finds it here, and the compiled one when it is called.
            self._compiled[shape.name] = lambda value: self._late(shape.name, value)
            self._compiled[shape.name] = self._compile(shape)
        return self._compiled[shape.name]

    def _late(self, name: str, value: Any) -> list[Violation] | None:
        check = self._compiled[name]
        return check(value) if check else None

    def _compile(self, shape: Shape) -> Check | None:
        if shape.type == "list":
            return sequence(shape, self.of(shape.member))
        if shape.type == "map":
            return mapping(shape, self.of(shape.key), self.of(shape.value))
        return self.members(shape, shape.members)


def message(found: list[Violation]) -> str:
    """Return the text that lists violations."""
    texts = []
    for path, value, constraint in found:
        shown = f"Value {value} at" if value is not None else "Value at"
        texts.append(f"{shown} '{path}' failed to satisfy constraint: {constraint}")
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(texts)}"


def terse_message(found: list[Violation]) -> str:
    """Return the text that names the first violation, as ECR does."""
    path, _, constraint = found[0]
    text = constraint.removeprefix("Member ")
    if text.startswith(PATTERN):
        text = f"must satisfy regular expression '{text.removeprefix(PATTERN)}'"
    return f"Invalid parameter at '{path}' failed to satisfy constraint: '{text}'"


def structure(members: dict[str, tuple[bool, Check | None]]) -> Check | None:
    """Return what checks a structure: its required members and those that have constraints of their own."""
    required = [name for name, (is_required, _) in members.items() if is_required]
    checks = {name: check for name, (_, check) in members.items() if check}
    if not required and not checks:
        return None

    def check(value: Any) -> list[Violation] | None:
        for name in required:
            if value.get(name) is None:
                return violations(members, value)
        for name, item in value.items():
            if item is not None and (check_item := checks.get(name)) is not None and check_item(item):
                return violations(members, value)
        return None

    return check


def violations(members: dict[str, tuple[bool, Check | None]], value: Any) -> list[Violation]:
    """Return what is wrong with a structure, in the model's order."""
    found: list[Violation] = []
    for name, (is_required, check) in members.items():
        item = value.get(name)
        if item is not None:
            found += below(lower(name), (check and check(item)) or [])
        elif is_required:
            found.append((lower(name), "null", "Member must not be null"))
    return found


def sequence(shape: Shape, inner: Check | None) -> Check | None:
    """Return what checks a list: its length, and its elements."""
    size = leaf(shape)
    if inner is None:
        return size
    is_nested = shape.member.type in CONTAINERS
    each = f"Member must satisfy constraint: {listed(shape.member)}"

    def check(value: Any) -> list[Violation] | None:
        found = (size and size(value)) or []
        for number, item in enumerate(value, 1):
            if bad := inner(item):
                if not is_nested:
                    return [*found, ("", show(shape, value), each)]
                found += below(f"{number}.member", bad)
        return found

    return check


def mapping(shape: Shape, key: Check | None, inner: Check | None) -> Check | None:
    """Return what checks a map: its size, its keys and its values."""
    size = leaf(shape)
    if key is None and inner is None:
        return size
    is_nested = shape.value.type in CONTAINERS
    keys = f"Map keys must satisfy constraint: {listed(shape.key)}"
    values = f"Map value must satisfy constraint: {listed(shape.value)}"

    def check(value: Any) -> list[Violation] | None:
        found = (size and size(value)) or []
        if key is not None and any(key(name) for name in value):
            found = [*found, ("", show(shape, value), keys)]
        if inner is None:
            return found
        for name, item in value.items():
            if bad := inner(item):
                if not is_nested:
                    return [*found, ("", show(shape, value), values)]
                found += below(f"{name}.member", bad)
        return found

    return check


def leaf(shape: Shape) -> Check | None:
    """Return what checks a value that holds no others."""
    found = rules(shape)
    if not found or shape.traits.get("jsonvalue"):
        return None
    return string(shape, found) if shape.type == "string" else number_or_size(shape, found)


def number_or_size(shape: Shape, found: list[Rule]) -> Check:
    """Return what checks a number, or the size of a list, a map or a blob."""
    low, high = shape.traits.get("min", -inf), shape.traits.get("max", inf)
    if shape.type in NUMBERS:
        return lambda value: None if low <= value <= high else broken(shape, found, value)
    return lambda value: None if low <= len(value) <= high else broken(shape, found, value)


def string(shape: Shape, found: list[Rule]) -> Check:
    """Return what checks a string: most of what is ever checked, and so in one step."""
    low, high = shape.traits.get("min", 0), shape.traits.get("max", inf)
    enum = frozenset(shape.traits["enum"]) if "enum" in shape.traits else None
    pattern = matcher(shape.traits["pattern"]) if "pattern" in shape.traits else None

    def check(value: Any) -> list[Violation] | None:
        if (
            low <= len(value) <= high
            and (enum is None or value in enum)
            and (pattern is None or pattern.fullmatch(value) is not None)
        ):
            return None
        return broken(shape, found, value)

    return check


def broken(shape: Shape, found: list[Rule], value: Any) -> list[Violation]:
    """Return a violation for each rule that does not hold."""
    return [("", show(shape, value), text) for text, holds in found if not holds(value)]


def rules(shape: Shape) -> list[Rule]:
    """Return the constraints on a value itself, in AWS's words and order."""
    traits = shape.traits
    what, measure = ("value", as_it_is) if shape.type in NUMBERS else ("length", len)
    found: list[Rule] = []
    if "max" in traits:
        found.append(
            (f"Member must have {what} less than or equal to {traits['max']}", at_most(measure, traits["max"]))
        )
    if "min" in traits:
        text = f"Member must have {what} greater than or equal to {traits['min']}"
        found.append((text, at_least(measure, traits["min"])))
    if "pattern" in traits and (pattern := matcher(traits["pattern"])):
        text = f"Member {PATTERN}{traits['pattern']}"
        found.append((text, lambda value: len(value) > MAX_MATCHED or pattern.fullmatch(value) is not None))
    if "enum" in traits:
        found.append((f"Member must satisfy enum value set: [{', '.join(traits['enum'])}]", one_of(traits["enum"])))
    return found


def as_it_is(value: Any) -> Any:
    """Measure a number: by itself."""
    return value


def at_most(measure: Callable[[Any], Any], bound: float) -> Callable[[Any], bool]:
    """Return the test that a value measures `bound` or less."""
    return lambda value: bool(measure(value) <= bound)


def at_least(measure: Callable[[Any], Any], bound: float) -> Callable[[Any], bool]:
    """Return the test that a value measures `bound` or more."""
    return lambda value: bool(measure(value) >= bound)


def one_of(values: Iterable[str]) -> Callable[[Any], bool]:
    """Return the test that a value is among `values`."""
    return frozenset(values).__contains__


def listed(shape: Shape) -> str:
    """Return every constraint of a list's elements, or a map's keys or values, as AWS lists them."""
    return f"[{', '.join(text for text, _ in rules(shape))}]"


def below(name: str, found: Iterable[Violation]) -> list[Violation]:
    """Return violations with `name` put before their paths."""
    return [(f"{name}.{path}" if path else name, value, text) for path, value, text in found]


def lower(name: str) -> str:
    """Return a member's name as AWS's paths have it."""
    return name[:1].lower() + name[1:]


def show(shape: Shape, value: Any) -> str | None:
    """Return a value as the error shows it, None for a sensitive one."""
    if shape.traits.get("sensitive"):
        return None
    text = plain(value)
    return f"'{text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + '...'}'"


def plain(value: Any) -> str:
    """Spell a value as Java would."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={plain(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(plain, value))}]"
    return str(value)
