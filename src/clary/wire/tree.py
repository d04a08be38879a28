"""The operations of a REST service as a tree of path segments, compiled from the templates of its model."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from clary.wire.model import OperationModel, ServiceModel

#: Operations that no request can name: their requests are those of the operations that replaced them, or that
#: another host would answer.
SHADOWED = frozenset({
    "GetBucketLifecycle", "GetBucketNotification", "ListDirectoryBuckets", "PutBucketLifecycle",
    "PutBucketNotification",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leaf:
    """An operation at the end of a path, and what else a request to it must have."""

    operation: str
    #: Query parameters in the template (`?acl`), and those that have a value there (`?list-type=2`).
    literals: frozenset[str]
    values: tuple[tuple[str, str], ...]
    #: Names of required members in the query and the headers, which tell apart what shares a template.
    parameters: frozenset[str]
    headers: frozenset[str]


class Leaves:
    """The operations that share a path and a method: the most demanding first, so that the first one that a request
    meets is the one it means.

    `bare` are those that a request without a query can mean.
    """

    __slots__ = ("all", "bare")

    def __init__(self) -> None:
        self.all: list[Leaf] = []
        self.bare: list[Leaf] = []

    def add(self, leaf: Leaf) -> None:
        """Put a leaf into its place."""
        self.all.append(leaf)
        self.all.sort(key=lambda leaf: (-len(leaf.literals), -len(leaf.parameters) - len(leaf.headers)))
        self.bare = [leaf for leaf in self.all if not leaf.literals]


class Node:
    """One segment of a path."""

    __slots__ = ("greedy", "label", "leaves", "words")

    def __init__(self) -> None:
        self.words: dict[str, Node] = {}
        self.label: Node | None = None
        #: What a label takes that runs over slashes to the end (`{Key+}`).
        self.greedy: Node | None = None
        #: By HTTP method.
        self.leaves: dict[str, Leaves] = {}

    def child(self, segment: str) -> "Node":
        """Return the node below for a template's segment, made if new."""
        if segment.endswith("+}"):
            self.greedy = self.greedy or Node()
            return self.greedy
        if segment.startswith("{"):
            self.label = self.label or Node()
            return self.label
        return self.words.setdefault(segment, Node())

    def find(self, segments: list[str], at: int, method: str) -> Leaves | None:
        """Return the leaves that `segments[at:]` leads to: words before labels, labels before greedy ones."""
        if at == len(segments):
            return self.leaves.get(method)
        segment = segments[at]
        word = self.words.get(segment)
        found = word.find(segments, at + 1, method) if word is not None else None
        if found is None and segment and self.label is not None:
            found = self.label.find(segments, at + 1, method)
        if found is None and self.greedy is not None and (segment or at + 1 < len(segments)):
            found = self.greedy.leaves.get(method)
        return found


class Tree:
    """Finds a REST service's operation for a request."""

    def __init__(self, model: ServiceModel) -> None:
        self._root = Node()
        for operation in model.operations.values():
            if operation.name not in SHADOWED:
                self._add(operation)

    def find(
        self, method: str, path: str, query: str, headers: Mapping[str, str], *, exact: bool = False
    ) -> str | None:
        """Return the operation's name, None where there is none.

        `path` and `query` are raw. Unless `exact`, a slash at the end of the path may be missing, or be too many.
        """
        segments = path.split("/")
        leaves = self._root.find(segments, 1, method)
        if leaves is None and not exact:
            leaves = self._root.find([*segments, ""] if segments[-1] else segments[:-1], 1, method)
        if leaves is None:
            return None
        candidates = leaves.all if query else leaves.bare
        if len(candidates) == 1 and not candidates[0].literals:
            return candidates[0].operation
        return _choose(candidates, query, headers)

    def _add(self, operation: OperationModel) -> None:
        path, _, query = operation.uri.partition("?")
        node = self._root
        for segment in path.split("/")[1:]:
            node = node.child(segment)
        pairs = [pair.partition("=") for pair in query.split("&") if pair]
        leaf = Leaf(
            operation.name,
            literals=frozenset(name for name, _, _ in pairs),
            values=tuple((name, value) for name, mark, value in pairs if mark),
            parameters=_required(operation, "querystring"),
            headers=_required(operation, "header"),
        )
        node.leaves.setdefault(operation.http_method, Leaves()).add(leaf)


def _required(operation: OperationModel, location: str) -> frozenset[str]:
    """Return the wire names of the required members at a place."""
    if operation.input is None:
        return frozenset()
    members = operation.input.members
    names = [(name, members[name]) for name in operation.input.required if members[name].location == location]
    return frozenset(
        shape.wire_name(name).lower() if location == "header" else shape.wire_name(name) for name, shape in names
    )


def _choose(leaves: list[Leaf], query: str, headers: Mapping[str, str]) -> str | None:
    """Return the operation that a request means, of those that share its path.

    A request that names a resource (`?tagging`) but lacks what its operations require belongs to the least demanding
    of them, which then says what is missing.
    """
    given: dict[str, str] = {}
    if query:
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            given[unquote(name)] = value
    named: Leaf | None = None
    for leaf in leaves:
        if named is not None and len(leaf.literals) < len(named.literals):
            break
        # Sets first: most requests to most paths have nothing of what most of its operations want.
        if leaf.literals <= given.keys() and all(given[name] == value for name, value in leaf.values):
            if leaf.parameters <= given.keys() and leaf.headers <= headers.keys():
                return leaf.operation
            named = leaf
    return None if named is None else named.operation
