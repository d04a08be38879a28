"""What buckets and keys may be called (User guide, "Bucket naming rules" and "Naming Amazon S3 objects")."""

import re

from clary.services.s3 import errors

_BUCKET = re.compile(
    r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!\.mrap)(?<!--x-s3)"
)
_IPV4 = re.compile(r"\d+\.\d+\.\d+\.\d+")
_KEY_BYTES = 1024


def check_bucket_name(name: str) -> None:
    """Refuse a name that no bucket can be given.

    Raises:
        AwsError: InvalidBucketName.
    """
    if not _BUCKET.fullmatch(name) or ".." in name or ".-" in name or "-." in name or _IPV4.fullmatch(name):
        raise errors.invalid_bucket_name(name)


def encode_key(key: str) -> bytes:
    """Return a key as it is stored: its UTF-8 bytes, whose order is the order of listings.

    Raises:
        AwsError: KeyTooLongError; InvalidURI for what no UTF-8 bytes spell.
    """
    try:
        encoded = key.encode()
    except UnicodeEncodeError:
        raise errors.invalid_uri() from None
    if len(encoded) > _KEY_BYTES:
        raise errors.key_too_long(len(encoded))
    return encoded
