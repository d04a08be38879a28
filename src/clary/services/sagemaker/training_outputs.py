"""What a training job leaves behind: its artefacts in S3, or why it failed."""

import asyncio

from clary.jobs.folder import JobFolder
from clary.jobs.program import Exit
from clary.services._base.context import Client
from clary.services.sagemaker import archive, s3_files
from clary.services.sagemaker.errors import JobFailure
from clary.services.sagemaker.models import TrainingJob
from clary.services.sagemaker.s3_uri import S3Uri
from clary.wire.errors import AwsError

_OUT_OF_MEMORY = (
    "ClientError: Please use an instance type with more memory, "
    "or reduce the size of job data processed on an instance."
)


async def upload(s3: Client, training: TrainingJob, folder: JobFolder) -> None:
    """Put the model, and what the program left in `output/data`, below the job's S3OutputPath.

    Raises:
        JobFailure: S3 does not take them.
    """
    output = training.request["OutputDataConfig"]
    target = S3Uri.parse(output["S3OutputPath"]).child(f"{training.name}/output")
    try:
        for name, files in (("model", folder.model), ("output", folder.output)):
            if output["CompressionType"] == "GZIP":
                # Not in the program's own folder, where it could have put a link in our way.
                packed = folder.root.with_name(f"{name}.tar.gz")
                if await asyncio.to_thread(archive.pack, files, packed):
                    await s3_files.store(s3, packed, target.child(packed.name))
            else:
                for path in await asyncio.to_thread(archive.files_below, files):
                    await s3_files.store(s3, path, target.child(f"{name}/{path.relative_to(files)}"))
    except AwsError as error:
        reason = f"Unable to upload to {target} ({error.code}: {error.message})"
        raise JobFailure(f"ClientError: Artifact upload failed:{reason}") from error


def failure_of(folder: JobFolder, exit_: Exit, last_line: str) -> str:
    """Return the FailureReason of a program that ended with another exit code than 0. Blocks.

    It is what the program wrote into `output/failure`, else the last line of its log. A text that does not say whose
    fault it is is the algorithm's.
    """
    if exit_.out_of_memory:
        return _OUT_OF_MEMORY
    text = folder.failure_reason() or last_line
    if not text.startswith(("ClientError:", "AlgorithmError:")):
        text = f"AlgorithmError: {text}"
    ending = f", exit code: {exit_.code}"
    return text[: 1024 - len(ending)] + ending
