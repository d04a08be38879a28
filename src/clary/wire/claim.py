"""What a request says about who signed it, before any of it is believed.

Read first, because the router needs the service in the credential's scope and the keeper of secrets needs the access
key; `clary.wire.sigv4` then says whether it holds.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from clary.wire.types import HttpRequest

ALGORITHM = "AWS4-HMAC-SHA256"
#: The parts of the `Authorization` header, and the query parameters that stand for them in a presigned URL.
HEADER_PARTS = ("Credential", "SignedHeaders", "Signature")
FORM_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
QUERY_PARTS = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature")


class Scheme(Enum):
    """How a request is signed."""

    V4 = "SigV4"
    #: S3's first scheme, which boto3 still uses for presigned URLs in the older regions.
    V2 = "SigV2"
    #: Anything that we do not verify: SigV4A, Bearer, Basic.
    OTHER = "other"


class Claim(NamedTuple):
    """A signature and what it claims to stand for. Parts that the request lacks are empty, and named in `missing`."""

    scheme: Scheme
    #: In the query of a presigned URL, not in the `Authorization` header.
    presigned: bool
    #: The `Authorization` header, or the name of the algorithm in a query.
    text: str
    access_key: str = ""
    #: What the credential's scope names: `YYYYMMDD`, region, service.
    date: str = ""
    region: str = ""
    service: str = ""
    #: `host;x-amz-date`, as the request spells it.
    signed_headers: str = ""
    signature: str = ""
    #: When it was signed, as `YYYYMMDDTHHMMSSZ`; empty where there is no date or it cannot be read.
    timestamp: str = ""
    #: Lifetime of a presigned URL as it was given; for SigV2 its end, in seconds since the epoch.
    expires: str = ""
    #: Token of temporary credentials.
    token: str = ""
    missing: tuple[str, ...] = ()
    #: The credential as given, where it has not five parts or does not end in `aws4_request`.
    malformed: str = ""


def read_claim(request: HttpRequest) -> Claim | None:
    """Return what the request claims, None when it is not signed at all. Never raises."""
    if authorization := request.headers.get("authorization"):
        return _from_header(authorization, request.headers)
    query = request.query
    if "X-Amz-" in query and ("X-Amz-Signature" in query or "X-Amz-Algorithm" in query or "X-Amz-Credential" in query):
        return _from_query(parameters(query))
    if "AWSAccessKeyId=" in query and "Signature=" in query:
        given = parameters(query)
        return Claim(
            scheme=Scheme.V2,
            presigned=True,
            text="",
            access_key=given.get("AWSAccessKeyId", ""),
            service="s3",
            signature=given.get("Signature", ""),
            expires=given.get("Expires", ""),
            token=given.get("x-amz-security-token", "") or request.headers.get("x-amz-security-token", ""),
        )
    return None


def claim_of_form(fields: Mapping[str, str]) -> Claim:
    """Return what a form's fields (in lower case) claim, by which S3 takes POST uploads. What they sign is a policy."""
    token = fields.get("x-amz-security-token", "")
    if "x-amz-signature" not in fields and "x-amz-algorithm" not in fields:
        access_key, signature = fields.get("awsaccesskeyid", ""), fields.get("signature", "")
        return Claim(Scheme.V2, True, "", access_key, service="s3", signature=signature, token=token)
    algorithm = fields.get("x-amz-algorithm", "")
    if algorithm not in {ALGORITHM, ""}:
        return Claim(Scheme.OTHER, presigned=True, text=algorithm)
    access_key, date, region, service, malformed = _split_credential(fields.get("x-amz-credential", ""))
    return Claim(
        Scheme.V4,
        True,
        algorithm,
        access_key,
        date,
        region,
        service,
        signature=fields.get("x-amz-signature", ""),
        timestamp=fields.get("x-amz-date", ""),
        token=token,
        missing=tuple(name for name in FORM_PARTS if not fields.get(name.lower())),
        malformed=malformed,
    )


def parameters(query: str) -> dict[str, str]:
    """Return a raw query's parameters, decoded; the last one of a name wins."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    return {unquote(name): unquote(value.replace("+", " ")) for name, _, value in pairs}


@lru_cache(maxsize=1024)
def seconds(timestamp: str) -> float | None:
    """Return `YYYYMMDDTHHMMSSZ` as seconds since the epoch, None where it is not such a date.

    Cached: a second's requests share it.
    """
    if len(timestamp) != 16 or not (timestamp[:8] + timestamp[9:15]).isdecimal():
        return None
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _from_header(text: str, headers: Mapping[str, str]) -> Claim:
    algorithm, _, rest = text.partition(" ")
    if algorithm == "AWS":
        access_key, _, signature = rest.strip().rpartition(":")
        return Claim(
            scheme=Scheme.V2,
            presigned=False,
            text=text,
            access_key=access_key,
            service="s3",
            signature=signature,
            timestamp=headers.get("x-amz-date", "") or _from_http_date(headers.get("date", "")),
            token=headers.get("x-amz-security-token", ""),
            malformed="" if access_key and signature else text,
        )
    if algorithm != ALGORITHM:
        return Claim(Scheme.OTHER, presigned=False, text=text)
    given = {}
    for part in rest.split(","):
        name, _, value = part.partition("=")
        given[name.strip()] = value.strip()
    missing = [name for name in HEADER_PARTS if not given.get(name)]
    timestamp = headers.get("x-amz-date") or _from_http_date(headers.get("date", ""))
    if not timestamp:
        missing.append("Date")
    access_key, date, region, service, malformed = _split_credential(given.get("Credential", ""))
    return Claim(
        Scheme.V4,
        False,
        text,
        access_key,
        date,
        region,
        service,
        given.get("SignedHeaders", ""),
        given.get("Signature", ""),
        timestamp,
        "",
        headers.get("x-amz-security-token", ""),
        tuple(missing),
        malformed,
    )


def _from_query(given: dict[str, str]) -> Claim:
    algorithm = given.get("X-Amz-Algorithm", "")
    if algorithm not in {ALGORITHM, ""}:
        return Claim(Scheme.OTHER, presigned=True, text=algorithm)
    access_key, date, region, service, malformed = _split_credential(given.get("X-Amz-Credential", ""))
    return Claim(
        Scheme.V4,
        True,
        algorithm,
        access_key,
        date,
        region,
        service,
        given.get("X-Amz-SignedHeaders", ""),
        given.get("X-Amz-Signature", ""),
        given.get("X-Amz-Date", ""),
        given.get("X-Amz-Expires", ""),
        given.get("X-Amz-Security-Token", ""),
        tuple(name for name in QUERY_PARTS if not given.get(name)),
        malformed,
    )


def _split_credential(credential: str) -> tuple[str, str, str, str, str]:
    """Return access key, date, region, service, and the credential again where it is not made of five parts."""
    parts = credential.rsplit("/", 4)
    if len(parts) != 5:
        return credential, "", "", "", credential
    access_key, date, region, service, terminator = parts
    return access_key, date, region, service, "" if terminator == "aws4_request" else credential


def _from_http_date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return ""
