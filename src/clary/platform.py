"""What the server gives its services: state, jobs, the clock, and each other's public API in-process."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

from clary.jobs.hosts import Hosts
from clary.jobs.program import Runner
from clary.jobs.queue import Queue
from clary.services._base.context import Client, Context, new_id
from clary.services._base.credentials import TokenSealer
from clary.services._base.principal import Principal
from clary.services._base.service import Service
from clary.state.blobs import BlobStore
from clary.state.clock import Clock
from clary.state.database import Database
from clary.state.record_store import RecordStore
from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError
from clary.wire.operation import Operation
from clary.wire.types import HttpRequest, RequestBody

T = TypeVar("T")

#: Serves one operation.
Method = Callable[[Context, dict[str, Any]], Awaitable[dict[str, Any] | None]]


class Chunks:
    """A request body that an iterator of chunks makes."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return the chunks."""
        return self._chunks

    async def read(self, limit: int) -> bytes:
        """Join the chunks."""
        data = b"".join([chunk async for chunk in self._chunks])
        return await WholeBody(data).read(limit)


def as_body(value: Any) -> RequestBody:
    """Wrap what an in-process caller passes for a streaming member: bytes, text, chunks, or a body already."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return WholeBody(bytes(value))
    return value if hasattr(value, "read") else Chunks(aiter(value))


def as_parsed(value: Any) -> Any:
    """Put a caller's Python values into the form that `Operation.parse` gives: times as floats."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {key: as_parsed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_parsed(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class InProcessClient:
    """Another service's operations as awaitable methods; what `ctx.client(name)` returns."""

    services: "Services"
    service: str
    caller: Context

    def __getattr__(self, method: str) -> Callable[..., Awaitable[dict[str, Any]]]:
        """Return the operation as a coroutine function that takes the input as keywords."""

        async def call(**params: Any) -> dict[str, Any]:
            operation = self.services.catalog.operation_for_method(self.service, method)
            stream = operation.streaming_input
            request = {name: as_body(value) if name == stream else as_parsed(value) for name, value in params.items()}
            ctx = self.services.context(self.service, self.caller.scope, self.caller.principal)
            return await self.services.call(ctx, operation, request)

        return call


class Services:
    """The services by name, each loaded when it is first asked for."""

    def __init__(self, table: Mapping[str, str], catalog: Catalog, platform: "ServerPlatform") -> None:
        self.table = table
        self.catalog = catalog
        self.platform = platform
        platform.services = self
        self._loaded: dict[str, Service] = {}
        self._loading: dict[str, asyncio.Lock] = {}
        self._methods: dict[Operation, Method] = {}

    async def get(self, name: str) -> Service | None:
        """Return the service, started, or None when Clary does not have it."""
        if name in self._loaded:
            return self._loaded[name]
        if name not in self.table:
            return None
        async with self._loading.setdefault(name, asyncio.Lock()):
            if name not in self._loaded:
                self._loaded[name] = await self._load(name)
        return self._loaded[name]

    async def _load(self, name: str) -> Service:
        module, _, class_name = self.table[name].partition(":")
        service: Service = getattr(importlib.import_module(module), class_name)(self.platform)
        await self.platform.database.migrate(service.migrations)
        await service.start()
        return service

    async def stop(self) -> None:
        """Stop what was loaded, the last one first."""
        for service in reversed(self._loaded.values()):
            await service.stop()

    async def call(self, ctx: Context, operation: Operation, params: dict[str, Any]) -> dict[str, Any]:
        """Serve one call, from outside or in-process: validate, authorize, then the service's method."""
        method = self._methods.get(operation) or await self._find(operation)
        operation.validate(params)
        await authorize(ctx, operation, params)
        return await method(ctx, params) or {}

    async def _find(self, operation: Operation) -> Method:
        service = await self.get(operation.service)
        method: Method | None = getattr(service, operation.method, None)
        if method is None:
            text = f"Clary does not implement {operation.name} of {operation.service} yet."
            raise AwsError("NotImplemented", text, 501)
        self._methods[operation] = method
        return method

    def context(
        self, service: str, scope: str, principal: Principal, request_id: str = "", http: HttpRequest | None = None
    ) -> Context:
        """Return the context of one call to `service`."""
        account, _, region = scope.partition("/")
        return Context(
            account=account,
            region=region,
            principal=principal,
            request_id=request_id or new_id(),
            state=self.platform.records.scoped(service, scope),
            platform=self.platform,
            http=http,
        )


async def authorize(ctx: Context, operation: Operation, params: dict[str, Any]) -> None:
    """May the caller do this? The place of IAM's policies in a call's way, from outside or in-process.

    # Differs from AWS: every authenticated caller of the account may do everything; policies are kept, not enforced.
    """


class ServerPlatform:
    """The `Platform` of a running server."""

    def __init__(
        self,
        *,
        account: str,
        region: str,
        work_dir: Path,
        clock: Clock,
        database: Database,
        records: RecordStore,
        blobs: BlobStore,
        queue: Queue,
        runner: Runner,
        hosts: Hosts,
        sealer: TokenSealer,
    ) -> None:
        self.account = account
        self.region = region
        self.endpoint_url = ""
        self.work_dir = work_dir
        self.clock = clock
        self.database = database
        self.records = records
        self.blobs = blobs
        self.queue = queue
        self.runner = runner
        self.hosts = hosts
        self.sealer = sealer
        self.services: Services
        self._shared: dict[type, object] = {}

    def context(self, service: str, scope: str, principal: Principal) -> Context:
        """Return a context for work of `service` that no request carries."""
        return self.services.context(service, scope, principal)

    def client(self, service: str, caller: Context) -> Client:
        """Return a service's public API for calls that the principal of `caller` makes in its scope."""
        return InProcessClient(self.services, service, caller)

    def shared(self, kind: type[T]) -> T:
        """Return the one object of this class that the server has, made when first asked for."""
        if kind not in self._shared:
            self._shared[kind] = kind()
        return cast("T", self._shared[kind])

    def variables(self, scope: str, credentials: dict[str, Any]) -> dict[str, str]:
        """Return the environment by which a program reaches the platform, with credentials as STS spells them."""
        region = scope.partition("/")[2]
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            # Some operations' hosts have a prefix, and `sync-127.0.0.1` is no host.
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }
