"""What keeps one endpoint up: the queue's jobs of kind `sagemaker.endpoint`, which live as long as their endpoints.

A server that starts finds these jobs in the queue and so brings its endpoints back, from the model files that it has on
disk. New variants get hosts of their own beside those that serve, and the traffic moves once all are healthy.
"""

import asyncio
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.jobs.hosts import HostEvents, HostSpec
from clary.jobs.program import LaunchError, Line, Network, Program, StopRequest
from clary.jobs.queue import Job
from clary.services._base.context import Context
from clary.services.sagemaker import execution_role, images, model_data
from clary.services.sagemaker.channels import Download
from clary.services.sagemaker.endpoint_changes import EndpointChanges
from clary.services.sagemaker.errors import JobFailure
from clary.services.sagemaker.execution_role import ExecutionRole
from clary.services.sagemaker.log_stream import LogStream
from clary.services.sagemaker.models import Endpoint, Variant
from clary.services.sagemaker.routing import Route, Routing, Target
from clary.services.sagemaker.tags import write_tags
from clary.wire.errors import AwsError

LOG_GROUPS = "/aws/sagemaker/Endpoints"
#: How long the credentials of a model's program last: a month, renewed whenever it is deployed or the server starts.
_CREDENTIAL_SECONDS = 30 * 86_400.0


class EndpointRun:
    """The life of one endpoint. `ctx` is SageMaker's own, `job` the queue's."""

    def __init__(self, ctx: Context, job: Job, stop: StopRequest) -> None:
        self._ctx = ctx
        self._job = job
        self._stop = stop
        self._routing = ctx.platform.shared(Routing)
        self._key = (ctx.account, ctx.region, job.key)
        self._logs: dict[str, LogStream] = {}

    async def run(self) -> None:
        """Serve what is recorded as serving, deploy what is wanted, until the endpoint is deleted."""
        changes = self._ctx.platform.shared(EndpointChanges)
        changed = changes.listen(self._job.scope, self._job.key)
        try:
            await self._resume()
            while not self._stop.requested:
                changed.clear()
                endpoint = await self._load()
                if endpoint.status in {"Creating", "Updating"}:
                    await self._deploy(endpoint)
                await _first(self._stop.event, changed)
            await self._delete()
        finally:
            self._routing.drop(self._key)
            changes.forget(self._job.scope, self._job.key)

    async def _load(self) -> Endpoint:
        record = await self._ctx.state.get(Endpoint.KIND, self._job.key)
        if record is None:
            raise RuntimeError(f"the endpoint {self._job.key} has a job and no record")
        return Endpoint.from_record(record)

    async def _resume(self) -> None:
        """After a restart: serve again."""
        endpoint = await self._load()
        if endpoint.serving and not self._stop.requested:
            try:
                await self._start(endpoint.serving)
            except JobFailure as failure:
                if not endpoint.in_progress:
                    await self._record(status="Failed", failure_reason=failure.reason)
            else:
                self._route(endpoint.serving)

    async def _deploy(self, endpoint: Endpoint) -> None:
        """Start what is wanted, move the traffic there, and stop what served until now."""
        try:
            await self._start(endpoint.wanted)
        except JobFailure as failure:
            await self._discard(_apart(endpoint.wanted, endpoint.serving))
            # As on AWS, an endpoint that answers goes on as it was when its update fails.
            status = "InService" if endpoint.serving else "Failed"
            await self._record(status=status, wanted=endpoint.serving, failure_reason=failure.reason)
            return
        self._route(endpoint.wanted)
        await self._record(
            status="InService",
            config=endpoint.wanted_config,
            serving=endpoint.wanted,
            deployed=self._ctx.now(),
            failure_reason=None,
        )
        await self._discard(_apart(endpoint.serving, endpoint.wanted))

    async def _delete(self) -> None:
        endpoint = await self._load()
        self._routing.drop(self._key)
        await self._discard([*endpoint.wanted, *endpoint.serving])
        async with self._ctx.state.write() as writer:
            await writer.delete(endpoint.KIND, endpoint.name)
            await write_tags(writer, endpoint.arn, {}, self._ctx.now())
            await self._ctx.platform.queue.finish(writer.sql, self._job)

    async def _record(self, **changes: Any) -> None:
        async with self._ctx.state.write() as writer:
            record = await writer.get(Endpoint.KIND, self._job.key)
            if record is not None:
                endpoint = replace(Endpoint.from_record(record), modified=self._ctx.now(), **changes)
                await writer.update(endpoint.KIND, endpoint.to_record())

    def _route(self, variants: Iterable[Variant]) -> None:
        targets = [Target(variant.name, self._host(variant), variant.weight) for variant in variants]
        self._routing.put(self._key, Route(targets))

    def _host(self, variant: Variant) -> str:
        return _host_name(self._job, variant)

    async def _start(self, variants: Iterable[Variant]) -> None:
        """Bring hosts of all variants up.

        Raises:
            JobFailure: one of them does not come up.
        """
        for variant in variants:
            role = await self._assume(variant)
            programs = [await self._program(variant, role, number) for number in range(variant.instance_count)]
            try:
                await self._ctx.platform.hosts.ensure(
                    self._host(variant),
                    HostSpec(programs, start_seconds=variant.start_seconds),
                    HostEvents(self._write_line),
                )
            except LaunchError as error:
                raise JobFailure(
                    f"The primary container for production variant {variant.name} did not pass the ping health check. "
                    f"Please check CloudWatch logs for this endpoint. {error}"
                ) from error

    async def _assume(self, variant: Variant) -> ExecutionRole:
        try:
            return await execution_role.assume(self._ctx.platform, self._ctx.scope, variant.role_arn)
        except AwsError as error:
            raise JobFailure(error.message) from error

    async def _program(self, variant: Variant, role: ExecutionRole, number: int) -> Program:
        """Return one instance of a variant, its model on disk and its log stream there."""
        instance = f"i-{variant.revision}{number:06x}"
        log = LogStream(role.client("logs"), f"{LOG_GROUPS}/{self._job.key}", f"{variant.name}/{instance}")
        self._logs[instance] = log
        await log.open()
        return Program(
            name=instance,
            root=await self._fetch(variant, role, number),
            entry="clary.ml.container:serve",
            warm="ml",
            env={
                **variant.environment,
                "CLARY_ALGORITHM": images.resolve(variant.image).algorithm,
                **role.variables(_CREDENTIAL_SECONDS),
            },
            network=Network.NONE if variant.isolated else Network.HOST,
        )

    async def _fetch(self, variant: Variant, role: ExecutionRole, number: int) -> Path:
        """Return the folder that an instance sees as /opt/ml, with its model; it is made once and kept."""
        root = self._folder(variant) / str(number)
        if root.exists():
            return root
        making = root.with_suffix(".making")
        await asyncio.to_thread(shutil.rmtree, making, ignore_errors=True)
        await asyncio.to_thread((making / "model").mkdir, parents=True)
        if variant.data is not None:
            source = Download(role.client("s3"), self._ctx.region, role.arn)
            await model_data.download(source, variant.data, making / "model")
        return await asyncio.to_thread(making.rename, root)

    def _folder(self, variant: Variant) -> Path:
        # A short path: the socket of its server lies below it, and those of unix sockets have 107 bytes at most.
        return self._ctx.platform.work_dir / "endpoints" / variant.revision

    async def _write_line(self, instance: str, line: Line) -> None:
        await self._logs[instance].write([line])

    async def _discard(self, variants: Iterable[Variant]) -> None:
        """Stop the hosts of variants and remove their folders."""
        for variant in variants:
            await self._ctx.platform.hosts.remove(self._host(variant))
            await asyncio.to_thread(shutil.rmtree, self._folder(variant), ignore_errors=True)


async def fail_endpoint(ctx: Context, job: Job) -> None:
    """Record that an endpoint failed through a fault of ours, and stop what runs for it."""
    async with ctx.state.write() as writer:
        record = await writer.get(Endpoint.KIND, job.key)
        if record is None:
            return
        reason = "InternalServerError: We encountered an internal error. Please try again."
        failed = replace(Endpoint.from_record(record), status="Failed", failure_reason=reason)
        await writer.update(failed.KIND, failed.to_record())
    for variant in (*failed.wanted, *failed.serving):
        await ctx.platform.hosts.remove(_host_name(job, variant))


def _host_name(job: Job, variant: Variant) -> str:
    return f"{job.scope}/{job.key}/{variant.name}/{variant.revision}"


def _apart(variants: Iterable[Variant], others: Iterable[Variant]) -> list[Variant]:
    """Return the variants whose revision no other one has."""
    revisions = {other.revision for other in others}
    return [variant for variant in variants if variant.revision not in revisions]


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of them is set."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
