"""The way of a request as a client sees it: what is let in, what is refused and how."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError

from clary.testing import FakeClock, Server

CALLS = [
    ("s3", "list_buckets"),
    ("sts", "get_caller_identity"),
    ("sagemaker", "list_models"),
    ("logs", "describe_log_groups"),
]


def code(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_health_is_answered_without_a_signature(server: Server) -> None:
    with urllib.request.urlopen(f"{server.endpoint_url}/_clary/health") as answer:
        assert answer.status == 200
        assert json.load(answer)["status"] == "ok"


@pytest.mark.parametrize(("service", "method"), CALLS)
def test_unsigned_request_is_refused(client: Callable[..., Any], service: str, method: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(client(service, config=Config(signature_version=UNSIGNED)), method)()
    assert code(error) in {
        ("AccessDenied", 403),
        ("MissingAuthenticationToken", 403),
        ("MissingAuthenticationTokenException", 400),
    }


@pytest.mark.parametrize(
    ("service", "method", "expected"),
    [
        ("s3", "list_buckets", ("SignatureDoesNotMatch", 403)),
        ("sts", "get_caller_identity", ("SignatureDoesNotMatch", 403)),
        ("sagemaker", "list_models", ("InvalidSignatureException", 400)),
    ],
)
def test_wrong_secret_is_refused(
    client: Callable[..., Any], service: str, method: str, expected: tuple[str, int]
) -> None:
    with pytest.raises(ClientError) as error:
        getattr(client(service, aws_secret_access_key="not-the-secret"), method)()
    assert code(error) == expected


def test_unknown_access_key_is_refused(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError) as error:
        client("s3", aws_access_key_id="AKIAIOSFODNN7EXAMPLE").list_buckets()
    assert code(error) == ("InvalidAccessKeyId", 403)


def test_session_token_that_was_altered_is_refused(client: Callable[..., Any]) -> None:
    made = client("sts").get_session_token()["Credentials"]
    with pytest.raises(ClientError) as error:
        client(
            "sagemaker",
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"][:-4] + "AAAA",
        ).list_models()
    assert code(error) == ("UnrecognizedClientException", 400)


def test_session_is_refused_once_it_is_over(client: Callable[..., Any], clock: FakeClock) -> None:
    made = client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    session = client(
        "sts",
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
    session.get_caller_identity()
    clock.advance(901)
    with pytest.raises(ClientError) as error:
        session.get_caller_identity()
    assert code(error) == ("ExpiredToken", 403)


def test_skewed_clock_is_refused(server: Server, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # boto3 goes by the machine's clock again, the server by one that is an hour ahead
    clock.advance(3600)
    with pytest.raises(ClientError) as error:
        server.client("s3", config=Config(retries={"max_attempts": 0})).list_buckets()
    assert code(error) == ("RequestTimeTooSkewed", 403)


def test_service_that_is_not_there_is_not_implemented(client: Callable[..., Any]) -> None:
    with pytest.raises(ClientError) as error:
        client("quicksight", config=Config(retries={"max_attempts": 0})).list_dashboards(AwsAccountId="000000000000")
    assert code(error) == ("NotImplemented", 501)


def test_operation_that_does_not_exist_is_named(server: Server) -> None:
    headers = {"X-Amz-Target": "SageMaker.MakeCoffee", "Content-Type": "application/x-amz-json-1.1"}
    request = urllib.request.Request(server.endpoint_url, b"{}", headers)
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    with error.value as answer:
        assert answer.code == 404
        assert "MakeCoffee" in json.load(answer)["message"]


def test_answers_carry_request_ids(client: Callable[..., Any]) -> None:
    first, second = (client("sts").get_caller_identity()["ResponseMetadata"]["RequestId"] for _ in range(2))
    assert first
    assert first != second
    assert client("s3").list_buckets()["ResponseMetadata"]["HostId"]
