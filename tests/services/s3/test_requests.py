"""Requests that no SDK makes."""

import hashlib
import hmac
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as Xml

import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from urllib3 import BaseHTTPResponse

from clary.testing import Server

Raw = Callable[..., BaseHTTPResponse]
Refused = Callable[..., dict[str, Any]]

EMPTY = hashlib.sha256().hexdigest()
SCOPE = ("us-east-1", "s3", "aws4_request")


def code(response: BaseHTTPResponse) -> str | None:
    return Xml.fromstring(response.data).findtext("Code")


def ask(url: str, head: str, body: bytes = b"") -> bytes:
    """Send a PUT with these headers to a presigned URL and return all of the answer."""
    parts = urlsplit(url)
    request = f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{head}\r\n"
    with socket.create_connection((parts.hostname, parts.port), 10) as client:
        client.sendall(request.encode() + body)
        return b"".join(iter(lambda: client.recv(65536), b""))


def test_put_object_without_a_length(signer: Any, bucket: str) -> None:
    url = signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    answer = ask(url, "")
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert b"<Code>MissingContentLength</Code>" in answer
    assert ask(url, "Content-Length: 0\r\n").startswith(b"HTTP/1.1 200 ")


def test_put_object_that_is_longer_than_it_says(s3: Any, signer: Any, bucket: str) -> None:
    url = signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    answer = ask(url, "Content-Length: 3\r\n", b"abcPUT / HTTP/1.1\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"abc"


@pytest.mark.parametrize("location", ["elsewhere", "ftp://elsewhere"])
def test_put_object_with_a_redirect_to_nowhere(s3: Any, bucket: str, refused: Refused, location: str) -> None:
    error = refused(s3.put_object, Bucket=bucket, Key="k", WebsiteRedirectLocation=location)
    assert error["Code"] == "InvalidRedirectLocation"


@pytest.mark.parametrize(
    ("old", "new"), [("/k?", "/other?"), ("X-Amz-Expires=60", "X-Amz-Expires=61"), ("%2Fcsv", "%2Fhtml")]
)
def test_presigned_url_that_was_altered(s3: Any, signer: Any, bucket: str, old: str, new: str) -> None:
    for key in ("k", "other"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    named = {"Bucket": bucket, "Key": "k", "ResponseContentType": "text/csv"}
    url = signer.generate_presigned_url("get_object", named, ExpiresIn=60)
    assert urllib3.request("GET", url).status == 200
    response = urllib3.request("GET", url.replace(old, new))
    assert (response.status, code(response)) == (403, "SignatureDoesNotMatch")


def signed_chunks(server: Server, path: str, chunks: list[bytes], altered: int | None) -> BaseHTTPResponse:
    """Put an object in signed chunks (SigV4 streaming), where the bytes of one are altered once it is signed."""
    settings = server.settings
    length = str(sum(map(len, chunks)))
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": length}
    request = AWSRequest("PUT", server.endpoint_url + path, headers, b"")
    request.headers["X-Amz-Content-SHA256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    auth = S3SigV4Auth(Credentials(settings.access_key_id, settings.secret_access_key), "s3", settings.region)
    auth.payload = lambda _: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    auth.add_auth(request)
    time = request.headers["X-Amz-Date"]
    key = f"AWS4{settings.secret_access_key}".encode()
    for part in (time[:8], *SCOPE):
        key = hmac.digest(key, part.encode(), "sha256")
    before = request.headers["Authorization"].rpartition("=")[2]
    body = b""
    for number, chunk in enumerate([*chunks, b""]):
        scope, digest = "/".join((time[:8], *SCOPE)), hashlib.sha256(chunk).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256-PAYLOAD", time, scope, before, EMPTY, digest))
        before = hmac.digest(key, text.encode(), "sha256").hex()
        sent = chunk[::-1] if number == altered else chunk
        body += f"{len(chunk):x};chunk-signature={before}\r\n".encode() + sent + b"\r\n"
    return urllib3.request("PUT", request.url, body=body, headers=dict(request.headers))


@pytest.mark.parametrize("size", [10, 200_000])
def test_put_object_in_chunks_of_which_one_was_altered(s3: Any, s3_server: Server, bucket: str, size: int) -> None:
    chunks = [b"ab" * size, b"cd" * size]
    assert signed_chunks(s3_server, f"/{bucket}/k", chunks, None).status == 200
    response = signed_chunks(s3_server, f"/{bucket}/k", [b"xy" * size] * 2, 1)
    assert (response.status, code(response)) == (403, "SignatureDoesNotMatch")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(chunks)


ENTITIES = b'<!DOCTYPE t [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "body",
    [
        ENTITIES + b"<Tagging><TagSet><Tag><Key>&b;</Key><Value>v</Value></Tag></TagSet></Tagging>",
        b'<!DOCTYPE t [<!ENTITY f SYSTEM "file:///etc/passwd">]><Tagging><TagSet>&f;</TagSet></Tagging>',
        b"<Tagging>" * 10_000,
        b"<Tagging><TagSet>",
        b"{}",
        bytes(range(256)),
        b"",
    ],
)
def test_document_that_is_none_or_a_bomb(s3: Any, raw: Raw, bucket: str, body: bytes) -> None:
    s3.put_object(Bucket=bucket, Key="k", Tagging="a=b")
    response = raw("PUT", f"/{bucket}/k?tagging", body)
    assert (response.status, code(response)) == (400, "MalformedXML")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]


def test_complete_more_parts_than_there_can_be(s3: Any, bucket: str, refused: Refused) -> None:
    named = {"Bucket": bucket, "Key": "k"}
    named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
    parts = [{"PartNumber": number, "ETag": "0" * 32} for number in range(1, 10_002)]
    error = refused(s3.complete_multipart_upload, **named, MultipartUpload={"Parts": parts})
    assert (error["Status"], error["Code"]) == (400, "InvalidPart")
