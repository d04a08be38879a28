"""Files to and from S3, through the public API and with the permissions of the role whose client it is."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from clary.services._base.context import Client
from clary.services.sagemaker.s3_uri import S3Uri

#: Less than this is written without a thread: handing it over would cost more than the page cache takes.
_SMALL = 65_536
_CHUNK = 4 * 1_048_576


async def list_keys(s3: Client, prefix: S3Uri) -> AsyncIterator[str]:
    """Yield the keys that begin with the prefix, in order, leaving out folders' placeholders (`data/`).

    Raises:
        AwsError: NoSuchBucket, AccessDenied.
    """
    page: dict[str, Any] = {"IsTruncated": True}
    arguments = {"Bucket": prefix.bucket, "Prefix": prefix.key}
    while page["IsTruncated"]:
        page = await s3.list_objects_v2(**arguments)
        arguments["ContinuationToken"] = page.get("NextContinuationToken", "")
        for entry in page.get("Contents", ()):
            if not entry["Key"].endswith("/"):
                yield entry["Key"]


async def fetch(s3: Client, source: S3Uri, path: Path) -> None:
    """Write an object to a file, making its folder.

    Raises:
        AwsError: NoSuchBucket, NoSuchKey, AccessDenied.
        OSError: the file cannot be written.
    """
    answer = await s3.get_object(Bucket=source.bucket, Key=source.key)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = answer["Body"]
    if isinstance(body, bytes):
        await asyncio.to_thread(path.write_bytes, body)
        return
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in body:
            if len(chunk) < _SMALL:
                file.write(chunk)
            else:
                await asyncio.to_thread(file.write, chunk)


async def store(s3: Client, path: Path, target: S3Uri) -> None:
    """Put a file into S3.

    Raises:
        AwsError: NoSuchBucket, AccessDenied.
    """
    size = path.stat().st_size
    body: Any = await asyncio.to_thread(path.read_bytes) if size <= _CHUNK else _chunks(path)
    await s3.put_object(Bucket=target.bucket, Key=target.key, Body=body, ContentLength=size)


async def _chunks(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
