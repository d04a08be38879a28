"""Translates an expression's tree into DuckDB's SQL, over a table."""

from collections.abc import Sequence

from clary.ml.select.errors import SelectError
from clary.ml.select.functions import AGGREGATES, aggregate, call, cast
from clary.ml.select.syntax import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Expression,
    In,
    Is,
    Key,
    Like,
    Literal,
    Logical,
    Moment,
    Negative,
    Not,
    Number,
    Path,
    Query,
    Star,
)
from clary.ml.select.table import Table
from clary.ml.select.value import (
    NULL,
    Type,
    Value,
    as_bool,
    as_moment,
    as_number,
    as_text,
    compare,
    quote,
    unify,
)

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")


class Translation:
    """The parts of a query in SQL: `fields` are what is selected, by name; `where` is empty for all rows."""

    def __init__(self, query: Query, table: Table) -> None:
        self._table = table
        self._alias = (query.alias or "s3object").lower()
        self._aggregates = 0
        self.fields = [
            (item.alias or _name(item.value, number), self._value(item.value))
            for number, item in enumerate(query.items, 1)
        ] or list(table.columns())
        if self._aggregates and not all(_is_aggregate(item.value) for item in query.items):
            raise SelectError("UnsupportedSqlStructure", "aggregates beside values of single rows")
        self._aggregates = 0
        self.where = as_bool(self._value(query.where)) if query.where is not None else ""
        if self._aggregates:
            raise SelectError("UnsupportedSqlOperation", "an aggregate in WHERE")

    def _value(self, node: Expression) -> Value:  # noqa: C901 - a case for each kind of node
        match node:
            case Path(steps):
                return self._path(steps)
            case Literal(value):
                return _constant(value)
            case Moment(text):
                return Value(as_moment(Value(quote(text), Type.TEXT)), Type.MOMENT)
            case Logical(operator, items):
                return _truth(f" {operator} ".join(as_bool(self._value(item)) for item in items))
            case Not(item):
                return _truth(f"NOT {as_bool(self._value(item))}")
            case Negative(item):
                number = as_number(self._value(item))
                return Value(f"(-{number.sql})", number.type)
            case Binary():
                return self._binary(node)
            case Between(item, low, high):
                tested = self._value(item)
                ends = compare(tested, ">=", self._value(low)), compare(tested, "<=", self._value(high))
                return _truth(" AND ".join(ends))
            case In(item, choices):
                tested = self._value(item)
                return _truth(" OR ".join(compare(tested, "=", self._value(choice)) for choice in choices))
            case Like():
                return self._like(node)
            case Is(item, missing):
                return self._is(self._value(item), missing=missing)
            case Case():
                return self._case(node)
            case Cast(item, name, params):
                return cast(self._value(item), name, params)
            case Call():
                return self._call(node)

    def _path(self, steps: Sequence[object]) -> Value:
        path = [step for step in steps if isinstance(step, (Key, int, Star))]
        first = path[0]
        if isinstance(first, Key) and first.name.lower() in {self._alias, "s3object"}:
            if len(path) > 1:
                return self._table.resolve(path[1:])
            if self._table.row is not None:
                return self._table.row
        return self._table.resolve(path)

    def _binary(self, node: Binary) -> Value:
        left, right = self._value(node.left), self._value(node.right)
        if node.operator in _COMPARISONS:
            return _truth(compare(left, node.operator, right))
        if node.operator == "||":
            return Value(f"({as_text(left)} || {as_text(right)})", Type.TEXT)
        left, right = as_number(left), as_number(right)
        whole = left.type is right.type is Type.INT
        one = unify([left, right])
        decimal = Type.DECIMAL in {value.type for value in one} and node.operator != "/"
        kind = Type.INT if whole else Type.DECIMAL if decimal else Type.FLOAT
        operator = "//" if whole and node.operator == "/" else node.operator
        return Value(f"({left.sql} {operator} {right.sql})", kind)

    def _like(self, node: Like) -> Value:
        escape = ""
        if node.escape is not None:
            value = node.escape.value if isinstance(node.escape, Literal) else None
            if not isinstance(value, str) or len(value) != 1:
                raise SelectError("LikeInvalidInputs", "ESCAPE takes one character")
            escape = f" ESCAPE {quote(value)}"
        values = self._value(node.item), self._value(node.pattern)
        if any(value.type not in {Type.TEXT, Type.JSON, Type.UNKNOWN} for value in values):
            raise SelectError("LikeInvalidInputs")
        return _truth(f"{as_text(values[0])} LIKE {as_text(values[1])}{escape}")

    def _is(self, value: Value, *, missing: bool) -> Value:
        if missing:
            return _truth(f"{value.sql} IS NULL" if value.optional else "FALSE")
        if value.type is Type.JSON:
            return _truth(f"{value.sql} IS NULL OR json_type({value.sql}) = 'NULL'")
        return _truth(f"{value.sql} IS NULL")

    def _case(self, node: Case) -> Value:
        operand = self._value(node.operand) if node.operand is not None else None
        tests = []
        for condition, _ in node.branches:
            value = self._value(condition)
            tests.append(as_bool(value) if operand is None else compare(operand, "=", value))
        results = [self._value(result) for _, result in node.branches]
        results = unify([*results, NULL if node.default is None else self._value(node.default)])
        whens = " ".join(f"WHEN {test} THEN {result.sql}" for test, result in zip(tests, results, strict=False))
        known = next((result.type for result in results if result.type is not Type.UNKNOWN), Type.UNKNOWN)
        return Value(f"(CASE {whens} ELSE {results[-1].sql} END)", known)

    def _call(self, node: Call) -> Value:
        if node.name not in AGGREGATES:
            if Star.STAR in node.arguments:
                raise SelectError("ParseUnsupportedCallWithStar", node.name)
            return call(node.name, [self._value(each) for each in node.arguments if not isinstance(each, Star)])
        if len(node.arguments) != 1:
            raise SelectError("ParseNonUnaryAgregateFunctionCall", node.name)
        argument = node.arguments[0]
        if isinstance(argument, Star):
            if node.name != "COUNT":
                raise SelectError("ParseUnsupportedCallWithStar", node.name)
            self._aggregates += 1
            return aggregate(node.name, None)
        before = self._aggregates
        value = self._value(argument)
        if self._aggregates != before:
            raise SelectError("UnsupportedSqlStructure", "an aggregate of an aggregate")
        self._aggregates += 1
        return aggregate(node.name, value)


def _constant(value: str | Number | bool | None) -> Value:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Value(str(value).upper(), Type.BOOL)
    if isinstance(value, str):
        return Value(quote(value), Type.TEXT)
    if value.text.lstrip("-").isdecimal():
        return Value(value.text, Type.INT)
    return Value(value.text, Type.FLOAT if "e" in value.text.lower() else Type.DECIMAL)


def _truth(sql: str) -> Value:
    return Value(f"({sql})", Type.BOOL)


def _name(node: Expression, number: int) -> str:
    """Return what a value without an alias is called: its own name, or its place."""
    if isinstance(node, Path) and isinstance(node.steps[-1], Key):
        return node.steps[-1].name
    return f"_{number}"


def _is_aggregate(node: Expression) -> bool:
    """Say whether a value is one of all rows: made of aggregates and constants alone."""
    match node:
        case Call(name, _) if name in AGGREGATES:
            return True
        case Path():
            return False
        case Literal() | Moment():
            return True
        case Binary(_, left, right):
            return _is_aggregate(left) and _is_aggregate(right)
        case Negative(item) | Not(item) | Cast(item, _, _):
            return _is_aggregate(item)
        case Call(_, arguments):
            return all(not isinstance(each, Star) and _is_aggregate(each) for each in arguments)
        case _:
            return False
