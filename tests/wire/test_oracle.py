"""botocore as the oracle, over every operation of every service.

What its serializer writes, we read; what we write, its parser reads.

Values come from a seeded generator over `random.Random`. Hypothesis drives the same generator, through a `Random` whose
draws it controls and shrinks, for a few examples a service; CLARY_THOROUGH=1 adds a hundred seeds an operation.
"""

import asyncio
import io
import json
import math
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError
from clary.wire.sqs_forms import add_forms
from clary.wire.types import HttpRequest, HttpResponse

CATALOG = Catalog()
CHANNELS = [(name, protocol) for name in CATALOG.services() for protocol in CATALOG.service(name).protocols]
SERVICE_NAMES = CATALOG.services()
#: Requests that show which protocol they speak, for services that speak several.
HINTS = {"smithy-rpc-v2-cbor": {"smithy-protocol": "rpc-v2-cbor"}, "json": {"x-amz-target": "X.Y"}}

#: What botocore reads in hooks around its parser, and what it reads wrongly.
OUTSIDE = {"GetBucketLocation", "GetBucketNotification"}

WIDE = "abcXYZ019 -_.~:/?#[]@!$&'()*+,;=%<>\"\\|`^{}\t\néßЖ日本😀\u0085\u2028"
HEADER = "abcXYZ019 -_.:/@!$&'()*+;=%<>|`^{}~#"


@cache
def oracle(service: str, protocol: str) -> ServiceModel:
    document = Loader().load_service_model(service, "service-2")
    if (service, protocol) == ("sqs", "query"):
        add_forms(document)
        document = json.loads(json.dumps(document).replace('"queryName"', '"locationName"'))
    return ServiceModel(document, service)


def request_of(service: str, protocol: str) -> HttpRequest:
    return HttpRequest("POST", "/", "", HINTS.get(protocol, {}), WholeBody())


class Generator:
    """Makes values of botocore's shapes that its own side of `protocol` can tell apart."""

    def __init__(self, random: Random, protocol: str, *, output: bool = False) -> None:
        self.random = random
        #: Whether empty structures and collections have a form of their own.
        self.sparse = protocol in {"json", "rest-json", "smithy-rpc-v2-cbor"}
        #: botocore's parser leaves them as text in JSON.
        self.infinities = () if output and protocol == "json" else (math.inf, -math.inf)

    def structure(self, shape: Any, depth: int = 0) -> dict[str, Any]:
        if shape.is_document_type:
            return {"a": [1, None, {"b": "c"}], "d": 1.5, "": True}
        # S3's deprecated Event has the same name on the wire as Events.
        names = [name for name, member in shape.members.items() if self.fits(member)]
        names = [name for name in names if not (name == "Event" and "Events" in shape.members)]
        if shape.is_tagged_union:
            names = [self.random.choice(names)]
        elif depth > 3:
            names = [name for name in names if name in shape.required_members]
        chosen = [name for name in names if name in shape.required_members or self.random.random() < 0.7]
        if not chosen and shape.members and (not self.sparse or shape.is_tagged_union):
            chosen = [names[0] if names else next(name for name in shape.members if self.fits(shape.members[name]))]
        return {name: self.value(shape.members[name], depth + 1) for name in chosen}

    def fits(self, shape: Any) -> bool:
        if shape.name == "Expires":  # S3's, a time to botocore and a text to the service
            return False
        is_empty = shape.type_name == "structure" and not shape.members
        return not shape.serialization.get("eventstream") and (self.sparse or not is_empty)

    def value(self, shape: Any, depth: int = 0, place: str | None = None) -> Any:
        place = place or shape.serialization.get("location")
        if shape.type_name == "structure":
            return self.structure(shape, depth)
        if shape.type_name == "list":
            return [self.value(shape.member, depth + 1, place) for _ in range(self.length(depth, place))]
        if shape.type_name == "map":
            pairs = range(self.length(depth, place))
            return {self.text(shape.key, place): self.value(shape.value, depth + 1, place) for _ in pairs}
        return self.scalar(shape, place)

    def length(self, depth: int, place: str | None) -> int:
        least = 0 if self.sparse and place is None else 1
        return self.random.randint(least, 2) if depth < 5 else least

    def scalar(self, shape: Any, place: str | None) -> Any:
        match shape.type_name:
            case "boolean":
                return self.random.random() < 0.5
            case "integer" if place == "statusCode":
                return self.random.choice((200, 202))
            case "integer":
                return self.random.choice((0, 1, -1, 2**31 - 1, -(2**31), 4711))
            case "long":
                return self.random.choice((0, 23, 24, -257, 2**63 - 1, -(2**63), 10**12))
            case "float" | "double":
                return self.random.choice((0.0, 1.5, -0.125, 1024.0, 3.0, *self.infinities))
            case "timestamp":
                return self.time(shape, place)
            case "blob":
                return bytes(self.random.choices(range(256), k=self.random.randint(1, 9)))
        if place == "header" and shape.serialization.get("jsonvalue"):
            return {"key": ["value", 1]}
        return self.text(shape, place)

    def time(self, shape: Any, place: str | None) -> datetime:
        whole = place == "header" or shape.serialization.get("timestampFormat") == "rfc822"
        millis = 0 if whole else self.random.choice((0, 0, 1, 999, 120))
        return datetime(2026, 11, 22, tzinfo=UTC) + timedelta(
            seconds=self.random.randint(-(10**9), 10**8), milliseconds=millis
        )

    def text(self, shape: Any, place: str | None) -> str:
        if shape.serialization.get("hostLabel"):
            return "label-1"
        if shape.enum:
            return str(self.random.choice(shape.enum))
        alphabet = HEADER if place in {"header", "headers"} else WIDE
        text = "".join(self.random.choices(alphabet, k=self.random.randint(1, 8)))
        return f"x{text}x" if place == "header" else f"k{len(text)}" if place == "headers" else text


def seen(value: Any) -> Any:
    """Return a value as our side has it: times as seconds."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: seen(item) for key, item in value.items()}
    return [seen(item) for item in value] if isinstance(value, list) else value


async def check_request(service: str, protocol: str, operation: OperationModel, random: Random) -> None:
    """Assert that we read what botocore writes."""
    ours = CATALOG.operation(service, operation.name, request_of(service, protocol))
    params = Generator(random, protocol).structure(operation.input_shape)
    payload = operation.input_shape.serialization.get("payload")
    if params.get(payload) in ({}, b"") and payload not in operation.input_shape.required_members:
        del params[payload]  # on the wire the same as none
    got = await ours.parse(sent(create_serializer(protocol, False).serialize_to_request(params, operation)))
    if ours.streaming_input:
        body = got.pop(ours.streaming_input)
        if ours.streaming_input in params:
            assert await body.read(1000) == params.pop(ours.streaming_input)
    tokens = [member for member in operation.idempotent_members if member not in params]
    for token in tokens:
        assert len(got.pop(token)) == 36
    if "ContentLength" not in params:
        got.pop("ContentLength", None)  # of the HTTP client
    assert got == seen(params), operation.name


def sent(serialized: dict[str, Any]) -> HttpRequest:
    """Return botocore's request as it arrives."""
    prepare_request_dict(serialized, "http://host")
    prepared = create_request_object(serialized).prepare()
    url = urlsplit(prepared.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()
    }
    body = prepared.body or b""
    return HttpRequest(
        prepared.method, url.path, url.query, headers, WholeBody(body.encode() if isinstance(body, str) else body)
    )


def check_response(service: str, protocol: str, operation: OperationModel, random: Random) -> None:
    """Assert that botocore reads what we write."""
    ours = CATALOG.operation(service, operation.name, request_of(service, protocol))
    shape = operation.output_shape
    if operation.has_event_stream_output or operation.name in OUTSIDE:
        return
    result = Generator(random, protocol, output=True).structure(shape) if shape else {}
    response = ours.serialize(seen(result) if random.random() < 0.5 else result, "the-id")
    got = create_parser(protocol).parse(received(response, operation), shape)
    metadata = got.pop("ResponseMetadata")
    assert "the-id" in {metadata["HTTPHeaders"].get(name) for name in ("x-amzn-requestid", "x-amz-request-id")}
    status = [
        name
        for name, member in (shape.members if shape else {}).items()
        if member.serialization.get("location") == "statusCode"
    ]
    for name in status:
        assert got.pop(name) == result.pop(name, response.status)
    if operation.has_streaming_output:
        name = shape.serialization["payload"]
        assert got.pop(name).read() == result.pop(name, b"")
        for default in {"ContentType", "contentType"} - {*result}:
            got.pop(default, None)
    assert without_empty_maps(seen(got)) == without_empty_maps(seen(result)), operation.name


def received(response: HttpResponse, operation: OperationModel) -> dict[str, Any]:
    """Return our response as botocore's parsers take it."""
    assert isinstance(response.body, bytes)
    return {
        "status_code": response.status,
        "headers": HeadersDict(response.headers),
        "body": io.BytesIO(response.body)
        if operation.has_streaming_output and response.status < 300
        else response.body,
        "context": {"operation_name": operation.name},
    }


def without_empty_maps(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if value != {}}


def operations(service: str, protocol: str) -> Iterator[OperationModel]:
    model = oracle(service, protocol)
    return (model.operation_model(name) for name in model.operation_names)


@pytest.mark.parametrize(("service", "protocol"), CHANNELS)
async def test_parse_reads_every_operation(service: str, protocol: str) -> None:
    for operation in operations(service, protocol):
        if operation.input_shape:
            await check_request(service, protocol, operation, Random(operation.name))


@pytest.mark.parametrize(("service", "protocol"), CHANNELS)
def test_serialize_is_read_for_every_operation(service: str, protocol: str) -> None:
    for operation in operations(service, protocol):
        check_response(service, protocol, operation, Random(operation.name))


@pytest.mark.parametrize(("service", "protocol"), CHANNELS)
@settings(max_examples=3, deadline=None, database=None, derandomize=True, suppress_health_check=[*HealthCheck])
@given(data=st.data())
def test_both_ways_under_hypothesis(service: str, protocol: str, data: st.DataObject) -> None:
    operation = data.draw(st.sampled_from([*operations(service, protocol)]))
    check_both_ways(service, protocol, operation, data.draw(st.randoms(use_true_random=False)))


@pytest.mark.skipif("CLARY_THOROUGH" not in os.environ, reason="takes a quarter of an hour")
@pytest.mark.parametrize(("service", "protocol"), CHANNELS)
def test_both_ways_at_length(service: str, protocol: str) -> None:
    for operation in operations(service, protocol):
        for seed in range(100):
            check_both_ways(service, protocol, operation, Random(f"{operation.name}{seed}"))


def check_both_ways(service: str, protocol: str, operation: OperationModel, random: Random) -> None:
    if operation.input_shape:
        asyncio.run(check_request(service, protocol, operation, random))
    check_response(service, protocol, operation, random)


# SQS has codes of its own in forms: see test_protocols.
@pytest.mark.parametrize(("service", "protocol"), [pair for pair in CHANNELS if pair != ("sqs", "query")])
def test_errors_are_read_with_their_members(service: str, protocol: str) -> None:
    model = oracle(service, protocol)
    operation = next(one for one in operations(service, protocol) if one.http["method"] != "HEAD")
    ours = CATALOG.operation(service, operation.name, request_of(service, protocol))
    parser = create_parser(protocol)
    for shape in model.error_shapes:
        random = Random(shape.name)
        fields = {
            name: value
            for name, value in Generator(random, protocol).structure(shape).items()
            if name.lower() != "message"
        }
        error = AwsError(shape.error_code, 'It <failed> & "so"', 400, **seen(fields))
        response = received(ours.serialize_error(error, "the-id"), operation)
        got = parser.parse(response, operation.output_shape)
        # The code of old goes first where the service has one.
        assert shape.error_code in {got["Error"]["Code"], got["Error"].get("QueryErrorCode")}
        assert got["Error"]["Message"] == error.message
        modelled = parser.parse(response, shape)
        modelled = {name: value for name, value in modelled.items() if name.lower() != "message"}
        assert seen(modelled) == seen(fields), shape.name
