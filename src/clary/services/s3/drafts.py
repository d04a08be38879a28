"""What a request says of the object that it makes: content headers, user metadata, storage class, tags."""

from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from clary.services._base.context import Context
from clary.services.s3 import errors
from clary.services.s3.extras import read_extra
from clary.services.s3.models import NULL_VERSION, STANDARD, Version, dump
from clary.services.s3.names import encode_key
from clary.wire.errors import AwsError

_CONTENT = ("CacheControl", "ContentDisposition", "ContentLanguage", "Expires", "WebsiteRedirectLocation")
_DEFAULT_TYPE = "binary/octet-stream"
_REDIRECTS = ("/", "http://", "https://")
_METADATA_BYTES = 2048
_STORAGE_CLASSES = frozenset(
    {
        STANDARD,
        "REDUCED_REDUNDANCY",
        "STANDARD_IA",
        "ONEZONE_IA",
        "INTELLIGENT_TIERING",
        "GLACIER",
        "DEEP_ARCHIVE",
        "GLACIER_IR",
    }
)


def draft(ctx: Context, req: Mapping[str, Any]) -> Version:
    """Return the object that a request makes, but for its bytes and its place among the versions.

    Raises:
        AwsError: KeyTooLongError, InvalidURI, MetadataTooLarge, InvalidStorageClass, InvalidTag.
    """
    return Version(
        key=encode_key(req["Key"]),
        rank=0,
        version=NULL_VERSION,
        modified=ctx.now(),
        size=0,
        etag="",
        storage_class=read_storage_class(req),
        checksum=None,
        headers=read_headers(req),
        extra=read_extra(ctx, req),
        inline=None,
        content=None,
        data=None,
    )


def read_headers(req: Mapping[str, Any]) -> str:
    """Return the headers to keep as a JSON document of GetObject's members.

    Raises:
        AwsError: MetadataTooLarge, InvalidRedirectLocation.
    """
    redirect = req.get("WebsiteRedirectLocation")
    if redirect is not None and not redirect.startswith(_REDIRECTS):
        raise errors.invalid_redirect()
    kept: dict[str, Any] = {"ContentType": req.get("ContentType") or _DEFAULT_TYPE}
    for name in _CONTENT:
        if name in req:
            kept[name] = req[name]
    if encoding := _without_framing(req.get("ContentEncoding", "")):
        kept["ContentEncoding"] = encoding
    if metadata := req.get("Metadata"):
        kept["Metadata"] = _checked(metadata)
    return dump(kept)


def read_storage_class(req: Mapping[str, Any]) -> str:
    """Return the storage class to keep.

    Raises:
        AwsError: InvalidStorageClass.
    """
    name: str = req.get("StorageClass", STANDARD)
    if name not in _STORAGE_CLASSES:
        message = "The storage class you specified is not valid"
        raise AwsError("InvalidStorageClass", message, StorageClassRequested=name)
    return name


def _without_framing(encoding: str) -> str:
    """Return a Content-Encoding without `aws-chunked`, which tells of the request and not of the object."""
    if "aws-chunked" not in encoding:
        return encoding
    return ",".join(part.strip() for part in encoding.split(",") if part.strip() != "aws-chunked")


def _checked(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return user metadata as it is kept: names in lower case, values decoded. Responses encode them again."""
    plain = {name.lower(): _plain(value) for name, value in metadata.items()}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in plain.items())
    if size > _METADATA_BYTES:
        raise errors.metadata_too_large(size, _METADATA_BYTES)
    return plain


def _plain(value: str) -> str:
    """Return what a header's value means: it came as UTF-8 bytes, read as Latin-1, or as encoded words, or is plain."""
    if not value.isascii():
        try:
            return value.encode("latin-1").decode()
        except UnicodeError:
            return value
    if "=?" in value:
        try:
            return str(make_header(decode_header(value)))
        except (HeaderParseError, UnicodeError, LookupError):
            return value
    return value
