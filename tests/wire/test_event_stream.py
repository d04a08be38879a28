"""Event streams: botocore reads ours, and we read what a client sends, in whatever chunks it comes."""

from collections.abc import AsyncIterator
from typing import Any
from zlib import crc32

import orjson
import pytest
from botocore.awsrequest import HeadersDict
from botocore.eventstream import EventStream, EventStreamBuffer
from botocore.exceptions import EventStreamError
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError, Malformed
from clary.wire.event_stream import decode, encode
from clary.wire.types import HttpRequest

CATALOG = Catalog()


class Raw:
    """A streamed response as botocore takes it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> list[bytes]:
        return [self._data[at : at + 7] for at in range(0, len(self._data), 7)]

    def close(self) -> None:
        """Nothing is open."""


async def answered(
    service: str, name: str, result: dict[str, Any], *events: dict[str, Any] | AwsError
) -> dict[str, Any]:
    """Return what botocore makes of a response whose stream has these events."""

    async def stream() -> AsyncIterator[dict[str, Any]]:
        for event in events:
            if isinstance(event, AwsError):
                raise event
            yield event

    operation = CATALOG.operation(service, name)
    assert operation.streaming_output is not None
    response = operation.serialize({**result, operation.streaming_output: stream()}, "the-id")
    assert not isinstance(response.body, bytes)
    data = b"".join([chunk async for chunk in response.body])
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    raw = {"status_code": response.status, "headers": HeadersDict(response.headers), "body": Raw(data)}
    raw["context"] = {"operation_name": name}
    assert raw["headers"]["content-type"] == "application/vnd.amazon.eventstream"
    parsed: dict[str, Any] = create_parser(CATALOG.service(service).protocols[0]).parse(
        raw, model.operation_model(name).output_shape
    )
    return parsed


async def test_events_of_json_follow_an_initial_response() -> None:
    update = {"sessionUpdate": {"sessionResults": [{"message": "é", "timestamp": 5}]}}
    parsed = await answered("logs", "StartLiveTail", {}, {"sessionStart": {"sessionId": "s"}}, update)
    assert isinstance(parsed["responseStream"], EventStream)
    assert [*parsed["responseStream"]] == [{"sessionStart": {"sessionId": "s"}}, update]


async def test_events_of_rest_json_carry_blobs_as_they_are() -> None:
    parsed = await answered(
        "sagemaker-runtime",
        "InvokeEndpointWithResponseStream",
        {"ContentType": "text/csv"},
        {"PayloadPart": {"Bytes": b"\0\xff"}},
    )
    assert parsed["ContentType"] == "text/csv"
    assert [*parsed["Body"]] == [{"PayloadPart": {"Bytes": b"\0\xff"}}]


async def test_events_of_rest_xml_carry_xml() -> None:
    stats = {"Stats": {"Details": {"BytesScanned": 7}}}
    parsed = await answered("s3", "SelectObjectContent", {}, {"Records": {"Payload": b"a,b\n"}}, stats, {"End": {}})
    assert [*parsed["Payload"]] == [{"Records": {"Payload": b"a,b\n"}}, stats, {"End": {}}]


@pytest.mark.parametrize("code", ["ModelStreamError", "SomethingElse"])
async def test_error_within_a_stream_is_its_last_event(code: str) -> None:
    error = AwsError(code, "it broke")
    parsed = await answered(
        "sagemaker-runtime", "InvokeEndpointWithResponseStream", {}, {"PayloadPart": {"Bytes": b"x"}}, error
    )
    events = iter(parsed["Body"])
    assert next(events) == {"PayloadPart": {"Bytes": b"x"}}
    with pytest.raises(EventStreamError) as caught:
        next(events)
    assert caught.value.response["Error"] == {"Code": code, "Message": "it broke"}


class Pieces(WholeBody):
    """A body that arrives byte by byte."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for byte in await self.read(10**6):
            yield bytes((byte,))


def sent(name: str, members: dict[str, Any]) -> bytes:
    return encode({":message-type": "event", ":event-type": name}, orjson.dumps(members))


async def conversation(data: bytes) -> list[dict[str, Any]]:
    request = HttpRequest("POST", "/bots/b/botAliases/a/botLocales/l/sessions/s/conversation", "", {}, Pieces(data))
    params = await CATALOG.operation("lexv2-runtime", "StartConversation").parse(request)
    return [event async for event in params["requestEventStream"]]


async def test_parse_reads_events_as_they_arrive() -> None:
    text = sent("TextInputEvent", {"text": "hi", "clientTimestampMillis": 5})
    audio = encode(
        {":chunk-signature": "abc"}, sent("AudioInputEvent", {"audioChunk": "AP8=", "contentType": "audio/l16"})
    )
    end = encode({":chunk-signature": "abc"}, b"")
    assert await conversation(text + audio + sent("Unknown", {}) + end) == [
        {"TextInputEvent": {"text": "hi", "clientTimestampMillis": 5}},
        {"AudioInputEvent": {"audioChunk": b"\0\xff", "contentType": "audio/l16"}},
    ]


GOOD = sent("TextInputEvent", {"text": "hi"})


@pytest.mark.parametrize(
    "data",
    [
        GOOD[:-1],
        GOOD[:-1] + b"\0",
        b"\xff" * 100,
        GOOD[:8] + b"\0" + GOOD[9:],
        encode({":event-type": "TextInputEvent"}, b"["),
    ],
)
async def test_parse_refuses_a_broken_event(data: bytes) -> None:
    with pytest.raises(AwsError) as caught:
        await conversation(data)
    assert caught.value.code == "SerializationException"


async def test_encode_is_read_by_botocore() -> None:
    headers = {"name": "välue", ":event-type": "E"}
    buffer = EventStreamBuffer()
    buffer.add_data(encode(headers, b"payload"))
    message = next(buffer)
    assert (message.headers, message.payload) == (headers, b"payload")


async def test_decode_skips_headers_that_are_no_strings() -> None:
    whole = bytearray(encode({"a": "b", "x": "12345678"}, b"p"))
    whole[whole.index(b"\x01x") + 2] = 6  # its type: bytes
    whole[-4:] = crc32(whole[:-4]).to_bytes(4)
    found = [frame async for frame in decode(WholeBody(bytes(whole)))]
    assert [(dict(frame.headers), frame.payload) for frame in found] == [({"a": "b"}, b"p")]


async def test_decode_refuses_headers_that_break_off() -> None:
    whole = bytearray(encode({"a": "b"}, b""))
    whole[12] = 200  # the length of the name
    whole[-4:] = crc32(whole[:-4]).to_bytes(4)
    with pytest.raises(Malformed):
        [frame async for frame in decode(WholeBody(bytes(whole)))]
