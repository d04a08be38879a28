"""Byte ranges of a read."""

import re

from clary.services.s3 import errors

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the `[start, end)` that a Range header asks of `size` bytes, None for all of them.

    As S3 does, a header that is malformed, or that lists several ranges, is ignored.

    Raises:
        AwsError: InvalidRange: no byte of it exists.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if header is None or match is None:
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= size:
        raise errors.invalid_range(header, size)
    return start, end


def parse_copy_range(header: str, size: int) -> tuple[int, int]:
    """Return the `[start, end)` of a CopySourceRange, which names both ends, and both within the source.

    Raises:
        AwsError: InvalidArgument.
    """
    match = _RANGE.fullmatch(header)
    if match is None or not all(match.groups()):
        message = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise errors.argument(message, "x-amz-copy-source-range", header)
    start, end = int(match[1]), int(match[2]) + 1
    if start >= end or end > size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise errors.argument(message, "x-amz-copy-source-range", header)
    return start, end
