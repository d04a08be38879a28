"""A training job's input channels: from S3 into `/opt/ml/input/data`."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from clary.services._base.context import Client
from clary.services.sagemaker import s3_files
from clary.services.sagemaker.errors import JobFailure
from clary.services.sagemaker.models import Document
from clary.services.sagemaker.s3_uri import S3Uri
from clary.wire.errors import AwsError

#: Objects on their way at once.
_PARALLEL = 8
_LARGEST_MANIFEST = 64 * 1_048_576


@dataclass(frozen=True, slots=True)
class Download:
    """Downloads for one job: `s3` is its role's client; `region` and `role_arn` are named where something fails."""

    s3: Client
    region: str
    role_arn: str

    async def channels(self, channels: list[Document], folder: Path) -> None:
        """Fill `folder`/NAME for each entry of InputDataConfig.

        Raises:
            JobFailure: a bucket or an object is missing or refused, a prefix matches nothing, a name cannot be a file.
        """
        for channel in channels:
            source = channel["DataSource"]["S3DataSource"]
            await self.data(source["S3Uri"], source["S3DataType"], folder / channel["ChannelName"])

    async def data(self, uri: str, data_type: str, folder: Path) -> None:
        """Fill `folder` with what the URI, a prefix or a manifest, stands for; it exists even when that fails.

        Raises:
            JobFailure: as `channels`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        source = S3Uri.parse(uri)
        objects = self._manifest(source) if data_type == "ManifestFile" else self._prefix(source)
        try:
            found = await self._objects(source.bucket, objects, folder)
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        if not found:
            raise self._nothing_found(source)

    async def _objects(self, bucket: str, objects: AsyncIterator[tuple[str, str]], folder: Path) -> int:
        """Download several at a time and return how many there were."""
        places = asyncio.Semaphore(_PARALLEL)
        count = 0
        async with asyncio.TaskGroup() as tasks:
            async for key, path in objects:
                await places.acquire()
                download = tasks.create_task(self._object(S3Uri(bucket, key), folder, path))
                download.add_done_callback(lambda _: places.release())
                count += 1
        return count

    async def _prefix(self, prefix: S3Uri) -> AsyncIterator[tuple[str, str]]:
        """Yield key and path of each object."""
        try:
            async for key in s3_files.list_keys(self.s3, prefix):
                yield key, prefix.local_path(key)
        except AwsError as error:
            raise self._nothing_found(prefix, error) from error

    async def _manifest(self, manifest: S3Uri) -> AsyncIterator[tuple[str, str]]:
        """Yield key and path of each object that a manifest names: `[{"prefix": "s3://..."}, "path", ...]`."""
        try:
            answer = await self.s3.get_object(Bucket=manifest.bucket, Key=manifest.key)
        except AwsError as error:
            raise _cannot_download(manifest, error) from error
        try:
            first, *paths = json.loads(await _read(answer["Body"]))
            prefix = S3Uri.parse(first["prefix"])
            entries = [(prefix.key + path, path) for path in paths]
        except (ValueError, TypeError, KeyError, RecursionError, AwsError) as error:
            text = 'Its content must be of the form [{"prefix": "s3://bucket/prefix/"}, "relative/path", ...]'
            raise _download_failed(f"The manifest {manifest} is not valid. {text}.") from error
        if prefix.bucket != manifest.bucket:
            raise _download_failed(f"The manifest {manifest} names another bucket, {prefix.bucket}.")
        for entry in entries:
            yield entry

    async def _object(self, source: S3Uri, folder: Path, path: str) -> None:
        for illegal in ("//", "/../", "/./"):
            if illegal in f"/{path}/":
                raise _download_failed(
                    f"Failed to download data. S3 key: {source} has an illegal char sub-sequence '{illegal}' in it"
                )
        try:
            await s3_files.fetch(self.s3, source, folder / PurePosixPath(path))
        except AwsError as error:
            raise _cannot_download(source, error) from error
        except (OSError, ValueError) as error:  # a key may be no file name: too long, a folder's, with a NUL
            why = error.strerror if isinstance(error, OSError) else error
            raise _download_failed(f"Failed to write {source}: {why}") from error

    def _nothing_found(self, uri: S3Uri, error: AwsError | None = None) -> JobFailure:
        why = f" Error message from S3: {error.message}" if error else ""
        return _download_failed(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({self.region}), that objects exist under that S3 prefix, and that the "
            f'role "{self.role_arn}" has "s3:ListBucket" permissions on bucket "{uri.bucket}".{why}'
        )


async def _read(body: bytes | AsyncIterator[bytes]) -> bytes:
    if isinstance(body, bytes):
        return body
    data = bytearray()
    async for chunk in body:
        data += chunk
        if len(data) > _LARGEST_MANIFEST:
            raise ValueError("the manifest is too large")
    return bytes(data)


def _cannot_download(source: S3Uri, error: AwsError) -> JobFailure:
    return _download_failed(f"Unable to download object {source} ({error.code}: {error.message})")


def _download_failed(reason: str) -> JobFailure:
    return JobFailure(f"ClientError: Data download failed:{reason}")
