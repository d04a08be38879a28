"""Who am I, and sessions: what they may do, how long they last, and how they end."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.services.refusal import refused

from clary.testing import FakeClock, Server

ROLE = "arn:aws:iam::000000000000:role/service-role/ClaryExecutionRole"

Clients = Callable[..., Any]


@pytest.fixture
def sts(client: Clients) -> Any:
    return client("sts")


def signing(credentials: dict[str, Any]) -> dict[str, str]:
    """Spell credentials of STS as boto3 takes them."""
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def assumed(sts: Any, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = sts.assume_role(**{"RoleArn": ROLE, "RoleSessionName": "run-1"} | params)
    return answer


def test_caller_identity_of_root(sts: Any) -> None:
    identity = sts.get_caller_identity()
    assert [identity[name] for name in ("UserId", "Account", "Arn")] == [
        "000000000000",
        "000000000000",
        "arn:aws:iam::000000000000:root",
    ]


def test_assume_role_gives_credentials_that_sign(client: Clients, sts: Any, clock: FakeClock) -> None:
    answer = assumed(sts)
    arn = "arn:aws:sts::000000000000:assumed-role/ClaryExecutionRole/run-1"
    role_id = client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["RoleId"]
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:run-1", "Arn": arn}
    assert abs(answer["Credentials"]["Expiration"].timestamp() - clock.now() - 3600) < 60
    identity = client("sts", **signing(answer["Credentials"])).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (arn, f"{role_id}:run-1")


def test_session_ends_when_its_time_is_over(client: Clients, sts: Any, clock: FakeClock) -> None:
    session = client("sts", **signing(assumed(sts, DurationSeconds=900)["Credentials"]))
    clock.advance(880)
    session.get_caller_identity()
    clock.advance(30)
    assert refused(session.get_caller_identity)[0] == "ExpiredToken"


def test_session_survives_a_restart(tmp_path: Path) -> None:
    with Server(tmp_path) as first:
        credentials = signing(assumed(first.client("sts"))["Credentials"])
    with Server(tmp_path) as second:
        assert second.client("sts", **credentials).get_caller_identity()["Arn"].endswith("/run-1")


def test_altered_credentials_sign_nothing(client: Clients, sts: Any) -> None:
    good = signing(assumed(sts)["Credentials"])
    token = good["aws_session_token"]
    wrong_secret = good | {"aws_secret_access_key": "x" * 40}
    assert refused(client("sts", **wrong_secret).get_caller_identity)[0] == "SignatureDoesNotMatch"
    for altered in (token[:-2], token[:-1] + ("A" if token[-1] != "A" else "B"), "x" * 100):
        wrong = client("sts", **good | {"aws_session_token": altered})
        assert refused(wrong.get_caller_identity)[0] == "InvalidClientTokenId"


@pytest.mark.parametrize("name", ["Nobody", "ClaryExecutionRole"])
def test_assume_role_that_is_not_there(sts: Any, name: str) -> None:
    arn = f"arn:aws:iam::000000000000:role/{name}"
    text = f"User: arn:aws:iam::000000000000:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert refused(assumed, sts=sts, RoleArn=arn) == ("AccessDenied", text)


def test_assume_role_of_another_account(sts: Any) -> None:
    arn = "arn:aws:iam::999999999999:role/Nobody"
    assert refused(assumed, sts=sts, RoleArn=arn)[0] == "AccessDenied"


@pytest.mark.parametrize("arn", ["arn:aws:iam::000000000000:user/ada", "arn:aws:s3:::bucket-of-twenty", "x" * 20])
def test_assume_role_of_something_else(sts: Any, arn: str) -> None:
    assert refused(assumed, sts=sts, RoleArn=arn) == ("ValidationError", f"{arn} is invalid")


def test_assume_role_no_longer_than_the_role_allows(client: Clients, sts: Any) -> None:
    client("iam").update_role(RoleName="ClaryExecutionRole", MaxSessionDuration=7200)
    assumed(sts, DurationSeconds=7200)
    answer = refused(assumed, sts=sts, DurationSeconds=7201)
    text = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert answer == ("ValidationError", text)


def test_role_chaining_lasts_an_hour_at_most(client: Clients, sts: Any) -> None:
    chained = client("sts", **signing(assumed(sts)["Credentials"]))
    assumed(chained, DurationSeconds=3600)
    code, text = refused(assumed, sts=chained, DurationSeconds=3601)
    assert (code, "role chaining" in text) == ("ValidationError", True)


def test_assume_role_with_policy_and_tags(sts: Any) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": []})
    tags = [{"Key": "team", "Value": "ml"}]
    answer = assumed(sts, Policy=policy, Tags=tags, TransitiveTagKeys=["team"], SourceIdentity="ada")
    assert 0 < answer["PackedPolicySize"] <= 100
    assert answer["SourceIdentity"] == "ada"
    assert refused(assumed, sts=sts, Policy="{")[0] == "MalformedPolicyDocument"
    assert refused(assumed, sts=sts, Tags=tags * 2)[0] == "InvalidParameterValue"
    assert refused(assumed, sts=sts, TransitiveTagKeys=["none"])[0] == "InvalidParameterValue"


def test_assume_role_with_more_tags_than_there_is_room_for(sts: Any) -> None:
    letters = random.Random(0)
    tags = [{"Key": str(number), "Value": letters.randbytes(120).hex()} for number in range(50)]
    code, text = refused(assumed, sts=sts, Tags=tags)
    assert (code, text.split("%")[1]) == ("PackedPolicyTooLarge", " of allotted space, please use smaller policy.")


def test_get_session_token_keeps_the_identity(client: Clients, sts: Any, clock: FakeClock) -> None:
    credentials = sts.get_session_token(DurationSeconds=7200)["Credentials"]
    assert abs(credentials["Expiration"].timestamp() - clock.now() - 3600) < 60, "root gets an hour"
    identity = client("sts", **signing(credentials)).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:root"


def test_get_session_token_of_a_user(client: Clients, clock: FakeClock) -> None:
    iam = client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    secret = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    credentials = client("sts", **secret).get_session_token()["Credentials"]
    assert abs(credentials["Expiration"].timestamp() - clock.now() - 12 * 3600) < 60
    identity = client("sts", **signing(credentials)).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::000000000000:user/ada"


def test_get_session_token_of_a_role(client: Clients, sts: Any) -> None:
    session = client("sts", **signing(assumed(sts)["Credentials"]))
    answer = refused(session.get_session_token)
    assert answer == ("AccessDenied", "Cannot call GetSessionToken with session credentials")


def test_get_access_key_info(sts: Any) -> None:
    key = assumed(sts)["Credentials"]["AccessKeyId"]
    assert sts.get_access_key_info(AccessKeyId=key)["Account"] == "000000000000"
    assert refused(sts.get_access_key_info, AccessKeyId="x" * 20)[0] == "ValidationError"


def test_operation_that_is_not_there(sts: Any) -> None:
    with pytest.raises(Exception, match="does not implement DecodeAuthorizationMessage"):
        sts.decode_authorization_message(EncodedMessage="x")
