"""Filter patterns, with the examples of AWS's user guide among them."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.logs.filters import compile_filter
from clary.wire.errors import AwsError

#: pattern, messages that match, messages that do not
TERMS = [
    ("", ["anything", ""], []),
    ("ERROR", ["[ERROR 400] BAD REQUEST", "Exiting with ERRORCODE: -1"], ["error", "WARN"]),
    ("ERROR ARGUMENTS", ["ERROR: bad ARGUMENTS"], ["ERROR", "ARGUMENTS"]),
    ("?ERROR ?ARGUMENTS", ["[ERROR 419]", "INVALID ARGUMENTS"], ["WARN"]),
    ("ERROR -ARGUMENTS", ["[ERROR 400] BAD REQUEST"], ["[ERROR 419] MISSING ARGUMENTS", "ARGUMENTS", "x"]),
    ('"INTERNAL SERVER ERROR"', ["[ERROR 500] INTERNAL SERVER ERROR"], ["INTERNAL ERROR SERVER"]),
    ('ERROR -"Exiting with"', ["ERROR 1"], ["Exiting with ERRORCODE"]),
    (r'"say \"hi\""', ['I say "hi" to you'], ["I say hi"]),
    ("?ERROR WARN", ["ERROR WARN"], ["ERROR", "WARN"]),
    ("-INFO", ["ERROR"], ["INFO x"]),
    ("%AUTHORI[SZ]ED%", ["UNAUTHORIZED", "AUTHORISED"], ["AUTHORIXED"]),
    ("%^[hc]at$%", ["hat", "cat"], ["that", "cats"]),
    (r"%\d{1,3}\.\d{1,3}%", ["10.1"], ["10-1"]),
]


@pytest.mark.parametrize(("pattern", "matching", "others"), TERMS)
def test_terms(pattern: str, matching: list[str], others: list[str]) -> None:
    chosen = compile_filter(pattern)
    assert [chosen.matches(message) for message in matching] == [True] * len(matching)
    assert [chosen.matches(message) for message in others] == [False] * len(others)


EVENT = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "cluster.name": "c",
        "ThisFlag": True,
        "latency": 12.5,
        "count": 3000000,
        "user": {"id": 1, "e-mail": "John.Stiles@example.com"},
        "errorCode": "400",
        "text": 'say "hi"',
    }
)
MATCHING = [
    '{ $.eventType = "UpdateTrail" }',
    "{ $.eventType = UpdateTrail }",
    "{$.eventType=Update*}",
    '{ $.eventType = "*" }',
    "{ $.eventType = %Trail% }",
    "{ $.sourceIPAddress != 123.123.* }",
    "{ $.sourceIPAddress = 111.111.* }",
    '{ $.arrayKey[0] = "value" }',
    '{ $.arrayKey[*] = "another value" }',
    "{ $.objectList[1].id = 2 }",
    '{ $.objectList[*].name = "b" }',
    "{ $.SomeObject IS NULL }",
    "{ $.SomeOtherObject NOT EXISTS }",
    "{ $.SomeOtherObject NOT EXISTS && $.ThisFlag IS TRUE }",
    "{ $.['cluster.name'] = \"c\" }",
    "{ $['cluster.name'] = \"c\" }",
    "{ $.latency > 12 && $.latency <= 12.5 }",
    "{ $.count = 3e6 }",
    "{ ($.user.id = 1) && ($.objectList[0].id = 1) }",
    '{ ($.user.id = 2 && $.latency = 1) || $.user.e-mail = "John*" }',
    "{ $.user.id = 2 || $.user.id = 1 && $.latency > 1 }",
    "{ $.errorCode = 400 }",
    "{ $.errorCode >= 400 }",
    "{ $.ThisFlag = true }",
    r'{ $.text = "say \"hi\"" }',
]
NOT_MATCHING = [
    '{ $.eventType = "Update" }',
    '{ $.eventType != "UpdateTrail" }',
    '{ $.missing != "x" }',
    "{ $.missing = 1 }",
    '{ $.arrayKey = "value" }',
    "{ $.arrayKey[5] = 1 }",
    "{ $.eventType[0] = 1 }",
    "{ $.SomeObject = null }",
    "{ $.missing IS NULL }",
    "{ $.SomeObject NOT EXISTS }",
    "{ $.ThisFlag IS FALSE }",
    "{ $.user.id IS TRUE }",
    "{ $.latency > 12.5 }",
    "{ $.eventType > 1 }",
    "{ ($.user.id = 2 || $.user.id = 1) && $.latency > 100 }",
    "{ $.ThisFlag = 1 }",
]


@pytest.mark.parametrize("pattern", MATCHING)
def test_fields_that_match(pattern: str) -> None:
    assert compile_filter(pattern).matches(EVENT)


@pytest.mark.parametrize("pattern", NOT_MATCHING)
def test_fields_that_do_not_match(pattern: str) -> None:
    assert not compile_filter(pattern).matches(EVENT)


@pytest.mark.parametrize("message", ["", "text", "[1]", '"$.a"', '{"a": ', "{" * 3000 + '"a":' * 3000, '{"b": 1}'])
def test_fields_of_what_is_no_such_object(message: str) -> None:
    assert not compile_filter("{ $.a = * }").matches(message)


def test_fields_with_many_stars_answer() -> None:
    chosen = compile_filter("{ $.a = " + "*a" * 50 + "*b }")
    assert not chosen.matches(json.dumps({"a": "a" * 2000}))
    assert chosen.matches(json.dumps({"a": "a" * 2000 + "b"}))


def test_fields_extract() -> None:
    chosen = compile_filter('{ $.user.id = 1 && $.arrayKey[*] = "value" && $.missing NOT EXISTS }')
    assert chosen.extract(EVENT) == {"$.user.id": "1", "$.arrayKey[*]": "value"}


LINE = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
COLUMNS = "ip, server, username, timestamp, request"


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        (f"[{COLUMNS}, status_code, bytes]", True),
        (f"[{COLUMNS}, status_code = 4*, bytes]", True),
        (f"[{COLUMNS}, status_code = 4*, bytes > 1000]", True),
        (f"[{COLUMNS}, status_code = 4*, bytes > 2000]", False),
        (f"[{COLUMNS}, status_code = 404 || status_code = 410, bytes]", True),
        (f"[{COLUMNS}, status_code != 404 && status_code != 410, bytes]", False),
        (f"[{COLUMNS}, status_code]", False),
        (f"[{COLUMNS}, status_code, bytes, more]", False),
        ("[ip, server, username, timestamp, request =*.html*, status_code = 4*, bytes]", True),
        ("[ip=%127\\.0\\.0\\.[1-9]%, server, username, timestamp, request, status_code, bytes]", True),
        ("[..., status_code = 4*, bytes]", True),
        ("[..., status_code = 5*, bytes]", False),
        ("[ip = 127.*, ...]", True),
        ("[ip, ..., bytes = 1534]", True),
        ("[a, b, c, d, e, f, g, h, ...]", False),
        ("[...]", True),
        ('[ip, server = "Prod", ...]', True),
        ("[ip, server, user, time = 10/Oct*, ...]", True),
    ],
)
def test_columns(pattern: str, matches: bool) -> None:
    assert compile_filter(pattern).matches(LINE) is matches


def test_columns_extract() -> None:
    extracted = compile_filter("[ip, ..., status = 4*, bytes]").extract(LINE)
    assert extracted == {
        "$ip": "127.0.0.1",
        "$2": "Prod",
        "$3": "frank",
        "$4": "10/Oct/2000:13:25:15 -0700",
        "$5": "GET /index.html HTTP/1.0",
        "$status": "404",
        "$bytes": "1534",
    }


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ }",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a > text }",
        "{ $.a IS MAYBE }",
        "{ $.a NOT HERE }",
        "{ a = 1 }",
        "{ ($.a = 1 }",
        "{ $.a = 1 ) }",
        "{ $.a = 1 && }",
        "{ $.a && 1 }",
        "{ $.a = %(x)% }",
        "{ $.a = %x% || $.b = %y% || $.c = %z% }",
        '{ $.a = "x }',
        "[a, b",
        "[]",
        "[a,,b]",
        "[..., ...]",
        "[a = 1 && b = 2]",
        "[a = ]",
        "foo:bar",
        '"open',
        '"a"b',
        "%open",
        "%[a%",
        "%something!%",
        "%a(b)%",
    ],
)
def test_pattern_that_breaks_the_grammar(pattern: str) -> None:
    with pytest.raises(AwsError, match=re.compile("InvalidParameterException: Invalid filter pattern")):
        compile_filter(pattern)


_PIECES = [
    *"{}[]()$.,*?-=!<>&|%\"'\\ ",
    "$.a",
    "[0]",
    "...",
    "IS",
    "NULL",
    "NOT",
    "EXISTS",
    "&&",
    "||",
    "1e3",
    "x",
    "é",
    "%a+%",
]
_PATTERNS = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@given(
    _PATTERNS | _PATTERNS.map("{{ $.a {} }}".format) | _PATTERNS.map("[a {}]".format),
    st.text() | st.sampled_from([EVENT, LINE, '{"a": [1, {"b": null}]}', '{"a": 1e400}', "1 2", '"']),
)
def test_any_pattern_is_refused_or_can_be_asked(pattern: str, message: str) -> None:
    try:
        chosen = compile_filter(pattern)
    except AwsError as error:
        assert error.code == "InvalidParameterException"
    else:
        if chosen.matches(message):
            assert all(isinstance(value, str) for value in chosen.extract(message).values())
