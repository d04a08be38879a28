"""Hostile requests: whatever the bytes, a parser gives an input or an error in AWS's form, and stays in bounds."""

import gzip
from random import Random
from typing import Any

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError
from clary.wire.types import HttpRequest

CATALOG = Catalog()
HINTS = {"smithy-rpc-v2-cbor": {"smithy-protocol": "rpc-v2-cbor"}, "json": {"x-amz-target": "X.Y"}}
#: An operation for each protocol, with something of everything in its input.
TARGETS = [
    ("sagemaker", "CreateTrainingJob", "json", "/"),
    ("glue", "CreateDataQualityRuleset", "json", "/"),
    ("emr", "RunJobFlow", "json", "/"),
    (
        "cloudwatch",
        "PutMetricData",
        "smithy-rpc-v2-cbor",
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
    ),
    ("cloudwatch", "PutMetricAlarm", "query", "/"),
    ("iam", "CreateRole", "query", "/"),
    ("lexv2-runtime", "RecognizeText", "rest-json", "/bots/b/botAliases/a/botLocales/l/sessions/s/text"),
    ("lex-runtime", "PostContent", "rest-json", "/bot/b/alias/a/user/u/content"),
    ("marketplace-catalog", "StartChangeSet", "rest-json", "/StartChangeSet"),
    ("s3", "CompleteMultipartUpload", "rest-xml", "/bucket/key"),
    ("s3", "PutBucketAcl", "rest-xml", "/bucket"),
    ("s3", "GetObject", "rest-xml", "/bucket/%ff%FE/.."),
]


async def parse(service: str, operation: str, body: bytes, **rest: Any) -> dict[str, Any]:
    protocol = rest.pop("protocol", "")
    headers = {**HINTS.get(protocol, {}), **rest.pop("headers", {})}
    request = HttpRequest("POST", rest.pop("path", "/"), rest.pop("query", ""), headers, WholeBody(body))
    return await CATALOG.operation(service, operation, request).parse(request)


async def refused(service: str, operation: str, body: bytes, **rest: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await parse(service, operation, body, **rest)
    return caught.value


BROKEN = [
    b"{",
    b"\xff\xfe",
    b'{"a":1}x',
    b"[",
    b"<a",
    b"<a>\xff</a>",
    b"A.1=%ff",
    b"\xbf",
    b"\x00",
    b"null",
    b"1e999",
    b'"x"',
]
HEADERS = ["range", "x-amz-lex-session-attributes", "x-amz-meta-x", "x-amz-object-attributes", "if-modified-since"]


@pytest.mark.parametrize(("service", "operation", "protocol", "path"), TARGETS)
async def test_parse_gives_an_error_of_ours_for_any_bytes(
    service: str, operation: str, protocol: str, path: str
) -> None:
    random = Random(operation)
    bodies = BROKEN + [random.randbytes(random.randint(0, 60)) for _ in range(200)]
    for body in bodies:
        text = body.decode("latin-1")
        headers = {name: text for name in HEADERS if random.random() < 0.3}
        query = random.choice(("", "partNumber=x", "A.1.b=1&A.x=2", "%ff=%fe", text.replace("#", "")))
        try:
            await parse(service, operation, body, protocol=protocol, path=path, headers=headers, query=query)
        except AwsError as error:
            assert error.status == 400, error


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
)


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(value=st.dictionaries(st.sampled_from(["Namespace", "MetricData", "StrictEntityValidation"]), JSON))
async def test_parse_of_cbor_gives_an_error_of_ours_for_any_value(value: dict[str, Any]) -> None:
    try:
        await parse("cloudwatch", "PutMetricData", cbor2.dumps(value), protocol="smithy-rpc-v2-cbor")
    except AwsError as error:
        assert error.code == "SerializationException"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"StreamName": 1}', "NUMBER_VALUE can not be converted to a String"),
        (b'{"StreamName": {}}', "START_OBJECT can not be converted to a String"),
        (b'{"Limit": "5"}', "STRING_VALUE can not be converted to an Integer"),
        (b'{"Limit": 1.5}', "NUMBER_VALUE can not be converted to an Integer"),
        (b'{"Limit": 2147483648}', "Numeric value (2147483648) out of the range of an Integer"),
        (b'{"Limit": 1e300}', None),
        (b'{"Limit": true}', "TRUE_VALUE can not be converted to an Integer"),
        (b"[]", "START_ARRAY can not be converted to a Structure"),
    ],
)
async def test_json_of_the_wrong_type_is_refused(body: bytes, text: str | None) -> None:
    error = await refused("kinesis", "DescribeStream", body)
    assert (error.code, error.status) == ("SerializationException", 400)
    assert text in {None, error.message}


async def test_json_unknown_and_null_members_are_left_out() -> None:
    body = b'{"StreamName": "s", "Unknown": {"a": [1]}, "Limit": null, "StreamName": "t"}'
    assert await parse("kinesis", "DescribeStream", body) == {"StreamName": "t"}


@pytest.mark.parametrize(
    ("service", "operation", "body", "protocol"),
    [
        ("emr", "RunJobFlow", b'{"Configurations":[' * 400 + b"{}" + b"]}" * 400, "json"),
        ("emr", "RunJobFlow", b'{"Configurations":[' * 5000, "json"),
        ("marketplace-catalog", "StartChangeSet", b'{"Tags":' + b"[" * 3000 + b"]" * 3000 + b"}", "rest-json"),
        (
            "marketplace-catalog",
            "StartChangeSet",
            b'{"ChangeSet":[{"DetailsDocument":' + b"[" * 300 + b"]" * 300 + b"}]}",
            "",
        ),
        ("cloudwatch", "PutMetricData", b"\x81" * 5000 + b"\x00", "smithy-rpc-v2-cbor"),
        ("iam", "CreateRole", b"a." * 5000 + b"=1", "query"),
    ],
)
async def test_endless_nesting_is_refused(service: str, operation: str, body: bytes, protocol: str) -> None:
    path = "/StartChangeSet" if protocol in {"rest-json", ""} else "/"
    error = await refused(service, operation, body, protocol=protocol, path=path)
    assert error.code in {"SerializationException", "MalformedInput"}


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><CompleteMultipartUpload>&b;</CompleteMultipartUpload>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><CompleteMultipartUpload/>',
        b"<CompleteMultipartUpload><Part><PartNumber>1_0</PartNumber></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload><Part><PartNumber>99999999999</PartNumber></Part></CompleteMultipartUpload>",
        b"<CompleteMultipartUpload>",
        b"<Other/>",
    ],
)
async def test_xml_that_is_not_what_it_should_be_is_malformed(body: bytes) -> None:
    error = await refused("s3", "CompleteMultipartUpload", body, path="/b/k", query="uploadId=u")
    assert (error.code, error.status) == ("MalformedXML", 400)


async def test_cbor_tags_but_time_are_refused() -> None:
    cycle = b"\xd8\x1c\x81\xd8\x1d\x00"
    for tagged in (cycle, cbor2.dumps(cbor2.CBORTag(35, "(a+)+$")), b"\xc2\x41\x01"):
        body = b"\xa1\x6aMetricData" + tagged
        error = await refused("cloudwatch", "PutMetricData", body, protocol="smithy-rpc-v2-cbor")
        assert error.code == "SerializationException"


@pytest.mark.parametrize("time", [b"1e300", b"-1e300", b'"soon"', b'"9999-12-31T23:59:60Z"', b'"Nov, 45 Foo 2020"'])
async def test_time_that_no_calendar_has_is_refused(time: bytes) -> None:
    error = await refused("sagemaker", "ListTrainingJobs", b'{"CreationTimeAfter":' + time + b"}")
    assert error.code == "SerializationException"


async def test_body_over_the_limit_is_refused() -> None:
    error = await refused("kinesis", "PutRecords", b"x" * (16 * 2**20 + 1))
    assert error.status == 413


@pytest.mark.parametrize(
    ("body", "status"),
    [(gzip.compress(b"\0" * (17 * 2**20), mtime=0), 413), (gzip.compress(b"{}", mtime=0)[:-4], 400), (b"{}", 400)],
)
async def test_gzip_that_is_broken_or_a_bomb_is_refused(body: bytes, status: int) -> None:
    headers = {"content-encoding": "gzip"}
    error = await refused("cloudwatch", "PutMetricData", body, protocol="json", headers=headers)
    assert error.status == status


async def test_path_that_is_not_utf8_is_refused() -> None:
    error = await refused("s3", "GetObject", b"", path="/bucket/%ff")
    assert (error.status, error.code) == (400, "InvalidURI")
