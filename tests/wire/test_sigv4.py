"""Signatures, with botocore's signers as the oracle."""

import datetime
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import HmacV1Auth, HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clary.wire.body import WholeBody
from clary.wire.claim import Claim, read_claim, seconds
from clary.wire.dialect import JSON, QUERY, REST_JSON, Dialect
from clary.wire.errors import AwsError
from clary.wire.s3_dialect import S3
from clary.wire.sigv4 import Secret, Verifier
from clary.wire.types import HttpRequest

KEYS = Credentials("AKIDEXAMPLE", "secret/+=")
SECRET = Secret(KEYS.secret_key)
SESSION = Credentials("ASIAEXAMPLE", "other", "the/token==")
NOW = 1_790_000_000.0
EMPTY = hashlib.sha256(b"").hexdigest()

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0", exclude_categories=["Cs", "Cc"]), max_size=12)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True).map("x-test-".__add__)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make botocore sign at NOW."""
    then = datetime.datetime.fromtimestamp(NOW, datetime.UTC).replace(tzinfo=None)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: then)
    monkeypatch.setattr("botocore.auth.time.time", lambda: NOW)
    monkeypatch.setattr("botocore.auth.formatdate", lambda *_, **__: "Mon, 21 Sep 2026 14:13:20 GMT")


def signed(
    signer: Any, method: str = "GET", url: str = "http://127.0.0.1:4566/", headers: Any = None, body: bytes = b""
) -> HttpRequest:
    """Return a request that botocore signed, as it would arrive."""
    request = AWSRequest(method, url, headers=headers or {}, data=body)
    signer.add_auth(request)
    prepared = request.prepare()
    parts = urlsplit(prepared.url)
    arrived: dict[str, str] = {"host": parts.netloc}
    for name, value in prepared.headers.items():
        text = value if isinstance(value, str) else value.decode()
        arrived[name.lower()] = text.encode().decode("latin-1").strip()
    return HttpRequest(method, parts.path, parts.query, arrived, WholeBody(body))


async def verify(
    request: HttpRequest, dialect: Dialect = S3, secret: Secret | None = SECRET, now: float = NOW, **options: Any
) -> HttpRequest:
    claim = read_claim(request)
    assert claim is not None
    name = options.pop("signing_name", claim.service)
    return await Verifier().verify(
        request, claim, secret, dialect, signing_name=name, path=options.pop("path", None), now=now, limit=10**6
    )


async def refused(request: HttpRequest, dialect: Dialect = S3, **options: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await (await verify(request, dialect, **options)).body.read(10**6)
    return caught.value


def with_headers(request: HttpRequest, **headers: str) -> HttpRequest:
    changed = {**request.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return HttpRequest(request.method, request.path, request.query, changed, request.body)


urls = st.builds(
    lambda path, query: "http://127.0.0.1:4566/" + quote(path, safe="/~") + ("?" + query if query else ""),
    TEXT,
    st.lists(st.tuples(TEXT, TEXT), max_size=4).map(
        lambda pairs: "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    ),
)
requests = st.fixed_dictionaries({
    "method": st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    "url": urls,
    "headers": st.dictionaries(NAMES, PRINTABLE, max_size=4),
    "body": st.binary(max_size=50),
})  # fmt: skip
examples = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@examples
@given(requests)
async def test_s3_header_signature(request_: dict[str, Any]) -> None:
    request = signed(S3SigV4Auth(KEYS, "s3", "eu-west-1"), **request_)
    assert await (await verify(request)).body.read(100) == request_["body"]


@examples
@given(requests)
async def test_header_signature_of_other_services(request_: dict[str, Any]) -> None:
    request = signed(SigV4Auth(KEYS, "lambda", "eu-west-1"), **request_)
    assert await (await verify(request, REST_JSON)).body.read(100) == request_["body"]


@examples
@given(requests)
async def test_s3_presigned(request_: dict[str, Any]) -> None:
    request = signed(S3SigV4QueryAuth(KEYS, "s3", "eu-west-1", expires=60), **{**request_, "body": b""})
    await verify(request, now=NOW + 59)


@examples
@given(requests)
async def test_presigned_of_other_services(request_: dict[str, Any]) -> None:
    request = signed(SigV4QueryAuth(KEYS, "sts", "eu-west-1"), **{**request_, "method": "GET", "body": b""})
    await verify(request, QUERY)


@examples
@given(requests, st.sampled_from(["method", "path", "query", "header", "body", "signature", "secret"]))
async def test_any_change_is_found(request_: dict[str, Any], part: str) -> None:
    request = signed(S3SigV4Auth(KEYS, "s3", "eu-west-1"), **{**request_, "headers": {"x-test-a": "1"}})
    method, path, query, headers, body = request.method, request.path, request.query, dict(request.headers), b""
    secret = SECRET
    match part:
        case "method":
            method = "PATCH"
        case "path":
            path += "x"
        case "query":
            query += "&a=b"
        case "header":
            headers["x-test-a"] = "2"
        case "signature":
            digit = headers["authorization"][-1]
            headers["authorization"] = headers["authorization"][:-1] + ("0" if digit != "0" else "1")
        case "secret":
            secret = Secret("another")
        case "body":
            body = request_["body"] + b"x"
            headers["content-length"] = str(len(body))
    changed = HttpRequest(method, path, query, headers, WholeBody(body))
    error = await refused(changed, secret=secret)
    assert error.code == ("XAmzContentSHA256Mismatch" if part == "body" else "SignatureDoesNotMatch")


async def test_body_of_other_services_is_signed() -> None:
    request = signed(SigV4Auth(KEYS, "sagemaker", "eu-west-1"), "POST", body=b"{}")
    error = await refused(request.with_body(WholeBody(b"{ }")), JSON)
    assert (error.code, error.status) == ("InvalidSignatureException", 400)
    assert "The Canonical String for this request should have been\n'POST\n/\n" in error.message


@pytest.mark.parametrize("signer", [HmacV1QueryAuth, HmacV1Auth])
@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("credentials", [KEYS, SESSION])
async def test_s3_first_scheme(signer: Callable[..., Any], method: str, credentials: Credentials) -> None:
    headers = {"Content-Type": "text/plain", "x-amz-meta-a": "b"} if method == "PUT" else {}
    url = "http://127.0.0.1:4566/b/a%20k%2B?versionId=1%2B2&response-content-type=text%2Fx&other=1"
    request = signed(signer(credentials), method, url, headers)
    secret = Secret(credentials.secret_key, credentials.token or "")
    checked = await verify(request, secret=secret)
    assert {"x-amz-meta-a": "b", "content-type": "text/plain"}.items() <= checked.headers.items() or method == "GET"
    changed = HttpRequest(method, "/b/other", request.query, request.headers, request.body)
    assert (await refused(changed, secret=secret)).code == "SignatureDoesNotMatch"


async def test_s3_first_scheme_signs_the_bucket_in_the_host() -> None:
    request = signed(HmacV1QueryAuth(KEYS), "GET", "http://127.0.0.1:4566/b/k")
    virtual = HttpRequest("GET", "/k", request.query, {"host": "b.localhost"}, request.body)
    await verify(virtual, path="/b/k")
    assert (await refused(virtual)).code == "SignatureDoesNotMatch"


async def test_s3_first_scheme_expires() -> None:
    request = signed(HmacV1QueryAuth(KEYS, expires=10), "GET", "http://127.0.0.1:4566/b/k")
    error = await refused(request, now=NOW + 11)
    assert (error.code, error.message) == ("AccessDenied", "Request has expired")


def at(now: float) -> dict[str, float]:
    return {"now": now}


@pytest.mark.parametrize(
    ("dialect", "options", "code", "status"),
    [
        (S3, {"secret": None}, "InvalidAccessKeyId", 403),
        (JSON, {"secret": None}, "UnrecognizedClientException", 400),
        (REST_JSON, {"secret": None}, "UnrecognizedClientException", 403),
        (QUERY, {"secret": None}, "InvalidClientTokenId", 403),
        (S3, {"secret": Secret("s", "token")}, "InvalidAccessKeyId", 403),
        (S3, at(NOW + 901), "RequestTimeTooSkewed", 403),
        (S3, at(NOW - 901), "RequestTimeTooSkewed", 403),
        (JSON, at(NOW + 901), "InvalidSignatureException", 400),
        (QUERY, at(NOW - 901), "SignatureDoesNotMatch", 403),
        (JSON, {"signing_name": "sts"}, "InvalidSignatureException", 400),
    ],
)
async def test_refusals(dialect: Dialect, options: dict[str, Any], code: str, status: int) -> None:
    signer = S3SigV4Auth(KEYS, "s3", "eu-west-1") if dialect is S3 else SigV4Auth(KEYS, "iot", "eu-west-1")
    error = await refused(signed(signer), dialect, **options)
    assert (error.code, error.status) == (code, status)


async def test_skew_is_worded_as_aws_words_it() -> None:
    request = signed(SigV4Auth(KEYS, "sts", "eu-west-1"))
    late = await refused(request, QUERY, now=NOW + 1800)
    assert late.message == (
        "Signature expired: 20260921T141320Z is now earlier than 20260921T142820Z (20260921T144320Z - 15 min.)"
    )
    early = await refused(request, QUERY, now=NOW - 1800)
    assert early.message == (
        "Signature not yet current: 20260921T141320Z is still later than 20260921T135820Z (20260921T134320Z + 15 min.)"
    )


async def test_tokens() -> None:
    request = signed(S3SigV4Auth(SESSION, "s3", "eu-west-1"))
    await verify(request, secret=Secret("other", "the/token==", NOW + 1))
    assert (await refused(request, secret=Secret("other", "another"))).code == "InvalidToken"
    assert (await refused(request, secret=Secret("other"))).code == "InvalidToken"
    error = await refused(request, secret=Secret("other", "the/token==", NOW))
    assert (error.code, error.status, error.fields) == ("ExpiredToken", 400, {"Token-0": "the/token=="})


async def test_mismatch_on_s3_shows_what_was_to_be_signed() -> None:
    error = await refused(signed(S3SigV4Auth(KEYS, "s3", "eu-west-1")), secret=Secret("another"))
    fields = error.fields
    assert fields["CanonicalRequest"].startswith("GET\n/\n\nhost:127.0.0.1:4566\n")
    assert fields["StringToSign"].startswith("AWS4-HMAC-SHA256\n20260921T141320Z\n20260921/eu-west-1/s3/aws4_request\n")
    assert bytes.fromhex(fields["StringToSignBytes"]).decode() == fields["StringToSign"]
    assert fields["AWSAccessKeyId"] == "AKIDEXAMPLE"


async def test_s3_wants_amz_headers_signed() -> None:
    request = with_headers(signed(S3SigV4Auth(KEYS, "s3", "eu-west-1")), x_amz_acl="public-read")
    error = await refused(request)
    assert (error.code, error.fields) == ("AccessDenied", {"HeadersNotSigned": "x-amz-acl"})


async def test_presigned_parameters_become_headers() -> None:
    url = "http://127.0.0.1:4566/b/k?x-amz-checksum-crc32=AAAAAA%3D%3D"
    request = signed(S3SigV4QueryAuth(KEYS, "s3", "eu-west-1"), "PUT", url)
    headers = (await verify(request)).headers
    assert headers["x-amz-checksum-crc32"] == "AAAAAA=="
    assert "x-amz-credential" not in headers


@pytest.mark.parametrize(
    ("expires", "later", "message"),
    [
        (60, 61, "Request has expired"),
        (604801, 0, "X-Amz-Expires must be less than a week"),
        (-1, 0, "X-Amz-Expires must be non-negative"),
        ("soon", 0, "X-Amz-Expires should be a number"),
    ],
)
async def test_lifetime_of_presigned(expires: Any, later: float, message: str) -> None:
    request = signed(S3SigV4QueryAuth(KEYS, "s3", "eu-west-1", expires=expires), "GET", "http://h/b/k")
    error = await refused(request, now=NOW + later)
    assert error.message.startswith(message)
    assert error.code == ("AccessDenied" if later else "AuthorizationQueryParametersError")


V4 = "AWS4-HMAC-SHA256 "
CREDENTIAL = "Credential=AKIDEXAMPLE/20260921/eu-west-1/s3/aws4_request"


@pytest.mark.parametrize(
    ("authorization", "s3_code", "json_text"),
    [
        ("Basic abc", "InvalidArgument", "Unsupported AWS 'algorithm': 'Basic'"),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "InvalidArgument", "AWS4-ECDSA-P256-SHA256"),
        (V4 + f"{CREDENTIAL}, SignedHeaders=host", "AuthorizationHeaderMalformed", "requires 'Signature' parameter."),
        (V4, "AuthorizationHeaderMalformed", "Authorization header requires 'Credential' parameter."),
        (
            V4 + "Credential=a/b/c, SignedHeaders=host, Signature=0",
            "AuthorizationHeaderMalformed",
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b/c'",
        ),
        (
            V4 + f"{CREDENTIAL[:-1]}, SignedHeaders=host, Signature=0",
            "AuthorizationHeaderMalformed",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws4_reques'",
        ),
        (
            V4 + f"{CREDENTIAL}, SignedHeaders=x-amz-date, Signature=0",
            "AccessDenied",
            "'Host' or ':authority' must be a 'SignedHeader'",
        ),
        (V4 + f"{CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=é", "SignatureDoesNotMatch", "does not match"),
    ],
)
async def test_malformed_authorization(authorization: str, s3_code: str, json_text: str) -> None:
    headers = {"host": "h", "x-amz-date": "20260921T141320Z", "x-amz-content-sha256": EMPTY}
    headers["authorization"] = authorization
    request = HttpRequest("GET", "/", "", headers, WholeBody())
    assert (await refused(request)).code == s3_code
    assert json_text in (await refused(request, JSON)).message


@pytest.mark.parametrize("date", ["", "20260921", "20260921T250000Z", "2026-09-21T14:13:20Z", "²0260921T141320Z"])
async def test_unreadable_dates(date: str) -> None:
    request = with_headers(signed(S3SigV4Auth(KEYS, "s3", "eu-west-1")), x_amz_date=date)
    assert "valid Date or x-amz-date header" in (await refused(request)).message


async def test_date_header_stands_in_for_x_amz_date() -> None:
    request = signed(SigV4Auth(KEYS, "lambda", "eu-west-1"), headers={"Date": "whenever"})
    assert "x-amz-date" not in request.headers
    await verify(request, REST_JSON)


async def test_credential_of_another_day() -> None:
    request = signed(SigV4Auth(KEYS, "lambda", "eu-west-1"))
    text = request.headers["authorization"].replace("/20260921/", "/20260920/")
    error = await refused(with_headers(request, authorization=text), REST_JSON)
    assert "'20260920' != '20260921', from '20260921T141320Z'" in error.message


async def test_payload_hash_that_is_none() -> None:
    request = with_headers(signed(S3SigV4Auth(KEYS, "s3", "eu-west-1")), x_amz_content_sha256="nonsense")
    error = await refused(request)
    assert (error.code, error.fields["ArgumentValue"]) == ("InvalidArgument", "nonsense")


def test_unsigned_requests_make_no_claim() -> None:
    for headers in ({"host": "h"}, {"host": "h", "authorization": ""}):
        assert read_claim(HttpRequest("GET", "/", "x=1", headers, WholeBody())) is None


@pytest.mark.parametrize("authorization", ["AWS HAHAHA", "AWS :x", "AWS x:", "AWS "])
async def test_s3_first_scheme_malformed(authorization: str) -> None:
    headers = {"host": "h", "date": "Mon, 21 Sep 2026 14:13:20 GMT", "authorization": authorization}
    assert (await refused(HttpRequest("GET", "/", "", headers, WholeBody()))).code == "InvalidArgument"


@settings(deadline=None)
@given(st.text(max_size=60), st.text(st.characters(max_codepoint=126, min_codepoint=33), max_size=60))
async def test_nothing_that_a_client_writes_is_a_fault_of_ours(text: str, query: str) -> None:
    headers = {"host": "h", "authorization": V4 + text.encode().decode("latin-1"), "x-amz-date": text}
    for request in (
        HttpRequest("GET", "/", query, headers, WholeBody()),
        HttpRequest("GET", "/", f"X-Amz-Signature=1&X-Amz-Algorithm={query}", {"host": "h"}, WholeBody()),
        HttpRequest("GET", "/", f"AWSAccessKeyId=a&Signature=b&Expires={query}", {"host": "h"}, WholeBody()),
    ):
        for dialect in (S3, JSON, QUERY):
            assert (await refused(request, dialect)).status < 500


def test_seconds() -> None:
    assert seconds("20260921T141320Z") == NOW
    assert seconds("20260921T141320") is None


def test_claim_reads_both_forms_alike() -> None:
    header = read_claim(signed(S3SigV4Auth(SESSION, "s3", "eu-west-1")))
    query = read_claim(signed(S3SigV4QueryAuth(SESSION, "s3", "eu-west-1")))
    assert isinstance(header, Claim)
    assert isinstance(query, Claim)
    for name in ("access_key", "date", "region", "service", "timestamp", "token"):
        assert getattr(header, name) == getattr(query, name)
