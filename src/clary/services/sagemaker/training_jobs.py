"""Operations on training jobs. The work itself is in `training_run.py`."""

from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.sagemaker import execution_role
from clary.services.sagemaker.errors import (
    not_supported,
    training_job_ended,
    training_job_exists,
    training_job_not_found,
    training_job_running,
)
from clary.services.sagemaker.listing import list_page
from clary.services.sagemaker.models import Document, TrainingJob
from clary.services.sagemaker.s3_uri import S3Uri
from clary.services.sagemaker.tags import tags_of, write_tags
from clary.services.sagemaker.training_checks import checked
from clary.state.database import Conflict
from clary.state.store import RecordReader

#: The kind of the queue's jobs that run training jobs.
TRAINING = "sagemaker.training"


class TrainingJobs:
    """Create, describe, list, stop, update and delete training jobs."""

    async def create_training_job(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Approximate: FastFile mode downloads as File mode does; debugger, profiler and KMS settings are recorded."""
        # Differs from AWS: an input prefix without objects fails the job, where AWS refuses to create it.
        request, tags = checked(req), tags_of(req)
        await execution_role.assume(ctx.platform, ctx.scope, req["RoleArn"])
        now = ctx.now()
        job = TrainingJob(
            name=req["TrainingJobName"],
            arn=ctx.arn("sagemaker", f"training-job/{req['TrainingJobName']}"),
            status="InProgress",
            created=now,
            modified=now,
            version=1,
            request=request,
            artifacts=_artifacts(request),
        ).moved("Starting", "Starting the training job", now)
        async with ctx.state.write() as writer:
            try:
                await writer.insert(job.KIND, job.to_record())
            except Conflict as conflict:
                raise training_job_exists(job.arn) from conflict
            await write_tags(writer, job.arn, tags, now)
            await ctx.platform.queue.enqueue(writer.sql, TRAINING, scope=ctx.scope, key=job.name)
        return {"TrainingJobArn": job.arn}

    async def describe_training_job(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Describe a training job."""
        return (await load_training_job(ctx.state, req["TrainingJobName"])).describe()

    async def list_training_jobs(self, ctx: Context, req: dict[str, Any]) -> Document:
        """List training jobs."""
        # Differs from AWS: a page that is filtered by status is full; AWS takes the page first and filters it then.
        if "WarmPoolStatusEquals" in req or "TrainingPlanArnEquals" in req:
            return {"TrainingJobSummaries": []}  # no job here has a warm pool or a training plan
        jobs, token = await list_page(ctx, TrainingJob, req, default_order="Ascending")
        return {"TrainingJobSummaries": [job.summary() for job in jobs], **token}

    async def stop_training_job(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Stopping a job that is being stopped changes nothing."""
        async with ctx.state.write() as writer:
            job = await load_training_job(writer, req["TrainingJobName"])
            if job.ended:
                raise training_job_ended(job.status)
            if job.status != "Stopping":
                stopping = replace(job, status="Stopping").moved("Stopping", "Stopping the training job", ctx.now())
                await writer.update(job.KIND, stopping.to_record())
                await ctx.platform.queue.request_stop(writer.sql, TRAINING, scope=ctx.scope, key=job.name)
        return {}

    async def update_training_job(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Recorded: only ProfilerConfig can be changed, and nothing profiles."""
        for member in ("ProfilerRuleConfigurations", "ResourceConfig", "RemoteDebugConfig"):
            if req.get(member):
                raise not_supported(f"UpdateTrainingJob with {member}")
        async with ctx.state.write() as writer:
            job = await load_training_job(writer, req["TrainingJobName"])
            if job.ended:
                raise training_job_ended(job.status)
            request = {**job.request, "ProfilerConfig": req.get("ProfilerConfig", {})}
            changed = replace(job, request=request, modified=ctx.now())
            await writer.update(job.KIND, changed.to_record())
        return {"TrainingJobArn": job.arn}

    async def delete_training_job(self, ctx: Context, req: dict[str, Any]) -> Document:
        """The job's artefacts and log stay. Its name can be used again."""
        async with ctx.state.write() as writer:
            job = await load_training_job(writer, req["TrainingJobName"])
            if not job.ended:
                raise training_job_running(job.arn, job.status)
            await writer.delete(job.KIND, job.name)
            await write_tags(writer, job.arn, {}, ctx.now())
        return {}


async def load_training_job(reader: RecordReader, name: str) -> TrainingJob:
    """Return the training job.

    Raises:
        AwsError: there is none of that name.
    """
    record = await reader.get(TrainingJob.KIND, name)
    if record is None:
        raise training_job_not_found()
    return TrainingJob.from_record(record)


def _artifacts(request: Document) -> str:
    output = request["OutputDataConfig"]
    folder = S3Uri.parse(output["S3OutputPath"]).child(f"{request['TrainingJobName']}/output")
    return str(folder.child("model.tar.gz" if output["CompressionType"] == "GZIP" else "model/"))
