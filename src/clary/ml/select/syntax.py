"""What an expression says, as a tree."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Star(Enum):
    """`*`, as the list of SELECT, as COUNT's argument, and as a step of a path."""

    STAR = "*"


@dataclass(frozen=True, slots=True)
class Key:
    """A step of a path by name; `exact` when it was quoted, and so tells capitals from small letters."""

    name: str
    exact: bool = False


#: A step of a path: a name, a place in a list (from 0), or each of a list.
Step = Key | int | Star


@dataclass(frozen=True, slots=True)
class Path:
    """What a name refers to, from the row or its alias."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number (as it was written), boolean, or None for NULL and MISSING."""

    value: "str | Number | bool | None"


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A timestamp between backticks."""

    text: str


@dataclass(frozen=True, slots=True)
class Logical:
    """AND or OR of two or more."""

    operator: str
    items: Sequence["Expression"]


@dataclass(frozen=True, slots=True)
class Not:
    """NOT."""

    item: "Expression"


@dataclass(frozen=True, slots=True)
class Negative:
    """A minus sign before something."""

    item: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """A comparison (`=`, `<>`, `<`, …), arithmetic (`+`, …) or `||`."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Between:
    """BETWEEN, both ends included."""

    item: "Expression"
    low: "Expression"
    high: "Expression"


@dataclass(frozen=True, slots=True)
class In:
    """IN a list."""

    item: "Expression"
    choices: Sequence["Expression"]


@dataclass(frozen=True, slots=True)
class Like:
    """LIKE, perhaps with ESCAPE."""

    item: "Expression"
    pattern: "Expression"
    escape: "Expression | None"


@dataclass(frozen=True, slots=True)
class Is:
    """IS NULL, or IS MISSING."""

    item: "Expression"
    missing: bool


@dataclass(frozen=True, slots=True)
class Case:
    """CASE: of an operand's values, or of conditions where that is None."""

    operand: "Expression | None"
    branches: Sequence[tuple["Expression", "Expression"]]
    default: "Expression | None"


@dataclass(frozen=True, slots=True)
class Cast:
    """CAST to a type by its name, in capitals, with what stood in parentheses after it."""

    item: "Expression"
    type: str
    params: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function, its name in capitals. A date part or a side of TRIM is the first argument, as text."""

    name: str
    arguments: Sequence["Expression | Star"]


Expression = Path | Literal | Moment | Logical | Not | Negative | Binary | Between | In | Like | Is | Case | Cast | Call


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is selected, and what it is to be called."""

    value: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class Query:
    """A whole expression. `source` are the steps behind `S3Object`; `items` is empty for `*`."""

    items: Sequence[Item]
    source: tuple[Step, ...]
    alias: str | None
    where: Expression | None
    limit: int | None
