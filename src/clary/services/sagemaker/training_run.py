"""One run of one training job: what the queue's jobs of kind `sagemaker.training` do.

The run walks the job through its secondary statuses, acting on S3 and CloudWatch Logs as the job's execution role, and
records the outcome in the transaction that ends the queue's job. A run that a crash cut short is begun anew in another
folder; what it had put into S3 is overwritten.
"""

import asyncio
import secrets
import shutil
from contextlib import suppress
from dataclasses import replace
from typing import Any

from clary.jobs.folder import JobFolder
from clary.jobs.program import Exit, LaunchError, Network, Process, Program, StopRequest
from clary.jobs.queue import Job
from clary.services._base.context import Context
from clary.services.sagemaker import execution_role, images
from clary.services.sagemaker.channels import Download
from clary.services.sagemaker.errors import JobFailure
from clary.services.sagemaker.execution_role import ExecutionRole
from clary.services.sagemaker.log_stream import LogStream
from clary.services.sagemaker.metrics import Metrics
from clary.services.sagemaker.models import TrainingJob
from clary.services.sagemaker.training_inputs import HOST, config_files, environment
from clary.services.sagemaker.training_jobs import load_training_job
from clary.services.sagemaker.training_outputs import failure_of, upload
from clary.wire.errors import AwsError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
#: Seconds between SIGTERM and SIGKILL, as on AWS.
_GRACE = 120.0
#: How much longer than a job may run its credentials last.
_SLACK = 3600.0
#: What ends a job -> its last StatusMessage.
_ENDINGS = {
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class _Stopped(Exception):  # noqa: N818
    """The job was stopped before its program ran."""


class TrainingRun:
    """One attempt at one training job. `ctx` is SageMaker's own, `job` the queue's, `training` the record at first."""

    def __init__(self, ctx: Context, job: Job, stop: StopRequest, training: TrainingJob) -> None:
        self._ctx = ctx
        self._job = job
        self._stop = stop
        self._training = training
        # The program sees `ml` below it; its archives lie beside that. A name of its own, since the job's may be taken
        # by another one while this one is still removing its folder.
        self._path = ctx.platform.work_dir / "training" / f"{training.name}-{secrets.token_hex(4)}"
        self._folder = JobFolder(self._path / "ml")
        self._metrics = Metrics(training.request["AlgorithmSpecification"].get("MetricDefinitions", ()))

    async def run(self) -> None:
        """Do the job, record how it ended, and remove its folder, whatever happens."""
        try:
            await self._end(*await self._outcome())
        finally:
            with suppress(OSError):
                await self._folder.remove()
            await asyncio.to_thread(shutil.rmtree, self._path, ignore_errors=True)

    async def _outcome(self) -> tuple[str, str | None]:
        """Do the job; return the secondary status in which it ends, and its FailureReason."""
        try:
            return await self._train(), None
        except JobFailure as failure:
            return "Failed", failure.reason
        except _Stopped:
            return "Stopped", None

    async def _train(self) -> str:
        """Return the secondary status in which the job ends.

        Raises:
            JobFailure: it failed.
            _Stopped: it was stopped before its program ran.
        """
        role = await self._assume()
        log = LogStream(role.client("logs"), LOG_GROUP, f"{self._training.name}/{HOST}-{int(self._training.created)}")
        begun = self._training.secondary_status != "Starting"
        await self._move(
            ("Restarting", "Restarting the training job")
            if begun
            else ("Starting", "Preparing the instances for training"),
            ("Downloading", "Downloading input data"),
            started=self._ctx.now(),
        )
        await self._unless_stopped(asyncio.gather(self._prepare(role), log.open()))
        ending = await self._execute(role, log)
        await self._move(("Uploading", "Uploading generated training model"))
        await upload(role.client("s3"), self._training, self._folder)
        return ending

    async def _assume(self) -> ExecutionRole:
        try:
            return await execution_role.assume(self._ctx.platform, self._ctx.scope, self._training.request["RoleArn"])
        except AwsError as error:
            raise JobFailure(f"ClientError: {error.message}") from error

    async def _prepare(self, role: ExecutionRole) -> None:
        """Make the folder that the program sees as /opt/ml, and fill its channels."""
        await asyncio.to_thread(self._make_folder)
        download = Download(role.client("s3"), self._ctx.region, role.arn)
        await download.channels(self._training.request.get("InputDataConfig", ()), self._folder.data)

    def _make_folder(self) -> None:
        self._folder.create()
        for name, document in config_files(self._training).items():
            self._folder.write_config(name, document)

    async def _execute(self, role: ExecutionRole, log: LogStream) -> str:
        """Run the program to its end, or until it is stopped or its time is over; return what that makes of the job."""
        training = ("Training", "Training image download completed. Training in progress.")
        try:
            process, _ = await asyncio.gather(
                self._ctx.platform.runner.start(self._program(role)), self._move(training)
            )
        except LaunchError as error:
            raise JobFailure(f"ClientError: {error}") from error
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(process, log))
                ending, exit_ = await self._wait(process)
        except BaseException:
            process.terminate(0)
            raise
        await log.close()
        if ending == "Completed" and exit_.code != 0:
            raise JobFailure(await asyncio.to_thread(failure_of, self._folder, exit_, log.last_line))
        return ending

    def _program(self, role: ExecutionRole) -> Program:
        request = self._training.request
        algorithm = images.resolve(request["AlgorithmSpecification"]["TrainingImage"]).algorithm
        variables = environment(self._training, algorithm, self._ctx.region)
        return Program(
            name=HOST,
            root=self._folder.root,
            entry="clary.ml.container:train",
            warm="ml",
            env={**variables, **role.variables(request["StoppingCondition"]["MaxRuntimeInSeconds"] + _SLACK)},
            network=Network.NONE if request["EnableNetworkIsolation"] else Network.HOST,
        )

    async def _read(self, process: Process, log: LogStream) -> None:
        async for lines in process.batches():
            await log.write(lines)
            for line in lines:
                self._metrics.read(line.text, line.at)

    async def _wait(self, process: Process) -> tuple[str, Exit]:
        seconds = self._training.request["StoppingCondition"]["MaxRuntimeInSeconds"]
        exited, stopped = asyncio.ensure_future(process.wait()), asyncio.ensure_future(self._stop.event.wait())
        try:
            await asyncio.wait({exited, stopped}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if exited.done():
                return "Completed", exited.result()
            process.terminate(_GRACE)
            return "Stopped" if stopped.done() else "MaxRuntimeExceeded", await exited
        finally:
            exited.cancel()
            stopped.cancel()

    async def _unless_stopped(self, working: asyncio.Future[Any]) -> None:
        """Wait for what is under way, but break it off when the job is stopped.

        Raises:
            _Stopped: it was.
        """
        stopped = asyncio.ensure_future(self._stop.event.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                raise _Stopped
            working.result()
        finally:
            stopped.cancel()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def _move(self, *transitions: tuple[str, str], **changes: Any) -> None:
        """Record the next secondary statuses with their messages.

        A job that is being stopped shows no other than Uploading, and one that has ended none.
        """
        async with self._ctx.state.write() as writer:
            training = await load_training_job(writer, self._training.name)
            for status, message in transitions:
                if not training.ended and (training.status != "Stopping" or status == "Uploading"):
                    training = training.moved(status, message, self._ctx.now())
            await writer.update(training.KIND, replace(training, **changes).to_record())

    async def _end(self, ending: str, reason: str | None) -> None:
        """Record the outcome. A job that was asked to stop ends as Stopped, however its program took it."""
        async with self._ctx.state.write() as writer:
            training = await load_training_job(writer, self._training.name)
            if training.status == "Stopping":
                ending, reason = "Stopped", None
            ended = training.moved(ending, _ENDINGS[ending], self._ctx.now())
            ended = replace(ended, failure_reason=reason, metrics=self._metrics.final())
            await writer.update(ended.KIND, ended.to_record())
            await self._ctx.platform.queue.finish(writer.sql, self._job)


async def run_training(ctx: Context, job: Job, stop: StopRequest) -> None:
    """Run a training job, unless its record says that nothing is left to do."""
    record = await ctx.state.get(TrainingJob.KIND, job.key)
    if record is not None and not (training := TrainingJob.from_record(record)).ended:
        await TrainingRun(ctx, job, stop, training).run()


async def fail_training(ctx: Context, job: Job) -> None:
    """Record that a job failed through a fault of ours."""
    async with ctx.state.write() as writer:
        training = await load_training_job(writer, job.key)
        if not training.ended:
            failed = training.moved("Failed", _ENDINGS["Failed"], ctx.now())
            reason = "InternalServerError: We encountered an internal error. Please try again."
            await writer.update(failed.KIND, replace(failed, failure_reason=reason).to_record())
