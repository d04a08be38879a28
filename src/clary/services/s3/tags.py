"""Tags: what they may be, and how they are written."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from clary.services.s3 import errors
from clary.wire.errors import AwsError

OBJECT_TAGS = 10
BUCKET_TAGS = 50

_TEXT = re.compile(r"[\w\s+\-=.:/@]*")
_KEY_LENGTH = 128
_VALUE_LENGTH = 256


def read_tag_set(tag_set: Iterable[Mapping[str, str]], most: int) -> dict[str, str]:
    """Return the tags of a TagSet.

    Raises:
        AwsError: InvalidTag; BadRequest: more than `most`.
    """
    return _checked([(tag["Key"], tag["Value"]) for tag in tag_set], most)


def read_tag_header(header: str) -> dict[str, str]:
    """Return the tags of an `x-amz-tagging` header, which is written as a query string.

    Raises:
        AwsError: InvalidArgument, InvalidTag, BadRequest.
    """
    try:
        pairs = parse_qsl(header, keep_blank_values=True, errors="strict")
    except ValueError:
        pairs = []
    if header and (not pairs or len({key for key, _ in pairs}) < len(pairs)):
        message = (
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates."
        )
        raise errors.argument(message, "x-amz-tagging", header)
    return _checked(pairs, OBJECT_TAGS)


def tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as a TagSet."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _checked(pairs: list[tuple[str, str]], most: int) -> dict[str, str]:
    tags = dict(pairs)
    if len(tags) < len(pairs):
        raise errors.invalid_tag("Cannot provide multiple Tags with the same key")
    if len(tags) > most:
        what = "Object" if most == OBJECT_TAGS else "Bucket"
        raise AwsError("BadRequest", f"{what} tags cannot be greater than {most}")
    for key, value in pairs:
        if not 1 <= len(key) <= _KEY_LENGTH or not _TEXT.fullmatch(key):
            raise errors.invalid_tag("The TagKey you have provided is invalid")
        if key.startswith("aws:"):
            raise errors.invalid_tag("System tags cannot be added/updated by requester")
        if len(value) > _VALUE_LENGTH or not _TEXT.fullmatch(value):
            raise errors.invalid_tag("The TagValue you have provided is invalid")
    return tags
