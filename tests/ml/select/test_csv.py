import bz2
import csv
import gzip
import io
from typing import Any

import pytest

PEOPLE = b'name,age,city\nAnn,30,"New, York"\nBob,25,\n"C ""x""",41\n'
USE = {"CSV": {"FileHeaderInfo": "USE"}}
NONE: dict[str, Any] = {"CSV": {}}
ALLOWED = {"AllowQuotedRecordDelimiter": True}


def test_star_returns_the_rows_of_pythons_reader(select: Any) -> None:
    answer = select("SELECT * FROM S3Object", PEOPLE, "CSV", CSV={"FileHeaderInfo": "IGNORE"})
    expected = [([*row, ""])[:3] for row in csv.reader(io.StringIO(PEOPLE.decode()))][1:]
    assert list(csv.reader(io.StringIO(answer.records))) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SELECT s.name FROM S3Object s WHERE s.age > 29", '{"name":"Ann"}\n{"name":"C \\"x\\""}\n'),
        ("SELECT NAME AS n FROM S3Object LIMIT 1", '{"n":"Ann"}\n'),
        ("SELECT _1, _3 FROM S3Object WHERE city IS MISSING", '{"_1":"C \\"x\\""}\n'),
        ("SELECT count(*), avg(cast(age AS INT)), max(age) FROM S3Object", '{"_1":3,"_2":32,"_3":41}\n'),
        ("SELECT name FROM S3Object WHERE name LIKE 'A%' OR age IN (25)", '{"name":"Ann"}\n{"name":"Bob"}\n'),
        ("SELECT age FROM S3Object WHERE age NOT BETWEEN 26 AND 50", '{"age":"25"}\n'),
        ("SELECT coalesce(nullif(city, ''), '-') c FROM S3Object WHERE age = 25", '{"c":"-"}\n'),
        ("SELECT CASE WHEN age < 30 THEN 'y' ELSE 'o' END c FROM S3Object LIMIT 1", '{"c":"o"}\n'),
        ("SELECT cast(age AS DECIMAL(5, 2)) * 1.5 d, -age FROM S3Object LIMIT 1", '{"d":45,"_2":-30}\n'),
    ],
)
def test_expressions(select: Any, expression: str, expected: str) -> None:
    answer = select(expression, PEOPLE, **USE)
    assert (answer.error, answer.records) == ("", expected)


def test_empty_fields_are_text_and_absent_ones_missing(select: Any) -> None:
    answer = select("SELECT * FROM S3Object", b'a,,""\nb\n', **NONE)
    assert answer.records == '{"_1":"a","_2":"","_3":""}\n{"_1":"b"}\n'


def test_delimiters_quotes_and_comments_of_ones_own(select: Any) -> None:
    options = {"FieldDelimiter": "|", "RecordDelimiter": ";", "QuoteCharacter": "'", "QuoteEscapeCharacter": "\\"}
    answer = select(
        "SELECT * FROM S3Object", rb"#x;a|'b\'|;c';d|e" + b"\nf;", CSV=options | ALLOWED | {"Comments": "#"}
    )
    assert answer.records == '{"_1":"a","_2":"b\'|;c"}\n{"_1":"d","_2":"e\\nf"}\n'


def test_quoted_line_ends_where_they_are_allowed(select: Any) -> None:
    data = b'"a\nb",c\n' * 200_000
    assert select("SELECT * FROM S3Object", data, "CSV", CSV=ALLOWED).records.encode() == data
    assert select("SELECT * FROM S3Object", data, **NONE).error == "CSVParsingError"


def test_order_is_that_of_the_object(select: Any) -> None:
    data = b"".join(b"%d\n" % number for number in range(1_000_000))
    assert select("SELECT * FROM S3Object", data, "CSV", **NONE).records.encode() == data


def test_record_delimiter_of_two_characters(select: Any) -> None:
    answer = select("SELECT * FROM S3Object", b"a,b||c,d||", CSV={"RecordDelimiter": "||"})
    assert answer.records == '{"_1":"a","_2":"b"}\n{"_1":"c","_2":"d"}\n'


@pytest.mark.parametrize(("name", "pack"), [("GZIP", gzip.compress), ("BZIP2", bz2.compress)])
def test_compressed_members_one_after_another(select: Any, name: str, pack: Any) -> None:
    data = pack(b"1\n" * 300_000) + pack(b"2\n")
    answer = select("SELECT sum(cast(_1 AS INT)) FROM S3Object", data, CompressionType=name, **NONE)
    assert answer.records == '{"_1":300002}\n'
    assert (answer.figures["BytesScanned"], answer.figures["BytesProcessed"]) == (len(data), 600_002)


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (gzip.compress(b"1\n" * 9999, mtime=0)[:-30], {"CompressionType": "GZIP"}, "TruncatedInput"),
        (b"plain", {"CompressionType": "GZIP"}, "InvalidCompressionFormat"),
        (b"1\n" + b"x" * 1_500_000 + b"\n", {}, "OverMaxRecordSize"),
        (b"x" * 2_500_000 + b"\n", {}, "OverMaxRecordSize"),
        (b"," * 9000 + b"\n", {}, "OverMaxColumn"),
        (b"a\n\xff\n", {}, "InvalidTextEncoding"),
        (b"a,b\n1,2,3\n", {}, "CSVParsingError"),
    ],
)
def test_broken_objects_are_errors(select: Any, data: bytes, options: dict[str, Any], expected: str) -> None:
    assert select("SELECT * FROM S3Object", data, **NONE, **options).error == expected


def test_each_record_is_in_one_range_alone(select: Any) -> None:
    data = b"".join(b"%d,x\n" % number for number in range(200))
    found = ""
    for start in range(0, len(data), 37):
        at = max(0, start - 1)
        scan = {"Start": start, "End": min(start + 36, len(data) - 1), "At": at}
        found += select("SELECT * FROM S3Object", data[at:], "CSV", data, CSV={}, ScanRange=scan).records
    assert found.encode() == data
