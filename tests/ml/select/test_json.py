from typing import Any

import pytest

LINES = {"JSON": {"Type": "LINES"}}
DOCUMENT = {"JSON": {"Type": "DOCUMENT"}}
ROWS = b'{"a": 1, "b": {"c": [1, {"d": "x"}]}, "n": null}\n{"a": "7", "e f": true}\n'


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SELECT * FROM S3Object s WHERE s.a = 7", '{"a":"7","e f":true}\n'),
        ('SELECT s.b.c[1].d, s.n, s."e f" FROM S3Object s', '{"d":"x","n":null}\n{"e f":true}\n'),
        ("SELECT s.a FROM S3Object s WHERE s.n IS NULL AND s.n IS NOT MISSING", '{"a":1}\n'),
        ("SELECT x FROM S3Object[*].b.c[*] x", '{"x":1}\n{"x":{"d":"x"}}\n'),
        ("SELECT sum(s.a), count(s.n), count(s.b) FROM S3Object s", '{"_1":8,"_2":0,"_3":1}\n'),
        ("SELECT coalesce(s.zz, s.a, 0) AS v FROM S3Object s", '{"v":1}\n{"v":"7"}\n'),
        ('SELECT s.a FROM S3Object s WHERE s."e f"', '{"a":"7"}\n'),
    ],
)
def test_expressions(select: Any, expression: str, expected: str) -> None:
    answer = select(expression, ROWS, **LINES)
    assert (answer.error, answer.records) == ("", expected)


def test_rows_as_csv(select: Any) -> None:
    answer = select("SELECT * FROM S3Object", b'{"a": "x,y", "b": [1]}\n{"c": null, "d": 2.5}\n', "CSV", **LINES)
    assert answer.records == '"x,y",[1]\n,2.5\n'


def test_path_of_the_source_gives_its_last_name_to_the_rows(select: Any) -> None:
    data = b'{"Rules": [\n {"id": "1"}, {"expr": "y"}, {"id": "2"}]}\n{"x": 1}'
    answer = select("SELECT id FROM S3Object[*].Rules[*].id", data, **DOCUMENT)
    assert answer.records == '{"id":"1"}\n{}\n{"id":"2"}\n'


def test_list_at_the_root(select: Any) -> None:
    assert select("SELECT s.a FROM S3Object[*][*] s", b'[{"a": 1},\n{"a": 2}]', **DOCUMENT).records == (
        '{"a":1}\n{"a":2}\n'
    )


def test_broken_line_is_an_error(select: Any) -> None:
    assert select("SELECT * FROM S3Object", b'{"a": 1}\n{"a":\n', **LINES).error == "JSONParsingError"
