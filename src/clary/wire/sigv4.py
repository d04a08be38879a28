"""Whether a request's signature holds: SigV4 in the header and in presigned queries, and S3's older scheme.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.

Differs from AWS: credentials scoped to any region are taken, at any endpoint; SigV4A (several regions at once) is not.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clary.wire.body import WholeBody
from clary.wire.canonical import canonical_request
from clary.wire.chunked import STREAMING, UNSIGNED_TRAILER, ChunkedBody, Signer
from clary.wire.claim import Claim, Scheme, parameters, seconds
from clary.wire.dialect import Dialect
from clary.wire.errors import AwsError
from clary.wire.payload import EMPTY_SHA256, UNSIGNED, HashedBody
from clary.wire.sigv2 import sign, string_to_sign
from clary.wire.types import HttpRequest

#: How far a client's clock may be off, and the longest life of a presigned URL, in seconds.
TOLERANCE = 900.0
WEEK = 604800
#: Signing keys held. One is good for one secret, day, region and service.
KEYS = 4096
SHA256 = re.compile(r"[0-9a-f]{64}")
PAYLOAD_HASH = "x-amz-content-sha256"
#: In a presigned URL these belong to the signature; other `x-amz-` parameters stand for headers.
AUTHENTICATION = frozenset({
    "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders", "x-amz-signature",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """What goes with an access key: a secret and, for temporary credentials, a token and an end (epoch seconds)."""

    secret: str
    token: str = ""
    expires: float | None = None


class Verifier:
    """Checks claims. It keeps signing keys, which take four HMACs to make, so that a check costs one."""

    def __init__(self, tolerance: float = TOLERANCE) -> None:
        self._tolerance = tolerance
        self._keys: OrderedDict[tuple[str, str, str, str], bytes] = OrderedDict()

    async def verify(
        self,
        request: HttpRequest,
        claim: Claim,
        secret: Secret | None,
        dialect: Dialect,
        *,
        signing_name: str,
        path: str | None,
        now: float,
        limit: int,
    ) -> HttpRequest:
        """Return the request, its body checked already or as it is read, its presigned parameters in their headers.

        `secret` is None when nobody has the access key. `signing_name` is what the service's credentials are scoped to;
        `path` the path with the bucket in it, where the request has that in its host. The body is read here, up to
        `limit` bytes, for services other than S3: their signatures cover its hash.

        Raises:
            AwsError: it does not hold, in the words of `dialect`.
        """
        known = check_secret(claim, secret, dialect, now)
        whole = hoist(request) if dialect.s3 and claim.presigned else request
        if claim.scheme is Scheme.V2:
            self._verify_v2(whole, claim, known, dialect, path or request.path, now)
            return whole
        if claim.service != signing_name and not (dialect.s3 and claim.service.startswith("s3")):
            raise dialect.wrong_service(claim, signing_name)
        self._check_time(claim, dialect, now)
        check_coverage(request, claim, dialect)
        body: bytes | None = None
        payload = declared_payload(whole, claim, dialect)
        if payload is None:
            body = await request.body.read(limit)
            payload = hashlib.sha256(body).hexdigest()
        key = self.signing_key(known.secret, claim.date, claim.region, claim.service)
        scope = f"{claim.date}/{claim.region}/{claim.service}/aws4_request"
        check_signature(request, claim, dialect, payload, key, scope)
        if body is not None:
            return request.with_body(WholeBody(body))
        if payload in STREAMING:
            return dechunk(whole, None if payload == UNSIGNED_TRAILER else Signer(claim, key, scope, claim.signature))
        return with_hashed_body(whole, payload)

    def verify_text(self, text: str, claim: Claim, secret: Secret | None, dialect: Dialect, now: float) -> None:
        """Check a signature of a text by itself: of the policy in a form.

        Raises:
            AwsError: it does not hold, in the words of `dialect`.
        """
        known = check_secret(claim, secret, dialect, now)
        if claim.scheme is Scheme.V2:
            signature = sign(known.secret, text)
        else:
            key = self.signing_key(known.secret, claim.date, claim.region, claim.service)
            signature = hmac.digest(key, text.encode(), "sha256").hex()
        if not hmac.compare_digest(signature.encode(), claim.signature.encode()):
            raise dialect.mismatch(claim, "", text)

    def signing_key(self, secret: str, date: str, region: str, service: str) -> bytes:
        """Return the key that signs for one day, region and service."""
        name = (secret, date, region, service)
        key = self._keys.get(name)
        if key is None:
            key = f"AWS4{secret}".encode()
            for part in (date, region, service, "aws4_request"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._keys[name] = key
            if len(self._keys) > KEYS:
                self._keys.popitem(last=False)
        return key

    def _check_time(self, claim: Claim, dialect: Dialect, now: float) -> None:
        """Raise where the signature is not of this time."""
        signed = seconds(claim.timestamp)
        if signed is None:
            raise dialect.unreadable_date(claim)
        if claim.date != claim.timestamp[:8]:
            raise dialect.wrong_date(claim)
        if signed - now > self._tolerance:
            raise dialect.skewed(claim, basic(now), basic(now + self._tolerance), self._tolerance)
        if claim.presigned and (claim.expires or dialect.s3):
            if not claim.expires.isdecimal() or int(claim.expires) > WEEK:
                raise dialect.bad_lifetime(claim)
            end = signed + int(claim.expires)
            if now > end:
                raise dialect.expired_url(claim, basic(now), basic(end))
        elif now - signed > self._tolerance:
            raise dialect.skewed(claim, basic(now), basic(now - self._tolerance), self._tolerance)

    def _verify_v2(
        self, request: HttpRequest, claim: Claim, secret: Secret, dialect: Dialect, path: str, now: float
    ) -> None:
        """Raise where a SigV2 signature does not hold. The one in the header is good for as long as its date is."""
        headers = request.headers
        if claim.presigned:
            if not claim.expires.isdecimal():
                raise AwsError("AccessDenied", "Invalid date (should be seconds since epoch): " + claim.expires, 403)
            if now > int(claim.expires):
                raise dialect.expired_url(claim, basic(now), basic(int(claim.expires)))
            date = claim.expires
        else:
            signed = seconds(claim.timestamp)
            if signed is None:
                raise dialect.unreadable_date(claim)
            if abs(now - signed) > self._tolerance:
                raise dialect.skewed(claim, basic(now), "", self._tolerance)
            date = "" if "x-amz-date" in headers else headers["date"]
        text = string_to_sign(request.method, path, request.query, headers, date)
        if not hmac.compare_digest(sign(secret.secret, text).encode(), claim.signature.encode()):
            raise dialect.mismatch(claim, "", text)


def check_secret(claim: Claim, secret: Secret | None, dialect: Dialect, now: float) -> Secret:
    """Return the secret where the claim is whole and names a live key with its token; raise `AwsError` where not."""
    if claim.scheme is Scheme.OTHER or claim.missing or (claim.scheme is Scheme.V2 and not dialect.s3):
        raise dialect.incomplete(claim)
    if claim.malformed:
        raise dialect.malformed(claim)
    # Permanent keys have no token, and temporary ones do not work without theirs.
    if secret is None or (secret.token and not claim.token):
        raise dialect.unknown_key(claim)
    if not hmac.compare_digest(secret.token.encode(), claim.token.encode()):
        raise dialect.invalid_token(claim)
    if secret.expires is not None and now >= secret.expires:
        raise dialect.expired_token(claim)
    return secret


def check_coverage(request: HttpRequest, claim: Claim, dialect: Dialect) -> None:
    """Raise where the signature leaves out what it must cover, so that nobody on the way can add to a request."""
    signed = claim.signed_headers.split(";")
    if "host" not in signed:
        raise dialect.unsigned_host()
    if dialect.s3:
        # The payload's hash is covered in any case: it is the last line of what is signed.
        signed.append(PAYLOAD_HASH)
        loose = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
        if loose:
            raise dialect.unsigned_headers(loose)


def declared_payload(request: HttpRequest, claim: Claim, dialect: Dialect) -> str | None:
    """Return what the client signed as the hash of its body, None where that must be computed from the body."""
    declared = request.headers.get(PAYLOAD_HASH)
    if dialect.s3 and claim.presigned:
        covered = declared is not None and (
            PAYLOAD_HASH in claim.signed_headers or PAYLOAD_HASH in request.query.lower()
        )
        return declared if covered else UNSIGNED
    if declared is None and dialect.s3:
        raise AwsError("InvalidRequest", f"Missing required header for this request: {PAYLOAD_HASH}", 400)
    if declared is None or declared == UNSIGNED or declared in STREAMING or SHA256.fullmatch(declared):
        return declared
    raise AwsError(
        "InvalidArgument",
        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.",
        400,
        ArgumentName=PAYLOAD_HASH,
        ArgumentValue=declared,
    )


def check_signature(request: HttpRequest, claim: Claim, dialect: Dialect, payload: str, key: bytes, scope: str) -> None:
    """Raise where the signature is another than ours."""
    canonical = canonical_request(request, claim.signed_headers, payload, s3=dialect.s3)
    digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{claim.timestamp}\n{scope}\n{digest}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    if not hmac.compare_digest(signature.encode(), claim.signature.encode()):
        raise dialect.mismatch(claim, canonical, text)


def with_hashed_body(request: HttpRequest, payload: str) -> HttpRequest:
    """Return the request with a body that is compared with its hash, where there are both, while it is read."""
    headers = request.headers
    bodiless = "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"
    if payload == UNSIGNED or (payload == EMPTY_SHA256 and bodiless):
        return request
    return request.with_body(HashedBody(request.body, payload))


def dechunk(request: HttpRequest, signer: Signer | None) -> HttpRequest:
    """Return an `aws-chunked` request as it would be without the chunks: coding and length are those of the content."""
    headers: dict[str, Any] = dict(request.headers)
    length = headers.get("x-amz-decoded-content-length", "")
    if not length.isdecimal():
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    headers["content-length"] = length
    codings = [coding.strip() for coding in headers.pop("content-encoding", "").split(",")]
    kept = ",".join(coding for coding in codings if coding and coding.lower() != "aws-chunked")
    if kept:
        headers["content-encoding"] = kept
    expected = frozenset(name.strip().lower() for name in headers.get("x-amz-trailer", "").split(",")) - {""}
    body = ChunkedBody(request.body, int(length), expected, signer)
    return HttpRequest(request.method, request.path, request.query, headers, body, request.secure, request.peer)


def hoist(request: HttpRequest) -> HttpRequest:
    """Return a presigned request with those of its parameters in the headers that stand for headers."""
    headers = dict(request.headers)
    for name, value in parameters(request.query).items():
        key = name.lower()
        if (key.startswith("x-amz-") and key not in AUTHENTICATION) or key in {"content-type", "content-md5"}:
            headers.setdefault(key, value)
    return HttpRequest(request.method, request.path, request.query, headers, request.body, request.secure, request.peer)


def basic(now: float) -> str:
    """Return seconds since the epoch as `YYYYMMDDTHHMMSSZ`."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y%m%dT%H%M%SZ")
