"""SelectObjectContent."""

import asyncio
import importlib.util
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from clary.services._base.context import Context
from clary.services.s3.group import Group
from clary.services.s3.select.engine import Frame, run
from clary.services.s3.select.order import read_order, read_scan
from clary.wire.errors import AwsError

Event = dict[str, dict[str, Any]]

#: Runs at once in this server; further ones wait.
_AT_ONCE = 4
#: An error within this time is the response's; after it the response begins, and an error is an event.
_PATIENCE_SECONDS = 1.0
#: A stream that has nothing to say says so, lest the client takes it for dead.
_CONTINUE_SECONDS = 5.0
#: The first bytes of an object, where its header is, when a later range is scanned.
_HEAD_BYTES = 2**20


class Turns(asyncio.Semaphore):
    """Who may run an engine."""

    def __init__(self) -> None:
        super().__init__(_AT_ONCE)


class Select(Group):
    """The operation that queries one object."""

    async def select_object_content(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Answer with what an SQL expression gives for an object.

        Approximate: numbers that are not cast are floats; a name in JSON matches in its own spelling alone; a value of
        a JSON document has 64 MiB at most; Parquet has no scan ranges.
        """
        if importlib.util.find_spec("duckdb") is None:
            message = "SelectObjectContent needs DuckDB, which is not installed: pip install 'clary[sql]'."
            raise AwsError("NotImplemented", message, 501)
        order = read_order(req)
        events = self._events(ctx, req, order)
        try:
            first = await anext(events)
        except BaseException:
            await events.aclose()
            raise
        return {"Payload": _resumed(first, events)}

    async def _events(self, ctx: Context, req: Mapping[str, Any], order: dict[str, Any]) -> AsyncGenerator[Event, None]:
        """Yield the events, the first one once there is something to say; an error before that comes at once."""
        async with ctx.platform.shared(Turns):
            head, body = await _open(ctx, req, order)
            async with aclosing(body):
                frames = run(self.platform.runner, self.platform.work_dir, order, head, body)
                async with aclosing(frames):
                    async for event in _paced(frames):
                        yield event


async def _paced(frames: AsyncIterator[Frame]) -> AsyncIterator[Event]:
    """Yield the events of what the engine says, and others while it says nothing."""
    patience = _PATIENCE_SECONDS
    coming = asyncio.ensure_future(anext(frames))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=patience)
            if not done:
                patience = _CONTINUE_SECONDS
                yield {"Cont": {}}
                continue
            try:
                frame = coming.result()
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(frames))
            if frame.kind == "R":
                yield {"Records": {"Payload": frame.payload}}
            elif frame.kind == "P":
                yield {"Progress": {"Details": frame.document}}
            elif frame.kind == "F":
                yield {"Stats": {"Details": frame.document}}
                yield {"End": {}}
    finally:
        if not coming.done():
            coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()


async def _open(
    ctx: Context, req: Mapping[str, Any], order: dict[str, Any]
) -> tuple[bytes, AsyncGenerator[bytes, None]]:
    """Return the object's first bytes where the engine needs them besides, and the bytes to be scanned."""
    s3 = ctx.client("s3")
    names = ("Bucket", "Key", "ExpectedBucketOwner", "SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5")
    named = {name: req[name] for name in names if name in req}
    if "ScanRange" not in req:
        return b"", _chunks((await s3.get_object(**named))["Body"])
    known = await s3.head_object(**named)
    named["IfMatch"] = known["ETag"]
    scan = order["Input"]["ScanRange"] = read_scan(req, order, known["ContentLength"])
    head = b""
    if scan is not None and scan["Start"] > 0 and "CSV" in order["Input"]:
        first = _chunks((await s3.get_object(**named, Range=f"bytes=0-{_HEAD_BYTES}"))["Body"])
        head = b"".join([chunk async for chunk in first])
    begin = scan["At"] if scan is not None else 0
    return head, _chunks((await s3.get_object(**named, Range=f"bytes={begin}-"))["Body"])


async def _chunks(body: bytes | AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    if isinstance(body, bytes):
        yield body
        return
    async for chunk in body:
        yield chunk


async def _resumed(first: Event, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
    """Yield the first event again, then the others. Whoever drops this drops the others, which ends the engine."""
    yield first
    async for event in events:
        yield event
