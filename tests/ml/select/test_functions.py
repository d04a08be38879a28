from typing import Any

import pytest


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("5 / 2", "2"),
        ("5.0 / 2", "2.5"),
        ("7 % 4 - 2e3", "-1997"),
        ("'a' || 'b' || 3", "ab3"),
        ("char_length('häß')", "3"),
        ("upper('a') || lower('B')", "Ab"),
        ("substring('123456789', 0)", "123456789"),
        ("substring('123456789', -1, 4)", "12"),
        ("substring('abc' FROM 2 FOR 1)", "b"),
        ("trim('  x ')", "x"),
        ("trim(LEADING '1' FROM '11x1')", "x1"),
        ("to_timestamp('2007T')", "2007-01-01T00:00:00Z"),
        ("to_timestamp('2007-04-05T14:30:00.120+05:00')", "2007-04-05T09:30:00.12Z"),
        ("date_add(month, 10, `2017-01-02T03:04:05Z`)", "2017-11-02T03:04:05Z"),
        ("date_diff(day, `2010-01-01T23:00Z`, `2010-01-02T01:00Z`)", "0"),
        ("date_diff(month, `2011T`, `2010T`)", "-12"),
        ("extract(year FROM to_timestamp('2010-01-01T'))", "2010"),
        ("to_string(to_timestamp('2007-04-05T14:30Z'), 'MMMM d y h:mm a')", "April 5 2007 2:30 PM"),
        ("cast('12' AS INT) + 1", "13"),
        ("cast(1 AS BOOL) AND NOT 'false'", "true"),
        ("'_a%' LIKE '\\_a\\%' ESCAPE '\\'", "true"),
        ("'it''s'", "it's"),
    ],
)
def test_values(select: Any, value: str, expected: str) -> None:
    answer = select(f"SELECT {value} FROM S3Object", b"x\n", "CSV", CSV={})
    assert (answer.error, answer.records) == ("", expected + "\n")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DROP TABLE x", "UnsupportedSqlOperation"),
        ("SELECT FROM S3Object", "ParseEmptySelect"),
        ("SELECT *, _1 FROM S3Object", "ParseAsteriskIsNotAloneInSelectList"),
        ("SELECT *", "ParseSelectMissingFrom"),
        ("SELECT * FROM 'S3Object'", "InvalidDataSource"),
        ("SELECT * FROM read_csv('/etc/passwd')", "InvalidDataSource"),
        ("SELECT read_text('/etc/passwd') FROM S3Object", "UnsupportedFunction"),
        ("SELECT getenv('HOME') FROM S3Object", "UnsupportedFunction"),
        ("SELECT (SELECT 1) FROM S3Object", "ParseUnexpectedToken"),
        ("SELECT * FROM S3Object; ATTACH 'x'", "LexerInvalidChar"),
        ("SELECT _1 FROM S3Object GROUP BY _1", "UnsupportedSqlStructure"),
        ("SELECT _1, count(*) FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT * FROM S3Object WHERE _1 =", "ParseExpectedExpression"),
        ("SELECT * FROM S3Object LIMIT x", "ParseExpectedNumber"),
        ("SELECT sum(*) FROM S3Object", "ParseUnsupportedCallWithStar"),
        ("SELECT cast(_1 AS ROW) FROM S3Object", "ParseExpectedTypeName"),
        ("SELECT cast(_1 AS INT) FROM S3Object", "CastFailed"),
        ("SELECT to_timestamp(_1) FROM S3Object", "ValueParseFailure"),
        ("SELECT date_add(week, 1, _1) FROM S3Object", "ParseExpectedDatePart"),
        ("SELECT lower() FROM S3Object", "EvaluatorInvalidArguments"),
        ("SELECT 9223372036854775807 + 1 FROM S3Object", "IntegerOverflow"),
        ("SELECT _0 FROM S3Object", "InvalidColumnIndex"),
        ("SELECT nope FROM S3Object", "MissingHeaders"),
        ("SELECT * FROM S3Object WHERE " + "(" * 500 + "1" + ")" * 500, "UnsupportedSqlStructure"),
        ("SELECT " + "+".join("1" * 3000) + " FROM S3Object", "UnsupportedSqlStructure"),
        ("SELECT '" + "x" * 262_144 + "' FROM S3Object", "ExpressionTooLong"),
    ],
)
def test_refused(select: Any, expression: str, expected: str) -> None:
    assert select(expression, b"x\n", CSV={}).error == expected
