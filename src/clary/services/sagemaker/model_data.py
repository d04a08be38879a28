"""A model's files: where its container definition says they are, and how they come into `/opt/ml/model`."""

import asyncio
from pathlib import Path

from clary.services._base.context import Client
from clary.services.sagemaker import archive, s3_files
from clary.services.sagemaker.channels import Download
from clary.services.sagemaker.errors import JobFailure, model_data_not_found
from clary.services.sagemaker.models import Document
from clary.services.sagemaker.s3_uri import S3Uri
from clary.wire.errors import AwsError


def data_of(container: Document) -> Document | None:
    """Return where a container's model is, None when it needs no files.

    The result has S3Uri, S3DataType (S3Object or S3Prefix) and CompressionType (Gzip or None).
    """
    if "ModelDataUrl" in container:
        return {"S3Uri": container["ModelDataUrl"], "S3DataType": "S3Object", "CompressionType": "Gzip"}
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    return {key: source[key] for key in ("S3Uri", "S3DataType", "CompressionType")} if source else None


async def check_data(s3: Client, data: Document) -> None:
    """Make sure that there is something at that place.

    Raises:
        AwsError: there is nothing, or the role may not see it.
    """
    source = S3Uri.parse(data["S3Uri"])
    try:
        if data["S3DataType"] == "S3Object":
            await s3.head_object(Bucket=source.bucket, Key=source.key)
        elif not await anext(s3_files.list_keys(s3, source), None):
            raise model_data_not_found(data["S3Uri"])
    except AwsError as error:
        raise model_data_not_found(data["S3Uri"]) from error


async def download(source: Download, data: Document, folder: Path) -> None:
    """Put the model's files into `folder`, unpacked. What is there already stays as long as nothing overwrites it.

    Raises:
        JobFailure: the files are missing, or no archive.
    """
    uri = S3Uri.parse(data["S3Uri"])
    if data["S3DataType"] == "S3Prefix":
        await source.data(data["S3Uri"], "S3Prefix", folder)
        return
    packed = folder.with_name("model.tar.gz") if data["CompressionType"] == "Gzip" else folder / Path(uri.key).name
    try:
        await s3_files.fetch(source.s3, uri, packed)
    except AwsError as error:
        raise JobFailure(f"Could not download model data from {uri} ({error.code}: {error.message})") from error
    if data["CompressionType"] == "Gzip":
        try:
            await asyncio.to_thread(archive.unpack, packed, folder)
        except archive.BadArchive as error:
            raise JobFailure(
                f'Failed to extract model data archive from URL "{uri}" ({error}). Please ensure that the object '
                "located at the URL is a valid tar.gz archive."
            ) from error
        await asyncio.to_thread(packed.unlink)
