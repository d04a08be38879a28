"""Credentials that are proved, not looked up.

A session's secret and token are derived from one master key by HMAC-SHA256: the token carries the sealed session,
and the secret follows from the token. Issuing one writes nothing, so it costs microseconds, survives restarts, and
every server that holds the master key accepts it. A user's long-term secret is derived from its access key id in the
same way, so the database holds no secret at all; whether the key is there and active stands in IAM's records.

An access key id names its account as AWS's do since 2019: the sixteen characters after the prefix are base32, and
bits 1 to 40 of their first six bytes are the account's number.
"""

import base64
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clary.services._base.principal import Principal, PrincipalKind
from clary.state.store import Store
from clary.wire.errors import AwsError

#: The region that global services keep their records under: IAM has one scope for each account.
GLOBAL_REGION = "aws-global"
ACCESS_KEY_KIND = "access-key"
USER_KIND = "user"

_MAC_BYTES = 32
_CACHED_TOKENS = 4096
_ACCOUNT_SHIFT = 7
_ACCOUNT_MASK = (1 << 40) - 1
_NEW_FORM = 1 << 47


@dataclass(frozen=True, slots=True)
class Session:
    """What a session token carries: who acts, from when to when (seconds since the epoch), and narrowed by what.

    `policy` is the inline session policy as it was given, `policy_arns` the managed ones; `transitive_tags` names the
    tags that roles assumed from this session inherit.
    """

    principal: Principal
    issued: float
    expires: float
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    transitive_tags: tuple[str, ...] = ()
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What signs a request: 20, 40 and some hundred characters."""

    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: float

    def described(self) -> dict[str, Any]:
        """Return them as STS spells them."""
        return {
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "SessionToken": self.session_token,
            "Expiration": datetime.fromtimestamp(self.expires, UTC),
        }


class TokenSealer:
    """Issues temporary credentials and opens them again; also derives the secrets of long-term keys.

    `master_key` is at least 32 random bytes that never leave the data directory. With another master key everything
    that this one issued is invalid.
    """

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) < _MAC_BYTES:
            raise ValueError(f"the master key has {len(master_key)} bytes; it needs at least {_MAC_BYTES}")
        self._token_key = hmac.digest(master_key, b"clary session token", "sha256")
        self._secret_key = hmac.digest(master_key, b"clary secret access key", "sha256")
        self._derivation_key = hmac.digest(master_key, b"clary derived key", "sha256")
        self._opened: dict[str, tuple[str, str, Session]] = {}

    def issue(self, session: Session) -> Credentials:
        """Return fresh credentials for a session."""
        access_key_id = new_access_key_id("ASIA", session.principal.account)
        payload = json.dumps(_packed(access_key_id, session), separators=(",", ":")).encode()
        sealed = hmac.digest(self._token_key, payload, "sha256") + payload
        token = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return Credentials(access_key_id, self._secret(sealed[:_MAC_BYTES]), token, session.expires)

    def long_term_secret(self, access_key_id: str) -> str:
        """Return the secret access key of a user's access key. Says nothing about whether there is such a key."""
        return self._secret(access_key_id.encode())

    def derive_key(self, purpose: str) -> bytes:
        """Return 32 bytes that are secret, and the same as long as the master key is, for one purpose."""
        return hmac.digest(self._derivation_key, purpose.encode(), "sha256")

    def _secret(self, seed: bytes) -> str:
        return base64.b64encode(hmac.digest(self._secret_key, seed, "sha256")[:30]).decode()

    def open(self, access_key_id: str, token: str) -> tuple[str, Session]:
        """Return the secret and all that a token carries, expired or not.

        Raises:
            AwsError: InvalidClientTokenId (403) when it is not ours, was altered, or belongs to another access key.
        """
        known = self._opened.get(token)
        if known is None:
            known = self._unseal(token)
            if len(self._opened) >= _CACHED_TOKENS:
                del self._opened[next(iter(self._opened))]
            self._opened[token] = known
        owner, secret, session = known
        if owner != access_key_id:
            raise invalid_client_token()
        return secret, session

    def _unseal(self, token: str) -> tuple[str, str, Session]:
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise invalid_client_token() from None
        mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not hmac.compare_digest(mac, hmac.digest(self._token_key, payload, "sha256")):
            raise invalid_client_token()
        access_key_id, session = _unpacked(json.loads(payload))
        return access_key_id, self._secret(mac), session


class AccessKeys:
    """Finds the user behind a long-term access key in IAM's records.

    `store_of` gives IAM's records in a scope (`account/region`). Nothing is cached: a key that was deactivated is
    refused from the next request on.
    """

    def __init__(self, sealer: TokenSealer, store_of: Callable[[str], Store]) -> None:
        self._sealer = sealer
        self._store_of = store_of

    async def resolve(self, access_key_id: str) -> tuple[str, Principal]:
        """Return the key's secret and its user.

        Raises:
            AwsError: InvalidClientTokenId (403) when there is no such key, or it is not active.
        """
        try:
            account = account_of(access_key_id)
        except ValueError:
            raise invalid_client_token() from None
        store = self._store_of(f"{account}/{GLOBAL_REGION}")
        key = await store.get(ACCESS_KEY_KIND, access_key_id)
        if key is None or key.status != "Active":
            raise invalid_client_token()
        user = await store.get(USER_KIND, key.body["UserName"].lower())
        if user is None:
            raise invalid_client_token()
        principal = Principal(PrincipalKind.USER, account, user.body["Arn"], user.body["UserId"])
        return self._sealer.long_term_secret(access_key_id), principal


def new_access_key_id(prefix: str, account: str) -> str:
    """Return a random access key id of 20 characters; `prefix` is `AKIA` (long-term) or `ASIA` (temporary)."""
    head = _NEW_FORM | int(account) << _ACCOUNT_SHIFT | secrets.randbits(_ACCOUNT_SHIFT)
    return prefix + base64.b32encode(head.to_bytes(6) + secrets.token_bytes(4)).decode()


def account_of(access_key_id: str) -> str:
    """Return the account number in an access key id.

    Raises:
        ValueError: it is none that AWS or this server would make.
    """
    if len(access_key_id) != 20:
        raise ValueError(f"{access_key_id!r} has not the form of an access key id")
    head = int.from_bytes(base64.b32decode(access_key_id[4:])[:6])
    return f"{head >> _ACCOUNT_SHIFT & _ACCOUNT_MASK:012d}"


def invalid_client_token() -> AwsError:
    """Return the error of credentials that nobody was ever given."""
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def _packed(access_key_id: str, session: Session) -> list[Any]:
    who = session.principal
    return [
        access_key_id,
        [who.kind.value, who.account, who.arn, who.user_id, who.role_arn],
        session.issued,
        session.expires,
        session.policy,
        session.policy_arns,
        session.tags,
        session.transitive_tags,
        session.source_identity,
    ]


def _unpacked(packed: list[Any]) -> tuple[str, Session]:
    access_key_id, (kind, *who), issued, expires, policy, arns, tags, transitive, source = packed
    principal = Principal(PrincipalKind(kind), *who)
    return access_key_id, Session(principal, issued, expires, policy, tuple(arns), tags, tuple(transitive), source)
