"""POST uploads with boto3's presigned forms, sent as browsers send them."""

import base64
import json
import os
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
import urllib3
from urllib3 import BaseHTTPResponse

from clary.services.s3.post_policy import check_policy
from clary.wire.body import WholeBody
from clary.wire.errors import AwsError
from clary.wire.form import read_form


def post(url: str, fields: dict[str, str], data: bytes | None = b"data", name: str = "a b.txt") -> BaseHTTPResponse:
    parts: dict[str, Any] = {**fields}
    if data is not None:
        parts["file"] = (name, data)
    return urllib3.request("POST", url, fields=parts, redirect=False)


def code(response: BaseHTTPResponse) -> str | None:
    return Xml.fromstring(response.data).findtext("Code")


@pytest.fixture(params=["signer", "s3"])
def presign(request: pytest.FixtureRequest, bucket: str) -> Callable[..., Any]:
    """Return a function that makes a form: its URL and its fields, by either version of the signature."""
    client = request.getfixturevalue(request.param)

    def make(key: str = "k", **arguments: Any) -> Any:
        form = client.generate_presigned_post(bucket, key, **arguments)
        return form["url"], form["fields"]

    return make


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_form_puts_its_file(s3: Any, bucket: str, presign: Callable[..., Any], size: int) -> None:
    data = os.urandom(size)
    extra = {"Content-Type": "text/plain", "x-amz-meta-name": "value"}
    url, fields = presign("dir/${filename}", Fields=extra, Conditions=[extra, ["starts-with", "$key", "dir/"]])
    answer = post(url, fields, data)
    assert (answer.status, answer.data) == (204, b"")
    got = s3.get_object(Bucket=bucket, Key="dir/a b.txt")
    assert (got["Body"].read(), got["ETag"]) == (data, answer.headers["ETag"])
    assert (got["ContentType"], got["Metadata"]) == ("text/plain", {"name": "value"})


def test_form_names_its_answer(presign: Callable[..., Any], bucket: str) -> None:
    wanted = {"success_action_status": "201"}
    answer = post(*presign(Fields=wanted, Conditions=[wanted]))
    assert (answer.status, Xml.fromstring(answer.data).findtext("Key")) == (201, "k")
    wanted = {"success_action_redirect": "https://example.com/done?a=1"}
    answer = post(*presign(Fields=wanted, Conditions=[wanted]))
    assert answer.status == 303
    assert answer.headers["Location"].startswith(f"https://example.com/done?a=1&bucket={bucket}&key=k&etag=%22")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"key": "other"}, 403, "AccessDenied"),
        ({"x-amz-meta-more": "1"}, 403, "AccessDenied"),
        ({"policy": base64.b64encode(b"{}").decode()}, 403, "SignatureDoesNotMatch"),
        ({"x-ignore-this": "1"}, 204, None),
    ],
)
def test_form_that_was_altered(
    s3: Any, bucket: str, presign: Callable[..., Any], changes: dict[str, str], status: int, error: str | None
) -> None:
    url, fields = presign()
    answer = post(url, fields | changes)
    assert (answer.status, code(answer) if answer.data else None) == (status, error)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == int(error is None)


@pytest.mark.parametrize(
    ("size", "error"), [(4, "EntityTooSmall"), (5, None), (100_000, None), (100_001, "EntityTooLarge")]
)
def test_form_with_bounds(s3: Any, bucket: str, presign: Callable[..., Any], size: int, error: str | None) -> None:
    url, fields = presign(Conditions=[["content-length-range", 5, 100_000]])
    answer = post(url, fields, b"x" * size)
    assert (code(answer) if answer.data else None) == error
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == int(error is None)


@pytest.mark.parametrize(("missing", "error"), [("key", "InvalidArgument"), ("policy", "InvalidArgument")])
def test_form_without_a_field(presign: Callable[..., Any], missing: str, error: str) -> None:
    url, fields = presign()
    del fields[missing]
    assert code(post(url, fields)) == error


def test_form_without_a_file_or_a_signature(presign: Callable[..., Any]) -> None:
    url, fields = presign()
    assert code(post(url, fields, None)) == "InvalidArgument"
    assert code(post(url, {"key": "k"})) == "AccessDenied"


def test_form_that_has_expired(presign: Callable[..., Any]) -> None:
    answer = post(*presign(ExpiresIn=-1))
    assert (answer.status, code(answer)) == (403, "AccessDenied")


def encoded(*conditions: Any, expiration: Any = "2030-01-01T00:00:00Z") -> str:
    return base64.b64encode(json.dumps({"expiration": expiration, "conditions": conditions}).encode()).decode()


@pytest.mark.parametrize(
    "policy",
    [
        "?",
        base64.b64encode(b"[]").decode(),
        encoded(expiration=None),
        encoded(expiration="soon"),
        encoded(["eq", "key", "k"]),
        encoded(["like", "$key", "k"]),
        encoded(["content-length-range", "a", 1]),
        encoded("key"),
    ],
)
def test_check_policy_refuses_what_is_none(policy: str) -> None:
    with pytest.raises(AwsError, match="InvalidPolicyDocument"):
        check_policy(policy, {}, 0)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_read_form_however_it_is_cut(size: int) -> None:
    data = os.urandom(500) + b"\r\n--bound" + os.urandom(500)
    form = b'--boundary\r\nContent-Disposition: form-data; name="Key"\r\n\r\nvalue\r\n--boundary\r\n'
    form += b'Content-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: a/b\r\n\r\n'
    form += data + b"\r\n--boundary--\r\n"

    class Cut(WholeBody):
        async def __aiter__(self) -> Any:
            for start in range(0, len(form), size):
                yield form[start : start + size]

    read = await read_form(Cut(), 'multipart/form-data; boundary="boundary"')
    assert (read.fields, read.file_name, await read.read(2000)) == ({"key": "value"}, "f", data)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--boundary",
        b"--boundary\r\nContent-Disposition: form-data; name=a",
        b"--boundary\r\n\r\n\xff\r\n--boundary--",
        b"--boundary\r\n" + b"x" * 10_000,
    ],
)
async def test_read_form_malformed(body: bytes) -> None:
    with pytest.raises(AwsError, match="MalformedPOSTRequest"):
        await read_form(WholeBody(body), "multipart/form-data; boundary=boundary")


async def test_read_form_fields_too_long() -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"x" * 30_000 + b"\r\n--b--"
    with pytest.raises(AwsError, match="MaxPostPreDataLengthExceeded"):
        await read_form(WholeBody(body), "multipart/form-data; boundary=b")
