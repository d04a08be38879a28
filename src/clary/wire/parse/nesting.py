"""How deep a request may nest: a client that nests without end gets an error, and not our stack."""

from typing import Any

from clary.wire.errors import Malformed
from clary.wire.model import Shape

#: Deeper than any request that a service takes, and shallow enough to be written down again as JSON.
MAX_DEPTH = 128


def unbounded(shape: Shape) -> bool:
    """Tell whether the model lets values of `shape` nest without end: it holds itself, or free-form JSON."""
    finished: set[str] = set()

    def visit(shape: Shape, above: frozenset[str]) -> bool:
        if shape.document or shape.name in above:
            return True
        if shape.name in finished:
            return False
        inner = [*shape.members.values()] if shape.type == "structure" else []
        inner += [shape.member] if shape.type == "list" else []
        inner += [shape.value] if shape.type == "map" else []
        found = any(visit(item, above | {shape.name}) for item in inner)
        finished.add(shape.name)
        return found

    return visit(shape, frozenset())


def check_depth(value: Any) -> None:
    """Raise Malformed when decoded JSON nests deeper than `MAX_DEPTH`. Does not recurse itself."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for item in level for inner in contents(item)]
        if not level:
            return
    raise Malformed(f"The request nests deeper than {MAX_DEPTH} levels")


def contents(value: Any) -> list[Any]:
    """Return the containers directly inside a container."""
    if type(value) is dict:
        return [item for item in value.values() if type(item) is dict or type(item) is list]
    if type(value) is list:
        return [item for item in value if type(item) is dict or type(item) is list]
    return []
