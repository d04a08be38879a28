"""A whole Clary in a thread of this process, for tests."""

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from clary.app import App
from clary.config import Settings
from clary.state.clock import Clock, SystemClock
from clary.wire.server import Listener

T = TypeVar("T")


@cache
def _models() -> Any:
    """Return the one loader of botocore's models: reading them is most of what making a client costs."""
    import botocore.loaders  # noqa: PLC0415  - heavy, and a server does without

    return botocore.loaders.create_loader()


class Server:
    """A running server; a context manager. `endpoint_url`, `access_key_id` and `secret_access_key` are what a client
    needs.

    It listens on a free port of loopback and keeps everything in `data_dir`; a second server on the same folder, after
    the first has ended, goes on where that one stopped.
    """

    def __init__(self, data_dir: Path, clock: Clock | None = None) -> None:
        self.settings = Settings.load(environ={}, data_dir=data_dir, port=0)
        self.clock = clock or SystemClock()
        self.port = 0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="clary", daemon=True)

    @property
    def endpoint_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def client(self, service: str, **arguments: Any) -> Any:
        """Return a boto3 client with the root credentials."""
        import boto3  # noqa: PLC0415  - only tests have it
        import botocore.session  # noqa: PLC0415  - heavy, and a server does without

        arguments = {"region_name": self.settings.region, **arguments}
        bare = botocore.session.Session()
        bare.register_component("data_loader", _models())
        session = boto3.session.Session(
            botocore_session=bare,
            aws_access_key_id=arguments.pop("aws_access_key_id", self.settings.access_key_id),
            aws_secret_access_key=arguments.pop("aws_secret_access_key", self.settings.secret_access_key),
            aws_session_token=arguments.pop("aws_session_token", None),
        )
        return session.client(service, endpoint_url=self.endpoint_url, **arguments)

    async def _start(self) -> None:
        self.app = App(self.settings, self.clock)
        self._listener = Listener(self.app.handle, "127.0.0.1", 0, now=self.clock.now)
        await self._listener.start()
        self.port = self._listener.port
        await self.app.start(self.endpoint_url)

    async def _stop(self) -> None:
        await self._listener.stop(grace=5)
        await self.app.stop()
