"""What browsers ask for and get, by a bucket's CORS configuration."""

from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from urllib3 import BaseHTTPResponse

from clary.services.s3.cors import sharing
from clary.testing import Server

Raw = Callable[..., BaseHTTPResponse]
Refused = Callable[..., dict[str, Any]]

RULES: list[dict[str, Any]] = [
    {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3000,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
]


@pytest.fixture
def shared(s3: Any, bucket: str) -> str:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": RULES})
    return bucket


@pytest.mark.parametrize(
    ("origin", "method", "asked", "allowed"),
    [
        ("https://www.example.com", "PUT", ["x-amz-date", "content-type"], "https://www.example.com"),
        ("https://www.example.com", "PUT", ["authorization"], None),
        ("https://www.example.com", "DELETE", [], None),
        ("https://example.com", "PUT", [], None),
        ("https://else.where", "GET", [], "*"),
        ("https://else.where", "GET", ["x-amz-date"], None),
        ("https://[a].example.com", "GET", [], "https://[a].example.com"),
    ],
)
def test_sharing_takes_the_first_rule_that_fits(
    origin: str, method: str, asked: list[str], allowed: str | None
) -> None:
    assert dict(sharing(RULES, origin, method, asked)).get("Access-Control-Allow-Origin") == allowed


def test_preflight_needs_no_signature(s3_server: Server, shared: str) -> None:
    asks = {
        "Origin": "https://www.example.com",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "X-Amz-Date, content-type",
    }
    answer = urllib3.request("OPTIONS", f"{s3_server.endpoint_url}/{shared}/some/key", headers=asks)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, GET"
    assert answer.headers["Access-Control-Allow-Headers"] == "x-amz-date, content-type"
    assert answer.headers["Access-Control-Max-Age"] == "3000"
    asks["Access-Control-Request-Method"] = "DELETE"
    answer = urllib3.request("OPTIONS", f"{s3_server.endpoint_url}/{shared}/some/key", headers=asks)
    assert (answer.status, b"<Code>AccessForbidden</Code>" in answer.data) == (403, True)


@pytest.mark.parametrize(("asks", "status"), [({}, 400), ({"Origin": "https://a.b"}, 400)])
def test_preflight_that_asks_nothing(s3_server: Server, shared: str, asks: dict[str, str], status: int) -> None:
    assert urllib3.request("OPTIONS", f"{s3_server.endpoint_url}/{shared}/k", headers=asks).status == status


def test_preflight_of_a_bucket_without_rules(s3_server: Server, bucket: str) -> None:
    asks = {"Origin": "https://a.b", "Access-Control-Request-Method": "GET"}
    assert urllib3.request("OPTIONS", f"{s3_server.endpoint_url}/{bucket}/k", headers=asks).status == 403


def test_responses_are_shared_with_the_origin(raw: Raw, shared: str) -> None:
    put = raw("PUT", f"/{shared}/k", b"x", Origin="https://www.example.com")
    assert put.headers["Access-Control-Allow-Origin"] == "https://www.example.com"
    assert put.headers["Access-Control-Expose-Headers"] == "ETag"
    assert raw("GET", f"/{shared}/none", Origin="https://a.b").headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in raw("GET", f"/{shared}/k").headers


def test_put_bucket_cors_replaces(s3: Any, shared: str, refused: Refused) -> None:
    assert s3.get_bucket_cors(Bucket=shared)["CORSRules"] == RULES
    s3.delete_bucket_cors(Bucket=shared)
    error = refused(s3.get_bucket_cors, Bucket=shared)
    assert (error["Status"], error["Code"]) == (404, "NoSuchCORSConfiguration")


@pytest.mark.parametrize(
    "rule",
    [
        {"AllowedOrigins": ["*"], "AllowedMethods": ["PATCH"]},
        {"AllowedOrigins": ["*.*"], "AllowedMethods": ["GET"]},
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*-*"]},
    ],
)
def test_put_bucket_cors_refuses(s3: Any, bucket: str, refused: Refused, rule: dict[str, Any]) -> None:
    error = refused(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    assert (error["Status"], error["Code"]) == (400, "InvalidRequest")
