"""Who makes a request: the step that looks up the secret behind an access key and has the signature checked."""

from clary.config import Settings
from clary.services._base.credentials import AccessKeys, TokenSealer
from clary.services._base.principal import Principal, PrincipalKind
from clary.state.clock import Clock
from clary.state.record_store import RecordStore
from clary.wire import dialect
from clary.wire import protocol as protocols
from clary.wire.claim import Claim
from clary.wire.directory import SERVICES
from clary.wire.errors import AwsError
from clary.wire.operation import Operation
from clary.wire.s3_dialect import S3
from clary.wire.sigv4 import Secret, Verifier
from clary.wire.types import HttpRequest

#: Bytes of body that are read to check a signature before the operation says how much it takes.
BODY_LIMIT = 64 * 2**20


#: How each protocol words it when a signature does not hold; S3 has words of its own.
DIALECTS = {
    protocols.CBOR: dialect.JSON,
    protocols.JSON: dialect.JSON,
    protocols.QUERY: dialect.QUERY,
    protocols.REST_JSON: dialect.REST_JSON,
    protocols.REST_XML: S3,
}


class Identity:
    """Knows three kinds of access key: root's (settings), users' (IAM's records), sessions' (proved by their token)."""

    def __init__(self, settings: Settings, clock: Clock, sealer: TokenSealer, records: RecordStore) -> None:
        arn = f"arn:aws:iam::{settings.account}:root"
        self._root = Principal(PrincipalKind.ROOT, settings.account, arn, settings.account)
        self._root_key = settings.access_key_id
        self._root_secret = Secret(settings.secret_access_key)
        self._clock = clock
        self._sealer = sealer
        self._users = AccessKeys(sealer, lambda scope: records.scoped("iam", scope))
        self._verifier = Verifier()

    async def authenticate(
        self, request: HttpRequest, claim: Claim | None, operation: Operation, path: str | None
    ) -> tuple[Principal, HttpRequest]:
        """Return the caller, and the request with a body that is checked as it is read.

        `path` is the path with the bucket in it, where the request has that in its host name.

        Raises:
            AwsError: in the words of the operation's protocol: unsigned, or the signature does not hold.
        """
        words = DIALECTS[operation.protocol]
        if claim is None:
            raise words.unsigned()
        secret, principal = await self._look_up(claim)
        checked = await self._verifier.verify(
            request,
            claim,
            secret,
            words,
            signing_name=SERVICES[operation.service].signing_name,
            path=path,
            now=self._clock.now(),
            limit=BODY_LIMIT,
        )
        return principal, checked

    async def identify(self, claim: Claim, text: str) -> Principal:
        """Return who signed a text: the policy in a form that is posted to S3.

        Raises:
            AwsError: in S3's words: the signature does not hold.
        """
        secret, principal = await self._look_up(claim)
        self._verifier.verify_text(text, claim, secret, S3, self._clock.now())
        return principal

    async def _look_up(self, claim: Claim) -> tuple[Secret | None, Principal]:
        """Return what belongs to the access key; None for the secret of a key that nobody has."""
        if claim.access_key == self._root_key and not claim.token:
            return self._root_secret, self._root
        try:
            if claim.token:
                opened, session = self._sealer.open(claim.access_key, claim.token)
                return Secret(opened, claim.token, session.expires), session.principal
            found, principal = await self._users.resolve(claim.access_key)
            return Secret(found), principal
        except AwsError:
            return None, self._root  # no secret: the verifier refuses, in the words of the service's protocol
