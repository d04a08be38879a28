"""One server for all of S3's tests: each has a bucket of its own."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from urllib3 import BaseHTTPResponse

from clary.testing import Server

_NUMBERS = itertools.count()


class _Signer(S3SigV4Auth):  # type: ignore[misc]  # botocore has no types
    declared: str | None = None

    def payload(self, request: AWSRequest) -> str:
        hashed: str = super().payload(request)
        return self.declared or hashed


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("s3") / "clary") as running:
        yield running


@pytest.fixture(scope="session")
def s3(s3_server: Server) -> Any:
    return s3_server.client("s3", config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="session")
def signer(s3_server: Server) -> Any:
    """Return a client that presigns with signature version 4."""
    return s3_server.client("s3", config=Config(signature_version="s3v4"))


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"bucket-{next(_NUMBERS)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="session")
def raw(s3_server: Server) -> Callable[..., BaseHTTPResponse]:
    """Return a function that signs and sends a request as it is: what boto3 would refuse, or would put right."""
    settings = s3_server.settings
    signer = _Signer(Credentials(settings.access_key_id, settings.secret_access_key), "s3", settings.region)
    pool = urllib3.PoolManager(retries=False)

    def send(method: str, path: str, data: bytes = b"", **headers: str) -> BaseHTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = AWSRequest(method, s3_server.endpoint_url + path, named, data)
        signer.declared = named.get("x-amz-content-sha256")
        signer.add_auth(request)
        sent = {name: value.encode().decode("latin-1") for name, value in request.headers.items()}
        return pool.request(method, request.url, body=data, headers=sent)

    return send


@pytest.fixture
def refused() -> Callable[..., dict[str, Any]]:
    """Return a function that makes a call which must fail, and returns the error with its status as `Status`."""

    def call(operation: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as raised:
            operation(**arguments)
        response = raised.value.response
        return {**response["Error"], "Status": response["ResponseMetadata"]["HTTPStatusCode"]}

    return call
