"""What an operation is given besides its input."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from clary.jobs.hosts import Hosts
from clary.jobs.program import Runner
from clary.jobs.queue import Queue
from clary.services._base.credentials import TokenSealer
from clary.services._base.principal import Principal
from clary.state.blobs import BlobStore
from clary.state.clock import Clock
from clary.state.database import Database
from clary.state.store import Store
from clary.wire.types import HttpRequest

T = TypeVar("T")


class Client(Protocol):
    """Another service's public API, in-process: `await ctx.client("s3").get_object(Bucket=..., Key=...)`.

    Same names, input and output as boto3's client, but awaited, and a payload is bytes or an async iterator of bytes.
    Calls are validated and authorized as if they had come from outside. Errors come as `AwsError`.
    """

    def __getattr__(self, operation: str) -> Callable[..., Awaitable[dict[str, Any]]]: ...


class Platform(Protocol):
    """What the server gives its services for as long as it runs."""

    account: str
    region: str
    #: Where programs reach this server (`http://127.0.0.1:4566`).
    endpoint_url: str
    #: Folder in which job folders are made.
    work_dir: Path
    clock: Clock
    database: Database
    blobs: BlobStore
    queue: Queue
    runner: Runner
    hosts: Hosts
    #: Issues and opens temporary credentials.
    sealer: TokenSealer

    def context(self, service: str, scope: str, principal: Principal) -> "Context":
        """Return a context for work of `service` that no request carries; `scope` is `account/region`."""
        ...

    def client(self, service: str, caller: "Context") -> Client:
        """Return a service's public API for calls that the principal of `caller` makes in its scope."""
        ...

    def shared(self, kind: type[T]) -> T:
        """Return the one object of this class that the server has, made when first asked for: what a service and its
        runtime (`sagemaker`, `sagemaker-runtime`) both need in memory."""
        ...

    def variables(self, scope: str, credentials: dict[str, Any]) -> dict[str, str]:
        """Return the environment by which a program reaches the platform, with credentials as STS spells them."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """One call: who makes it, where, and what it may use.

    `state` is the service's records in this account and region. `http` is the request as it came, None for a call made
    in-process.
    """

    account: str
    region: str
    principal: Principal
    request_id: str
    state: Store
    platform: Platform
    http: HttpRequest | None = None

    def client(self, service: str) -> Client:
        """Return another service's public API; its calls are made by this call's principal."""
        return self.platform.client(service, self)

    @property
    def scope(self) -> str:
        """`account/region`, the scope of this call's records and jobs."""
        return f"{self.account}/{self.region}"

    def now(self) -> float:
        """Return the time in seconds since the epoch, to the millisecond.

        That is how AWS describes times: a filter by a time that was described compares with what is stored.
        """
        return round(self.platform.clock.now(), 3)

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """Return `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`; pass `""` for a part that the service leaves empty."""
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:aws:{service}:{region}:{account}:{resource}"


def new_id() -> str:
    """Return a fresh random id in the form of a UUID."""
    digits = os.urandom(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
