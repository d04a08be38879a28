"""`clary up`: the server, in the foreground."""

import argparse
import asyncio
import errno
import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvloop

from clary.app import App
from clary.cli.failure import Failure
from clary.cli.lock import Held, ServerLock, find_server
from clary.cli.place import load_settings
from clary.config import Settings
from clary.state.clock import SystemClock
from clary.wire.authority import Authority
from clary.wire.proxy import Proxy
from clary.wire.server import Listener

log = logging.getLogger(__name__)

#: Seconds that requests under way have to end in after SIGTERM.
GRACE = 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def main(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    level = logging.INFO if options.verbose else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = load_settings(options)
    lock = ServerLock(settings.data_dir)
    try:
        lock.acquire()
    except Held:
        holder = find_server(settings.data_dir)
        who = f"another server ({holder.url}, pid {holder.pid})" if holder is not None else "another server"
        raise Failure(f"{who} uses the data directory {settings.data_dir}") from None
    uvloop.run(serve(settings, lock, any_port=options.any_port, for_run=options.for_run))
    return 0


async def serve(settings: Settings, lock: ServerLock, *, any_port: bool, for_run: bool) -> None:
    """Start everything, say so, wait for a signal, stop everything."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    clock = SystemClock()
    with starting():
        app = App(settings, clock)
    authority = Authority(settings.data_dir / "authority", clock.now)
    proxy = Proxy(authority, upstream=settings.upstream_proxy, relay=settings.host in LOOPBACK)
    listener = Listener(app.handle, settings.host, settings.port, now=clock.now, tunnel=proxy.tunnel)
    await bind(listener, any_port=any_port)
    here = "127.0.0.1" if settings.host in {"0.0.0.0", "::", ""} else settings.host  # noqa: S104  - compared only
    url = f"http://{f'[{here}]' if ':' in here else here}:{listener.port}"
    try:
        with starting():
            await app.start(url)
        # What start-up made stays for good: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        lock.publish(url, for_run=for_run)
        with suppress(BrokenPipeError):
            print(f"Clary is ready at {url} (data in {settings.data_dir})", flush=True)
        await ended.wait()
    finally:
        lock.withdraw()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, os._exit, 128 + number)
        await listener.stop(GRACE)
        await proxy.stop()
        await app.stop()


@contextmanager
def starting() -> Iterator[None]:
    """Make what goes wrong at the start one line; with --verbose it is told in full."""
    try:
        yield
    except Exception as error:
        if log.isEnabledFor(logging.INFO):
            raise
        raise Failure(f"cannot start: {type(error).__name__}: {error} (--verbose shows where)") from error


async def bind(listener: Listener, *, any_port: bool) -> None:
    """Listen, on a free port where `any_port` and the one asked for is taken."""
    try:
        await listener.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE and any_port:
            listener.port = 0
            await listener.start()
        elif error.errno == errno.EADDRINUSE:
            text = f"port {listener.port} is in use; choose another with --port, or end the program that listens there"
            raise Failure(text) from error
        else:
            raise Failure(f"cannot listen on {listener.host}:{listener.port}: {error.strerror or error}") from error
