"""Parses S3 Select's SQL: recursive descent, a level of precedence a method.

Grammar: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference-select.html
"""

from collections.abc import Callable
from typing import NoReturn

from clary.ml.select.errors import SelectError
from clary.ml.select.lexer import Kind, Token, tokens
from clary.ml.select.syntax import (
    Between,
    Binary,
    Call,
    Case,
    Cast,
    Expression,
    In,
    Is,
    Item,
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
    Step,
)

DATE_PARTS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE")
_COMPARISONS = ("=", "<>", "!=", "<", "<=", ">", ">=")
_TRIM_SIDES = ("LEADING", "TRAILING", "BOTH")
_STRUCTURES = ("GROUP", "ORDER", "HAVING", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "UNION", "OFFSET", ",")
_RESERVED = {"SELECT", "FROM", "WHERE", "LIMIT", "AND", "OR", "NOT", "AS", "IN", "IS", "LIKE", "BETWEEN", "ESCAPE"}
_RESERVED |= {"CASE", "WHEN", "THEN", "ELSE", "END", "NULL", "MISSING", "TRUE", "FALSE", "CAST", "FOR"}
_RESERVED |= set(_STRUCTURES)
#: Parentheses within parentheses, and the like.
_MAX_DEPTH = 60


def parse(expression: str) -> Query:
    """Return what an expression says.

    Raises:
        SelectError: where it is not one.
    """
    return _Parser(tokens(expression)).query()


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._at = 0
        self._depth = 0

    def query(self) -> Query:
        if self._word() != "SELECT":
            self._fail("UnsupportedSqlOperation" if self._here().kind is Kind.NAME else "ParseUnexpectedToken")
        self._at += 1
        items = self._items()
        if not self._skip("FROM"):
            self._fail("ParseSelectMissingFrom" if self._here().kind is Kind.END else "ParseUnexpectedToken")
        source = self._source()
        alias = self._alias()
        where = self._expression() if self._skip("WHERE") else None
        limit = self._whole_number() if self._skip("LIMIT") else None
        if self._word() in _STRUCTURES:
            self._fail("UnsupportedSqlStructure")
        if self._here().kind is not Kind.END:
            self._fail("ParseUnexpectedToken")
        return Query(items, source, alias, where, limit)

    def _items(self) -> list[Item]:
        if self._skip("*"):
            if self._word() == ",":
                self._fail("ParseAsteriskIsNotAloneInSelectList")
            return []
        if self._word() == "FROM" or self._here().kind is Kind.END:
            self._fail("ParseEmptySelect")
        if self._word() == "DISTINCT":
            self._fail("UnsupportedSqlStructure")
        items = [self._item()]
        while self._skip(","):
            if self._word() == "*":
                self._fail("ParseAsteriskIsNotAloneInSelectList")
            items.append(self._item())
        last = items[0].value
        if len(items) == 1 and isinstance(last, Path) and len(last.steps) == 2 and last.steps[1] is Star.STAR:
            return []
        return items

    def _item(self) -> Item:
        return Item(self._expression(), self._alias())

    def _alias(self) -> str | None:
        if self._skip("AS"):
            if not self._is_name():
                self._fail("ParseExpectedIdentForAlias")
            return self._next().text
        return self._next().text if self._is_name() else None

    def _source(self) -> tuple[Step, ...]:
        if self._word() == "(":
            self._fail("UnsupportedSqlStructure")
        if self._here().text.lower() != "s3object" or self._here().kind not in {Kind.NAME, Kind.QUOTED}:
            self._fail("InvalidDataSource")
        self._at += 1
        steps = self._steps()
        if steps and steps[0] is not Star.STAR:
            self._fail("ParseInvalidPathComponent")
        return steps[1:]

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._fail("UnsupportedSqlStructure")
        left = self._many("OR", lambda: self._many("AND", self._negation))
        self._depth -= 1
        return left

    def _many(self, operator: str, operand: Callable[[], Expression]) -> Expression:
        items = [operand()]
        while self._skip(operator):
            items.append(operand())
        return Logical(operator, items) if len(items) > 1 else items[0]

    def _negation(self) -> Expression:
        negative = False
        while self._skip("NOT"):
            negative = not negative
        item = self._comparison()
        return Not(item) if negative else item

    def _comparison(self) -> Expression:
        left = self._sum()
        while True:
            word = self._word()
            if word in _COMPARISONS:
                self._at += 1
                left = Binary("<>" if word == "!=" else word, left, self._sum())
            elif word in {"IS", "IN", "LIKE", "BETWEEN"}:
                left = self._predicate(left)
            elif word == "NOT" and self._words[self._at + 1].word in {"IN", "LIKE", "BETWEEN"}:
                self._at += 1
                left = Not(self._predicate(left))
            else:
                return left

    def _predicate(self, item: Expression) -> Expression:
        word = self._next().word
        if word == "IS":
            negative = self._skip("NOT")
            if self._word() not in {"NULL", "MISSING"}:
                self._fail("ParseExpectedKeyword")
            test = Is(item, missing=self._next().word == "MISSING")
            return Not(test) if negative else test
        if word == "BETWEEN":
            low = self._sum()
            self._expect("AND")
            return Between(item, low, self._sum())
        if word == "LIKE":
            pattern = self._sum()
            return Like(item, pattern, self._sum() if self._skip("ESCAPE") else None)
        self._expect("(")
        choices = self._list()
        return In(item, choices)

    def _list(self) -> list[Expression]:
        """Parse what stands in parentheses that are open already."""
        items = [self._expression()]
        while self._skip(","):
            items.append(self._expression())
        self._expect(")")
        return items

    def _sum(self) -> Expression:
        return self._binaries(("+", "-", "||"), lambda: self._binaries(("*", "/", "%"), self._signed))

    def _binaries(self, operators: tuple[str, ...], operand: Callable[[], Expression]) -> Expression:
        left = operand()
        while self._word() in operators:
            operator = self._next().word
            left = Binary(operator, left, operand())
        return left

    def _signed(self) -> Expression:
        negative = False
        while self._word() in {"-", "+"}:
            negative ^= self._next().word == "-"
        item = self._operand()
        if negative and isinstance(item, Literal) and isinstance(item.value, Number):
            return Literal(Number("-" + item.value.text))
        return Negative(item) if negative else item

    def _operand(self) -> Expression:
        token, word = self._here(), self._word()
        if self._skip("("):
            inner = self._expression()
            self._expect(")")
            return inner
        if word in {"NULL", "MISSING", "TRUE", "FALSE"}:
            self._at += 1
            return Literal({"TRUE": True, "FALSE": False}.get(word))
        if token.kind in {Kind.NUMBER, Kind.TEXT, Kind.ION}:
            self._at += 1
            return _constant(token)
        if word == "CASE":
            return self._case()
        if word == "CAST":
            return self._cast()
        if not self._is_name():
            self._fail("ParseExpectedExpression" if token.kind is Kind.END else "ParseUnexpectedToken")
        if token.kind is Kind.NAME and self._words[self._at + 1].word == "(":
            return self._call()
        self._at += 1
        return Path((Key(token.text, exact=token.kind is Kind.QUOTED), *self._steps()))

    def _steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            if self._skip("."):
                token = self._next()
                if token.kind not in {Kind.NAME, Kind.QUOTED} and token.word != "*":
                    self._fail("ParseInvalidPathComponent", token)
                steps.append(Star.STAR if token.word == "*" else Key(token.text, exact=token.kind is Kind.QUOTED))
            elif self._skip("["):
                steps.append(Star.STAR if self._skip("*") else self._index())
                self._expect("]")
            else:
                return tuple(steps)

    def _index(self) -> Step:
        token = self._here()
        if token.kind is Kind.TEXT:
            self._at += 1
            return Key(token.text, exact=True)
        return self._whole_number()

    def _whole_number(self) -> int:
        token = self._next()
        if token.kind is not Kind.NUMBER or not token.text.isdecimal() or len(token.text) > 18:
            self._fail("ParseExpectedNumber", token)
        return int(token.text)

    def _case(self) -> Expression:
        self._at += 1
        operand = None if self._word() == "WHEN" else self._expression()
        branches = []
        while self._skip("WHEN"):
            condition = self._expression()
            self._expect("THEN")
            branches.append((condition, self._expression()))
        if not branches:
            self._fail("ParseExpectedWhenClause")
        default = self._expression() if self._skip("ELSE") else None
        self._expect("END")
        return Case(operand, branches, default)

    def _cast(self) -> Expression:
        self._at += 1
        self._expect("(")
        item = self._expression()
        self._expect("AS")
        if self._here().kind is not Kind.NAME:
            self._fail("ParseExpectedTypeName")
        name = self._next().word
        params: list[int] = []
        if self._skip("("):
            params.append(self._whole_number())
            while self._skip(","):
                params.append(self._whole_number())
            self._expect(")")
        self._expect(")")
        return Cast(item, name, tuple(params))

    def _call(self) -> Expression:
        name = self._next().word
        self._at += 1
        if self._skip(")"):
            return Call(name, [])
        if self._skip("*"):
            self._expect(")")
            return Call(name, [Star.STAR])
        if name in {"DATE_ADD", "DATE_DIFF"}:
            part = self._date_part()
            self._expect(",")
            return Call(name, [part, *self._list()])
        if name == "EXTRACT":
            part = self._date_part()
            self._expect("FROM")
            return Call(name, [part, *self._list()])
        if name == "TRIM":
            return self._trim()
        first = self._expression()
        if name == "SUBSTRING" and self._skip("FROM"):
            start = self._expression()
            length = [self._expression()] if self._skip("FOR") else []
            self._expect(")")
            return Call(name, [first, start, *length])
        if self._skip(","):
            return Call(name, [first, *self._list()])
        self._expect(")")
        return Call(name, [first])

    def _trim(self) -> Expression:
        """TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] text): side, text, characters."""
        side = self._next().word if self._word() in _TRIM_SIDES else "BOTH"
        characters = None if self._word() == "FROM" else self._expression()
        if self._skip("FROM"):
            item = self._expression()
        elif characters is not None:
            item, characters = characters, None
        else:
            self._fail("ParseExpectedExpression")
        self._expect(")")
        return Call("TRIM", [Literal(side), item, *([] if characters is None else [characters])])

    def _date_part(self) -> Literal:
        if self._word() not in DATE_PARTS:
            self._fail("ParseExpectedDatePart")
        return Literal(self._next().word)

    def _here(self) -> Token:
        return self._words[self._at]

    def _word(self) -> str:
        return self._words[self._at].word

    def _next(self) -> Token:
        token = self._words[self._at]
        if token.kind is not Kind.END:
            self._at += 1
        return token

    def _is_name(self) -> bool:
        token = self._here()
        return token.kind is Kind.QUOTED or (token.kind is Kind.NAME and token.word not in _RESERVED)

    def _skip(self, word: str) -> bool:
        """Pass over a keyword or mark if it stands here."""
        if self._word() != word:
            return False
        self._at += 1
        return True

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            self._fail("ParseExpectedKeyword" if word.isalpha() else "ParseUnexpectedToken", expected=word)

    def _fail(self, code: str, token: Token | None = None, expected: str = "") -> NoReturn:
        token = token or self._here()
        what = f"{token.text!r} at character {token.at + 1}" if token.kind is not Kind.END else "the end"
        raise SelectError(code, f"{what}, expected {expected}" if expected else what)


def _constant(token: Token) -> Expression:
    if token.kind is Kind.NUMBER:
        return Literal(Number(token.text))
    return Literal(token.text) if token.kind is Kind.TEXT else Moment(token.text)
