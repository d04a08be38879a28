"""The composition root: puts wire, state, jobs and services together. Only what starts a server imports it."""

import asyncio
import hashlib
from collections.abc import Mapping

from clary.config import Settings
from clary.gateway import Gateway
from clary.identity import Identity
from clary.jobs.database_queue import DatabaseQueue
from clary.jobs.process_hosts import ProcessHosts
from clary.jobs.process_runner import ProcessRunner
from clary.platform import ServerPlatform, Services
from clary.services._base.credentials import TokenSealer
from clary.state.backends import open_database
from clary.state.clock import Clock, SystemClock
from clary.state.files import FileBlobStore
from clary.state.record_store import RecordStore
from clary.wire.catalog import Catalog
from clary.wire.types import HttpRequest, HttpResponse

#: Every service that Clary has: botocore's name → where its class is. Loaded when first asked for.
SERVICES: Mapping[str, str] = {
    "iam": "clary.services.iam.service:Iam",
    "logs": "clary.services.logs.service:Logs",
    "s3": "clary.services.s3.service:S3",
    "sagemaker": "clary.services.sagemaker.service:SageMaker",
    "sagemaker-runtime": "clary.services.sagemaker.service:SageMakerRuntime",
    "sts": "clary.services.sts.service:Sts",
}
#: Loaded at start whatever happened before: IAM makes the execution role, S3 puts right what a crash left.
ALWAYS = ("iam", "s3")


class App:
    """A whole Clary without its socket: `start`, then `handle` answers requests, then `stop`."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        clock = clock or SystemClock()
        data_dir = settings.data_dir
        work_dir = data_dir / "jobs"
        database = open_database(settings.database_url or data_dir / "clary.db")
        sealer = TokenSealer(hashlib.sha256(settings.master_key.encode()).digest())
        runner = ProcessRunner(clock, hidden=[data_dir])
        self.platform = ServerPlatform(
            account=settings.account,
            region=settings.region,
            work_dir=work_dir,
            clock=clock,
            database=database,
            records=RecordStore(database),
            blobs=FileBlobStore(data_dir / "blobs"),
            queue=DatabaseQueue(database, clock, shared=settings.database_url is not None),
            runner=runner,
            hosts=ProcessHosts(runner),
            sealer=sealer,
        )
        catalog = Catalog()
        self.services = Services(SERVICES, catalog, self.platform)
        identity = Identity(settings, clock, sealer, self.platform.records)
        self.gateway = Gateway(catalog, self.services, identity, settings.region)
        self._ready = asyncio.Event()

    async def start(self, endpoint_url: str) -> None:
        """Open the state, take up what an earlier run left, and answer requests from then on.

        `endpoint_url` is where programs that run here reach this server.
        """
        platform = self.platform
        platform.endpoint_url = endpoint_url
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        # What an earlier run left there is for the services to judge: endpoints come back from the models there.
        platform.work_dir.mkdir(exist_ok=True)
        await platform.database.open()
        await platform.database.migrate([*RecordStore.migrations, *DatabaseQueue.migrations])
        await platform.blobs.open()
        for name in ALWAYS:
            await self.services.get(name)
        for kind in await platform.queue.live_kinds():
            await self.services.get(kind.partition(".")[0])
        await platform.queue.start()
        self._ready.set()

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        if not self._ready.is_set():
            return HttpResponse(503, [("Retry-After", "1")])
        return await self.gateway.handle(request)

    async def stop(self) -> None:
        """Stop jobs and hosts (the next start takes them up), then close the state."""
        platform = self.platform
        self._ready.clear()
        await platform.queue.close()
        await platform.hosts.close()
        await self.services.stop()
        await platform.runner.close()
        await platform.blobs.close()
        await platform.database.close()
