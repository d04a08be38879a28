"""Temporary credentials: what was issued opens again, and nothing else does."""

import base64
import re

import pytest

from clary.services._base.credentials import Session, TokenSealer, account_of, new_access_key_id
from clary.services._base.principal import Principal, PrincipalKind
from clary.wire.errors import AwsError

ROLE = Principal(
    PrincipalKind.ROLE,
    "000123456789",
    "arn:aws:sts::000123456789:assumed-role/Trainer/run-1",
    "AROAEXAMPLE:run-1",
    "arn:aws:iam::000123456789:role/deep/Trainer",
)
SEALER = TokenSealer(b"k" * 32)
SESSION = Session(ROLE, 1000.0, 4600.0, '{"Version":"2012-10-17"}', ("arn:p",), {"team": "é"}, ("team",), "ada")


def test_issue_gives_the_forms_of_aws() -> None:
    issued = SEALER.issue(SESSION)
    assert re.fullmatch(r"ASIA[A-Z2-7]{16}", issued.access_key_id)
    assert re.fullmatch(r"[A-Za-z0-9/+]{40}", issued.secret_access_key)
    assert issued.expires == 4600.0


def test_open_after_a_restart_gives_secret_and_session() -> None:
    issued = SEALER.issue(SESSION)
    restarted = TokenSealer(b"k" * 32)
    assert restarted.open(issued.access_key_id, issued.session_token) == (issued.secret_access_key, SESSION)


def test_issue_twice_gives_different_secrets() -> None:
    assert SEALER.issue(SESSION).secret_access_key != SEALER.issue(SESSION).secret_access_key


def test_open_every_altered_byte_is_refused() -> None:
    issued = SEALER.issue(SESSION)
    sealed = base64.urlsafe_b64decode(issued.session_token + "=" * (-len(issued.session_token) % 4))
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(AwsError, match="InvalidClientTokenId"):
            SEALER.open(issued.access_key_id, base64.urlsafe_b64encode(altered).decode().rstrip("="))


@pytest.mark.parametrize("token", ["", "x", "ключ", "!!!!", "A" * 43, "A" * 10_000])
def test_open_garbage_is_refused(token: str) -> None:
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        SEALER.open("ASIAQAAAAAAAAAAAAAAA", token)


def test_open_token_of_another_key_or_another_master_is_refused() -> None:
    issued, other = SEALER.issue(SESSION), SEALER.issue(SESSION)
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        SEALER.open(other.access_key_id, issued.session_token)
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        TokenSealer(b"j" * 32).open(issued.access_key_id, issued.session_token)


def test_cache_stays_bounded() -> None:
    sealer = TokenSealer(b"k" * 32)
    first = sealer.issue(SESSION)
    for issued in [first] + [sealer.issue(SESSION) for _ in range(4200)]:
        sealer.open(issued.access_key_id, issued.session_token)
    assert len(sealer._opened) == 4096
    assert sealer.open(first.access_key_id, first.session_token)[1] == SESSION


@pytest.mark.parametrize("account", ["000000000000", "000123456789", "999999999999"])
def test_access_key_id_names_its_account(account: str) -> None:
    assert account_of(new_access_key_id("AKIA", account)) == account


@pytest.mark.parametrize("text", ["", "AKIA", "AKIA0000000000000000", "x" * 20, "AKIAIOSFODNN7EXAMPLEX"])
def test_account_of_no_access_key_id_raises(text: str) -> None:
    with pytest.raises(ValueError, match=r"form|Non-base32"):
        account_of(text)


def test_master_key_too_short_raises() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        TokenSealer(b"short")
