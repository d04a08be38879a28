"""SelectObjectContent against a server, the engine in its job process."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.testing import Server

pytest.importorskip("duckdb")

USE = {"CSV": {"FileHeaderInfo": "USE"}}
TABLE = b"id,name\n" + b"".join(b"%d,name %d\n" % (number, number % 7) for number in range(50_000))


@pytest.fixture
def select(s3: Any, bucket: str) -> Callable[..., dict[str, Any]]:
    """Return a function that puts an object and returns its selection's events, records and others joined by name."""

    def call(data: bytes, expression: str = "SELECT * FROM S3Object", **given: Any) -> dict[str, Any]:
        s3.put_object(Bucket=bucket, Key="object", Body=data)
        request = {"InputSerialization": USE, "OutputSerialization": {"JSON": {}}} | given
        answer = s3.select_object_content(
            Bucket=bucket, Key="object", Expression=expression, ExpressionType="SQL", **request
        )
        found: dict[str, Any] = {"Records": [], "names": []}
        for event in answer["Payload"]:
            ((name, members),) = event.items()
            found["names"].append(name)
            if name == "Records":
                found[name].append(members["Payload"])
            else:
                found[name] = members.get("Details")
        return found

    return call


def rows(found: dict[str, Any]) -> list[Any]:
    return [json.loads(line) for line in b"".join(found["Records"]).splitlines()]


def test_select_returns_what_python_finds(select: Any) -> None:
    expression = "SELECT s.id, s.name FROM S3Object s WHERE CAST(s.id AS INT) % 3 = 0 AND s.name <> 'name 2'"
    found = select(TABLE, expression)
    expected = list(csv.DictReader(io.StringIO(TABLE.decode())))
    assert rows(found) == [row for row in expected if int(row["id"]) % 3 == 0 and row["name"] != "name 2"]
    returned = sum(map(len, found["Records"]))
    assert found["Stats"] == {"BytesScanned": len(TABLE), "BytesProcessed": len(TABLE), "BytesReturned": returned}
    assert found["names"][-2:] == ["Stats", "End"]


def test_select_large_result_comes_in_chunks_of_a_megabyte_at_most(select: Any) -> None:
    data = b"a\n" + b"".join(b"%d %s\n" % (number, b"x" * 1000) for number in range(3000))
    found = select(data, OutputSerialization={"CSV": {"QuoteFields": "ALWAYS"}})
    assert b"".join(found["Records"]).replace(b'"', b"") == data[2:]
    assert len(found["Records"]) > 1
    assert max(map(len, found["Records"])) <= 2**20


def test_select_progress_when_asked(select: Any) -> None:
    found = select(b"a\n1\n", RequestProgress={"Enabled": True})
    assert found["Progress"] == {"BytesScanned": 4, "BytesProcessed": 4, "BytesReturned": 10}


def test_select_scan_ranges_have_each_record_once(select: Any) -> None:
    size = len(TABLE)
    ranges = [{"End": size - 400_001 - 1, "Start": 0}, {"Start": size - 400_001}]
    found = [row for scan in ranges for row in rows(select(TABLE, "SELECT id FROM S3Object", ScanRange=scan))]
    assert [int(row["id"]) for row in found] == list(range(50_000))


def test_select_parquet(select: Any) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    parquet.write_table(arrow.table({"n": [1, 2, None], "Text": ["a", "b", "c"], "tags": [["x"], [], None]}), file)
    expression = "SELECT s.n, s.Text, s.tags FROM S3Object s WHERE s.N > 1 OR s.n IS NULL"
    found = select(file.getvalue(), expression, InputSerialization={"Parquet": {}})
    assert rows(found) == [{"n": 2, "Text": "b", "tags": []}, {"n": None, "Text": "c", "tags": None}]


@pytest.mark.parametrize(
    ("data", "given", "expected"),
    [
        (b"a\n", {"expression": "SELECT b FROM S3Object"}, "MissingHeaders"),
        (b"a\nx\n", {"expression": "SELECT CAST(a AS INT) FROM S3Object"}, "CastFailed"),
        (b"{", {"InputSerialization": {"JSON": {"Type": "LINES"}}}, "JSONParsingError"),
        (b"no", {"InputSerialization": {"Parquet": {}}}, "ParquetParsingError"),
        (b"a\n", {"InputSerialization": {}}, "InvalidDataSource"),
        (b"a\n", {"InputSerialization": {"JSON": {}}}, "InvalidJsonType"),
        (b"a\n", {"InputSerialization": USE | {"JSON": {"Type": "LINES"}}}, "ObjectSerializationConflict"),
        (b"a\n", {"InputSerialization": {"CSV": {"QuoteCharacter": "''"}}}, "InvalidRequestParameter"),
        (b"a\n", {"ScanRange": {"Start": 9}}, "InvalidScanRange"),
    ],
)
def test_select_refused(select: Any, refused: Any, data: bytes, given: dict[str, Any], expected: str) -> None:
    error = refused(select, data=data, **given)
    assert (error["Code"], error["Status"]) == (expected, 400)


def test_select_object_that_is_not_there(s3: Any, bucket: str, refused: Any) -> None:
    formats = {"InputSerialization": USE, "OutputSerialization": {"CSV": {}}}
    select = s3.select_object_content
    error = refused(select, Bucket=bucket, Key="k", Expression="SELECT 1", ExpressionType="SQL", **formats)
    assert (error["Code"], error["Status"]) == ("NoSuchKey", 404)


def test_select_nothing_is_left_when_the_client_leaves(s3: Any, s3_server: Server, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="big", Body=b"x" * 99 + b"\n" + b"1234567\n" * 4_000_000)
    formats: dict[str, Any] = {"InputSerialization": {"CSV": {}}, "OutputSerialization": {"CSV": {}}}
    answer = s3.select_object_content(
        Bucket=bucket, Key="big", Expression="SELECT * FROM S3Object", ExpressionType="SQL", **formats
    )
    assert next(iter(answer["Payload"]))
    work = Path(s3_server.settings.data_dir) / "jobs"
    assert list(work.glob("select-*"))
    answer["Payload"].close()
    wait_until_empty(work)


def wait_until_empty(work: Path) -> None:
    import time

    deadline = time.monotonic() + 20
    while list(work.glob("select-*")):
        assert time.monotonic() < deadline, "the engine's folder is still there"
        time.sleep(0.02)
