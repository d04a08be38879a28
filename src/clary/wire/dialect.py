"""How AWS words it when a signature does not hold: one dialect for each family of protocols.

Texts and codes are AWS's, from the "Common Errors" page of each service's API reference and what the services answer.
"""

import base64
import hashlib

from clary.wire.claim import Claim, Scheme
from clary.wire.errors import AwsError

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key"
    " and signing method. Consult the service documentation for details."
)
INVALID_TOKEN = "The security token included in the request is invalid"  # noqa: S105  - a text
EXPIRED_TOKEN = "The security token included in the request is expired"  # noqa: S105  - a text


class Dialect:
    """The errors of every service but S3; codes and statuses differ between the JSON and the query protocols."""

    #: Whether signatures follow S3's rules: raw paths, declared payload hashes, SigV2.
    s3 = False

    def __init__(
        self, *, status: int, unsigned: str, incomplete: str, unknown_key: str, expired: str, mismatch: str
    ) -> None:
        self._status = status
        self._unsigned = unsigned
        self._incomplete = incomplete
        self._unknown_key = unknown_key
        self._expired = expired
        self._mismatch = mismatch

    def unsigned(self) -> AwsError:
        """No signature at all."""
        return self._error(self._unsigned, "Request is missing Authentication Token")

    def incomplete(self, claim: Claim) -> AwsError:
        """The signature is of a kind that we do not verify, or lacks parts."""
        if claim.scheme is not Scheme.V4:
            algorithm = claim.text.partition(" ")[0]
            return self._error(self._incomplete, f"Unsupported AWS 'algorithm': '{algorithm}'; use AWS4-HMAC-SHA256.")
        if claim.presigned:
            texts = [f"AWS query-string parameters must include '{name}'." for name in claim.missing]
            return self._error(self._incomplete, " ".join([*texts, "Re-examine the query-string parameters."]))
        texts = [
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
            if name == "Date"
            else f"Authorization header requires '{name}' parameter."
            for name in claim.missing
        ]
        digest = base64.b64encode(hashlib.sha256(claim.text.encode("latin-1")).digest()).decode()
        texts.append(f"(Hashed with SHA-256 and encoded with Base64) Authorization={digest}")
        return self._error(self._incomplete, " ".join(texts))

    def malformed(self, claim: Claim) -> AwsError:
        """The credential is not `key/date/region/service/aws4_request`."""
        parts = claim.malformed.split("/")
        if len(parts) < 5:
            return self._error(
                self._incomplete,
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term,"
                f" got '{claim.malformed}'",
            )
        text = f"Credential should be scoped with a valid terminator: 'aws4_request', not '{parts[-1]}'."
        return self._error(self._mismatch, text)

    def unreadable_date(self, claim: Claim) -> AwsError:
        """The date of the signature is not one."""
        text = f"Date must be in ISO-8601 'basic format'. Got '{claim.timestamp}'."
        return self._error(self._incomplete, f"{text} See http://en.wikipedia.org/wiki/ISO_8601")

    def wrong_date(self, claim: Claim) -> AwsError:
        """The credential's date is not the date of the signature."""
        return self._error(
            self._mismatch,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP:"
            f" '{claim.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'.",
        )

    def wrong_service(self, claim: Claim, signing_name: str) -> AwsError:
        """The credential is scoped to a service other than `signing_name`."""
        return self._error(self._mismatch, f"Credential should be scoped to correct service: '{signing_name}'. ")

    def unknown_key(self, claim: Claim) -> AwsError:
        """Nobody has this access key."""
        return self._error(self._unknown_key, f"{INVALID_TOKEN}.")

    def invalid_token(self, claim: Claim) -> AwsError:
        """The session token does not belong to this access key."""
        return self._error(self._unknown_key, f"{INVALID_TOKEN}.")

    def expired_token(self, claim: Claim) -> AwsError:
        """The temporary credentials are past their time."""
        return self._error(self._expired, EXPIRED_TOKEN)

    def skewed(self, claim: Claim, now: str, bound: str, tolerance: float) -> AwsError:
        """The signature is too old, or of a time to come. `bound` is the time that it had to keep to."""
        minutes = f"{tolerance / 60:.0f} min."
        if claim.timestamp < now:
            text = f"Signature expired: {claim.timestamp} is now earlier than {bound} ({now} - {minutes})"
        else:
            text = f"Signature not yet current: {claim.timestamp} is still later than {bound} ({now} + {minutes})"
        return self._error(self._mismatch, text)

    def expired_url(self, claim: Claim, now: str, end: str) -> AwsError:
        """The presigned URL is past its `end`."""
        return self._error(self._mismatch, f"Signature expired: {claim.timestamp} is now earlier than {now} ({end})")

    def bad_lifetime(self, claim: Claim) -> AwsError:
        """X-Amz-Expires is no number of seconds between nought and a week."""
        text = f"X-Amz-Expires must be a number of seconds from 0 to 604800, not '{claim.expires}'."
        return self._error(self._incomplete, text)

    def unsigned_host(self) -> AwsError:
        """The signature does not cover the Host header."""
        return self._error(self._mismatch, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")

    def unsigned_headers(self, names: list[str]) -> AwsError:
        """The signature does not cover these `x-amz-` headers."""
        return self._error(self._mismatch, f"Headers of the request are not signed: {', '.join(names)}")

    def mismatch(self, claim: Claim, canonical: str, string_to_sign: str) -> AwsError:
        """The signature is another than ours."""
        text = (
            f"{MISMATCH}\n\nThe Canonical String for this request should have been\n'{canonical}'"
            f"\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
        )
        return self._error(self._mismatch, text)

    def _error(self, code: str, message: str) -> AwsError:
        return AwsError(code, message, self._status)


def json_dialect(status: int) -> Dialect:
    """Return the dialect of the JSON protocols, which differ in the status alone."""
    return Dialect(
        status=status,
        unsigned="MissingAuthenticationTokenException",
        incomplete="IncompleteSignatureException",
        unknown_key="UnrecognizedClientException",
        expired="ExpiredTokenException",
        mismatch="InvalidSignatureException",
    )


JSON = json_dialect(400)
REST_JSON = json_dialect(403)
QUERY = Dialect(
    status=403,
    unsigned="MissingAuthenticationToken",
    incomplete="IncompleteSignature",
    unknown_key="InvalidClientTokenId",
    expired="ExpiredToken",
    mismatch="SignatureDoesNotMatch",
)
