"""Conditional reads and writes (RFC 9110 §13; S3's "Conditional requests")."""

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from clary.services.s3 import errors


def matches(header: str, etag: str) -> bool:
    """Say whether an If-Match or If-None-Match header names the ETag (given without its quotes)."""
    return any(tag.strip().removeprefix("W/").strip('"') in {etag, "*"} for tag in header.split(","))


def check_read(req: Mapping[str, Any], etag: str, modified: float) -> None:
    """Check the conditions of a GET or HEAD against the object's ETag and time.

    Raises:
        AwsError: PreconditionFailed, or NotModified (304).
    """
    failed = _failed(req, "", etag, modified)
    if failed in {"If-Match", "If-Unmodified-Since"}:
        raise errors.precondition_failed(failed)
    if failed:
        raise errors.not_modified([("ETag", f'"{etag}"'), ("Last-Modified", formatdate(modified, usegmt=True))])


def check_copy_source(req: Mapping[str, Any], etag: str, modified: float) -> None:
    """Check the CopySourceIf... conditions against the source's ETag and time.

    Raises:
        AwsError: PreconditionFailed.
    """
    if failed := _failed(req, "CopySource", etag, modified):
        raise errors.precondition_failed(f"x-amz-copy-source-{failed}")


def _failed(req: Mapping[str, Any], prefix: str, etag: str, modified: float) -> str | None:
    """Return the header that does not hold. The two about ETags outrank those about times. Times are whole seconds."""
    if (match := req.get(f"{prefix}IfMatch")) is not None:
        if not matches(match, etag):
            return "If-Match"
    elif (unmodified := req.get(f"{prefix}IfUnmodifiedSince")) is not None and int(modified) > unmodified:
        return "If-Unmodified-Since"
    if (none := req.get(f"{prefix}IfNoneMatch")) is not None:
        if matches(none, etag):
            return "If-None-Match"
    elif (since := req.get(f"{prefix}IfModifiedSince")) is not None and int(modified) <= since:
        return "If-Modified-Since"
    return None


def check_write(req: Mapping[str, Any], key: str, etag: str | None) -> None:
    """Check If-Match and If-None-Match of a write against the ETag of the current object, None where there is none.

    Raises:
        AwsError: PreconditionFailed; NoSuchKey for If-Match without an object; NotImplemented for If-None-Match with
            anything but `*`, as on AWS.
    """
    none, match = req.get("IfNoneMatch"), req.get("IfMatch")
    if none is not None:
        if none.strip() != "*":
            raise errors.not_implemented("If-None-Match")
        if etag is not None:
            raise errors.precondition_failed("If-None-Match")
    if match is not None:
        if etag is None:
            raise errors.no_such_key(key)
        if not matches(match, etag):
            raise errors.precondition_failed("If-Match")
