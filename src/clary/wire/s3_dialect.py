"""How S3 words it when a signature does not hold.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and what S3 answers.
"""

from typing import Any

from clary.wire.claim import Claim, Scheme
from clary.wire.dialect import Dialect
from clary.wire.errors import AwsError

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your key and signing method."
)
SCOPE = 'expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date,"
    " X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
WEEK = 604800


class S3Dialect(Dialect):
    """The errors of S3, with the further fields of their XML."""

    s3 = True

    def __init__(self) -> None:
        super().__init__(
            status=403,
            unsigned="AccessDenied",
            incomplete="AuthorizationHeaderMalformed",
            unknown_key="InvalidAccessKeyId",
            expired="ExpiredToken",
            mismatch="SignatureDoesNotMatch",
        )

    def unsigned(self) -> AwsError:
        """No signature at all."""
        return AwsError("AccessDenied", "Access Denied", 403)

    def incomplete(self, claim: Claim) -> AwsError:
        """The signature is of a kind that we do not verify, or lacks parts."""
        if claim.scheme is Scheme.OTHER and claim.presigned:
            return _malformed_query('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
        if claim.scheme is Scheme.OTHER:
            fields: dict[str, Any] = {"ArgumentName": "Authorization", "ArgumentValue": claim.text.partition(" ")[0]}
            return AwsError("InvalidArgument", "Unsupported Authorization Type", 400, **fields)
        if claim.presigned:
            return _malformed_query(REQUIRED)
        if "Date" in claim.missing:
            text = "AWS authentication requires a valid Date or x-amz-date header"
            return AwsError("AccessDenied", text, 403)
        return _malformed(f"the authorization header requires {' and '.join(claim.missing)}.")

    def malformed(self, claim: Claim) -> AwsError:
        """The credential is not `key/date/region/service/aws4_request`, or in the first scheme `key:signature`."""
        if claim.scheme is Scheme.V2:
            text = "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature"
            return AwsError("InvalidArgument", text, 400, ArgumentName="Authorization", ArgumentValue=claim.text)
        if claim.presigned:
            text = "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed;"
            return _malformed_query(f"{text} {SCOPE}")
        return _malformed(f"the Credential is mal-formed; {SCOPE}")

    def unreadable_date(self, claim: Claim) -> AwsError:
        """The date of the signature is not one."""
        if claim.presigned:
            return _malformed_query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
        return AwsError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403)

    def wrong_date(self, claim: Claim) -> AwsError:
        """The credential's date is not the date of the signature."""
        text = f'incorrect date "{claim.date}". This date is not "{claim.timestamp[:8]}".'
        if claim.presigned:
            return _malformed_query(f"Error parsing the X-Amz-Credential parameter; {text}")
        return _malformed(text)

    def wrong_service(self, claim: Claim, signing_name: str) -> AwsError:
        """The credential is scoped to a service other than `signing_name`."""
        text = f'incorrect service "{claim.service}". This endpoint belongs to "{signing_name}".'
        if claim.presigned:
            return _malformed_query(f"Error parsing the X-Amz-Credential parameter; {text}")
        return _malformed(text)

    def unknown_key(self, claim: Claim) -> AwsError:
        """Nobody has this access key."""
        text = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", text, 403, AWSAccessKeyId=claim.access_key)

    def invalid_token(self, claim: Claim) -> AwsError:
        """The session token does not belong to this access key."""
        text = "The provided token is malformed or otherwise invalid."
        return AwsError("InvalidToken", text, 400, **_token(claim))

    def expired_token(self, claim: Claim) -> AwsError:
        """The temporary credentials are past their time."""
        return AwsError("ExpiredToken", "The provided token has expired.", 400, **_token(claim))

    def skewed(self, claim: Claim, now: str, bound: str, tolerance: float) -> AwsError:
        """The signature is too old, or of a time to come."""
        if claim.presigned and claim.timestamp > now:
            return AwsError("AccessDenied", "Request is not valid yet", 403, ServerTime=_iso(now))
        return AwsError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            403,
            RequestTime=claim.timestamp,
            ServerTime=_iso(now),
            MaxAllowedSkewMilliseconds=str(int(tolerance * 1000)),
        )

    def expired_url(self, claim: Claim, now: str, end: str) -> AwsError:
        """The presigned URL is past its `end`."""
        fields: dict[str, Any] = {"Expires": _iso(end), "ServerTime": _iso(now)}
        if claim.scheme is Scheme.V4:
            fields = {"X-Amz-Expires": claim.expires, **fields}
        return AwsError("AccessDenied", "Request has expired", 403, **fields)

    def bad_lifetime(self, claim: Claim) -> AwsError:
        """X-Amz-Expires is no number of seconds between nought and a week."""
        if not claim.expires:
            return _malformed_query(REQUIRED)
        if not claim.expires.removeprefix("-").isdecimal():
            return _malformed_query("X-Amz-Expires should be a number")
        if claim.expires.startswith("-"):
            return _malformed_query("X-Amz-Expires must be non-negative")
        text = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than"
        return _malformed_query(f"{text} {WEEK} seconds")

    def unsigned_host(self) -> AwsError:
        """The signature does not cover the Host header."""
        return _unsigned(["host"])

    def unsigned_headers(self, names: list[str]) -> AwsError:
        """The signature does not cover these `x-amz-` headers."""
        return _unsigned(names)

    def mismatch(self, claim: Claim, canonical: str, string_to_sign: str) -> AwsError:
        """The signature is another than ours."""
        fields: dict[str, Any] = {
            "AWSAccessKeyId": claim.access_key,
            "StringToSign": string_to_sign,
            "SignatureProvided": claim.signature,
            "StringToSignBytes": _hex(string_to_sign),
        }
        if canonical:
            fields |= {"CanonicalRequest": canonical, "CanonicalRequestBytes": _hex(canonical)}
        return AwsError("SignatureDoesNotMatch", MISMATCH, 403, **fields)


def _malformed(text: str) -> AwsError:
    return AwsError("AuthorizationHeaderMalformed", f"The authorization header is malformed; {text}", 400)


def _malformed_query(text: str) -> AwsError:
    return AwsError("AuthorizationQueryParametersError", text, 400)


def _unsigned(names: list[str]) -> AwsError:
    text = "There were headers present in the request which were not signed"
    return AwsError("AccessDenied", text, 403, HeadersNotSigned=", ".join(names))


def _token(claim: Claim) -> dict[str, Any]:
    return {"Token-0": claim.token}


def _hex(text: str) -> str:
    """Return a text's bytes as S3 shows them: two digits each, apart."""
    return text.encode("latin-1").hex(" ")


def _iso(timestamp: str) -> str:
    """Return `YYYYMMDDTHHMMSSZ` with its dashes and colons."""
    t = timestamp
    return f"{t[:4]}-{t[4:6]}-{t[6:8]}T{t[9:11]}:{t[11:13]}:{t[13:]}"


S3 = S3Dialect()
