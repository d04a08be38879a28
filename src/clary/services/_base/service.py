"""The base class of a service."""

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from clary.services._base.context import Platform
from clary.services._base.principal import Principal
from clary.state.database import Migration
from clary.wire.claim import Claim
from clary.wire.types import HttpRequest, HttpResponse

#: Says who signed a text, by what a form claims of it. Raises AwsError where the signature does not hold.
Identify = Callable[[Claim, str], Awaitable[Principal]]


class Service:
    """One AWS service: `name` is botocore's directory name; each operation is an `async def` method called by
    `xform_name`.

    `async def create_stream(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]`: `req` is parsed and validated
    and keeps AWS's spelling; the result is spelled as boto3 returns it. Methods run on the event loop and must not
    block it.

    Operations are grouped by noun into mixin classes of their own files; the service composes them. A public coroutine
    method that names no operation fails a test (tests/shape). An operation without a method answers NotImplemented
    (501).

    A method's docstring may hold one line that begins with `Approximate:` or `Recorded:` and says how it differs;
    without one the operation is real. The reference is generated from these lines.
    """

    name: ClassVar[str]
    migrations: ClassVar[Sequence[Migration]] = ()

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    async def preflight(self, request: HttpRequest, path: str) -> HttpResponse | None:
        """Answer an OPTIONS request, by which a browser asks what a page of another origin may do (CORS).

        `path` has the bucket in it, wherever the request has it. None: the service knows of no such thing.
        """
        return None

    async def form(self, request: HttpRequest, path: str, region: str, identify: Identify) -> HttpResponse | None:
        """Answer a posted form (multipart/form-data) that is signed in its fields; `path` as above.

        None: the service takes no forms there.
        """
        return None

    async def share(self, request: HttpRequest, path: str, response: HttpResponse) -> None:
        """Add to a response, an error's too, what lets a page of another origin read it. The request has an Origin."""

    async def start(self) -> None:
        """Register job kinds and put right what the last run left. Called once, before the first operation."""

    async def stop(self) -> None:
        """Let go of everything. Called once, at shut-down."""
