"""Hyperparameters, declared once for each algorithm: name, type, range or choices, default, required.

SageMaker hands a program all values as strings (`hyperparameters.json`); a library's user gives Python values. Both
go through the same declaration:

    HYPERPARAMETERS = Hyperparameters(
        Integer("num_round", "[1, inf)", required=True),
        Real("eta", "[0, 1]", default=0.3, aliases=("learning_rate",)),
        Choice("booster", ("gbtree", "gblinear", "dart"), default="gbtree"),
    )
    HYPERPARAMETERS.parse({"num_round": "100"})  # {"num_round": 100}

The result holds what was given, and no defaults: an engine has its own, and must be able to tell them apart.
"""

import ast
import difflib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.ml.errors import ClientError


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of numbers, written as in mathematics: `[0, 1]`, `(0, 1]`, `[1, inf)`."""

    text: str

    def __contains__(self, value: float) -> bool:
        low, high = self.bounds
        above = value > low or (value == low and self.text[0] == "[")
        below = value < high or (value == high and self.text[-1] == "]")
        return above and below

    @property
    def bounds(self) -> tuple[float, float]:
        """The lower and the upper end."""
        low, high = self.text[1:-1].split(",")
        return float(low), float(high)

    def __str__(self) -> str:
        return self.text


class Hyperparameter(ABC):
    """One declared value. `default` is what the documentation says; None where there is none.

    `aliases` are further names for it: the last one given wins nothing, two at once are an error.
    """

    kind: str

    def __init__(
        self, name: str, *, default: object = None, required: bool = False, aliases: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.default = default
        self.required = required
        self.aliases = tuple(aliases)

    @abstractmethod
    def parse(self, value: object) -> Any:
        """Return the typed value of a string or a Python value.

        Raises:
            ClientError: naming the hyperparameter, the value and what is allowed.
        """

    @abstractmethod
    def allowed(self) -> str:
        """What may be given, in words that follow "expected"."""

    def refuse(self, value: object) -> ClientError:
        """Return the error for a value that is not allowed."""
        return ClientError(f"Hyperparameter {self.name}: {value!r} is not valid, expected {self.allowed()}.")


class Number(Hyperparameter):
    """A number within an interval."""

    def __init__(self, name: str, interval: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.interval = Interval(interval)

    def allowed(self) -> str:
        """Name the type and the range."""
        return f"{self.kind} in {self.interval}"


class Integer(Number):
    """A whole number; `5.0` is one, `5.5` is not."""

    kind = "an integer"

    def parse(self, value: object) -> int:
        """Return the integer."""
        try:
            number = float(str(value))
        except ValueError:
            raise self.refuse(value) from None
        if not number.is_integer() or number not in self.interval:
            raise self.refuse(value)
        return int(number)


class Real(Number):
    """A floating-point number; NaN and infinity are not values."""

    kind = "a number"

    def parse(self, value: object) -> float:
        """Return the float."""
        try:
            number = float(str(value))
        except ValueError:
            raise self.refuse(value) from None
        if not math.isfinite(number) or number not in self.interval:
            raise self.refuse(value)
        return number


class Choice(Hyperparameter):
    """One of a few words."""

    kind = "a string"

    def __init__(self, name: str, choices: Sequence[str], **options: Any) -> None:
        super().__init__(name, **options)
        self.choices = tuple(choices)

    def parse(self, value: object) -> str:
        """Return the word."""
        if str(value) not in self.choices:
            raise self.refuse(value)
        return str(value)

    def allowed(self) -> str:
        """List the words."""
        return "one of " + ", ".join(self.choices)


WORDS = {"true": True, "1": True, "false": False, "0": False}


class Flag(Hyperparameter):
    """Yes or no, written `true` and `false` or `1` and `0`."""

    kind = "a boolean"

    def parse(self, value: object) -> bool:
        """Return the boolean."""
        word = str(value).lower()
        if word not in WORDS:
            raise self.refuse(value)
        return WORDS[word]

    def allowed(self) -> str:
        """List both words."""
        return "true or false"


class Words(Hyperparameter):
    """A list of words: `a,b`, a JSON list or a Python list. `names=None`: each algorithm checks them itself."""

    kind = "a list"

    def __init__(self, name: str, names: Sequence[str] | None = None, **options: Any) -> None:
        super().__init__(name, **options)
        self.names = None if names is None else tuple(names)

    def parse(self, value: object) -> list[str]:
        """Return the words, blanks around them removed."""
        words = _literal(value) if isinstance(value, str) and value.lstrip().startswith(("[", "(")) else value
        if isinstance(words, str):
            words = words.split(",")
        if not isinstance(words, list | tuple) or not words:
            raise self.refuse(value)
        cleaned = [str(word).strip() for word in words]
        if "" in cleaned or (self.names is not None and not set(cleaned) <= set(self.names)):
            raise self.refuse(value)
        return cleaned

    def allowed(self) -> str:
        """List the words."""
        return "a list of names" if self.names is None else "a list out of " + ", ".join(self.names)


class Integers(Hyperparameter):
    """A list of integers out of an interval, or a list of such lists, as Python or JSON writes it: `(1, 0, -1)`."""

    kind = "a list"

    def __init__(self, name: str, interval: str, *, nested: bool = False, **options: Any) -> None:
        super().__init__(name, **options)
        self.interval = Interval(interval)
        self.nested = nested

    def parse(self, value: object) -> list[Any]:
        """Return the list, or the list of lists."""
        values = _literal(value) if isinstance(value, str) else value
        rows = values if self.nested else [values]
        if not isinstance(rows, list | tuple) or not all(isinstance(row, list | tuple) for row in rows):
            raise self.refuse(value)
        lists = [list(row) for row in rows]
        if any(type(item) is not int or item not in self.interval for row in lists for item in row):
            raise self.refuse(value)
        return lists if self.nested else lists[0]

    def allowed(self) -> str:
        """Describe the shape and the range."""
        return f"a list of {'lists of ' if self.nested else ''}integers in {self.interval}"


class Hyperparameters:
    """All hyperparameters of one algorithm."""

    def __init__(self, *declared: Hyperparameter) -> None:
        self.declared = {each.name: each for each in declared}
        self._names = {name: each for each in declared for name in (each.name, *each.aliases)}

    def parse(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Return the typed values of those given, under their first names.

        Raises:
            ClientError: for the first one that is missing, unknown, given twice or not allowed.
        """
        parsed: dict[str, Any] = {}
        for name, value in given.items():
            declared = self._names.get(name)
            if declared is None:
                raise ClientError(f"Extraneous hyperparameter found: {name}.{self._nearest(name)}")
            if declared.name in parsed:
                raise ClientError(f"Hyperparameter {declared.name} is given twice, also as {name}.")
            parsed[declared.name] = declared.parse(value)
        for declared in self.declared.values():
            if declared.required and declared.name not in parsed:
                raise ClientError(f"Missing required hyperparameter: {declared.name}, expected {declared.allowed()}.")
        return parsed

    def _nearest(self, name: str) -> str:
        close = difflib.get_close_matches(name, self._names, n=1)
        return f" Did you mean {close[0]}?" if close else f" Known are: {', '.join(self.declared)}."


def _literal(text: str) -> object:
    """Read JSON or a Python literal; None if it is neither."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None
