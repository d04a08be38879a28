"""A request in the form in which SigV4 signs it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html. S3 differs in two things:
its paths are encoded once and not normalised, and its payload hash is what the client says it is.
"""

import re
from urllib.parse import quote, unquote_to_bytes

from clary.wire.types import HttpRequest

#: A path, and a part of a query, that encode to themselves.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~-]*")
PLAIN_QUERY = re.compile(r"[A-Za-z0-9_.~-]*")
#: Headers whose values are trimmed, with each run of spaces as one, have none of these.
UNTRIMMED = ("  ", ": ", " \n", "\t")
#: A normalised path has none of these.
UNTIDY = re.compile(r"//|/\.{1,2}(?:/|$)")


def canonical_request(request: HttpRequest, signed_headers: str, payload: str, *, s3: bool) -> str:
    """Return the canonical request. `payload` is the hash of the body, or the word that stands for it."""
    names = signed_headers.split(";")
    values = request.headers
    headers = "".join([f"{name}:{values.get(name, '')}\n" for name in names])
    for untrimmed in UNTRIMMED:
        if untrimmed in headers:
            headers = "".join([f"{name}:{' '.join(values.get(name, '').split())}\n" for name in names])
            break
    target = s3_path(request.path) if s3 else path(request.path)
    return f"{request.method}\n{target}\n{query(request.query)}\n{headers}\n{signed_headers}\n{payload}"


def path(raw: str) -> str:
    """Return the path of a service other than S3: dot segments resolved, and what was encoded encoded again."""
    if UNTIDY.search(raw):
        kept: list[str] = []
        for segment in raw.split("/"):
            if segment == "..":
                del kept[-1:]
            elif segment not in {"", "."}:
                kept.append(segment)
        slash = "/" if kept and raw.endswith("/") else ""
        raw = f"/{'/'.join(kept)}{slash}"
    return raw if PLAIN_PATH.fullmatch(raw) else quote(raw, safe="/~")


def s3_path(raw: str) -> str:
    """Return the path of an S3 request: each byte encoded once, however the client spelled it."""
    return raw if PLAIN_PATH.fullmatch(raw) else quote(unquote_to_bytes(raw), safe="/~")


def query(raw: str) -> str:
    """Return the parameters sorted, without the signature that a presigned URL ends in."""
    if not raw:
        return ""
    pairs = []
    for pair in raw.split("&"):
        name, _, value = pair.partition("=")
        if name != "X-Amz-Signature" and pair:
            pairs.append((encode(name), encode(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def encode(text: str) -> str:
    """Return a part of a query percent-encoded once, in AWS's way; `+` is a space."""
    if PLAIN_QUERY.fullmatch(text):
        return text
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="~")
