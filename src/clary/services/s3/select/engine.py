"""A run of the engine: its program, the socket between, and what it says.

The protocol is described in `clary.ml.select.program`, which runs in the job process and is never imported here.
"""

import asyncio
import contextlib
import logging
import socket
import struct
import tempfile
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from clary.jobs.folder import JobFolder
from clary.jobs.model_socket import bindable
from clary.jobs.program import LaunchError, Limits, Network, Process, Program, Runner
from clary.wire.errors import AwsError

logger = logging.getLogger(__name__)

_WARM = "sql"
_MODULES = ("duckdb", "clary.ml.select.program")
_SOCKET = "select.sock"
_HEAD = struct.Struct(">cI")
_MEMORY = 2 * 2**30
#: What DuckDB takes of that before it uses the disk.
_SETTINGS = {"Threads": 2, "Memory": "768MB"}


class Frame(NamedTuple):
    """One thing that the engine says; `kind` is a letter."""

    kind: str
    payload: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The payload of every kind but records."""
        document: dict[str, Any] = orjson.loads(self.payload)
        return document


async def run(
    runner: Runner, work_dir: Path, order: dict[str, Any], head: bytes, body: AsyncIterable[bytes]
) -> AsyncGenerator[Frame, None]:
    """Do an order and yield what the engine says, its figures last. Nothing of it is left when the iterator is closed.

    Raises:
        AwsError: what the engine found wrong, or that it cannot run or was ended.
    """
    folder = JobFolder(Path(tempfile.mkdtemp(prefix="select-", dir=work_dir)))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(folder.remove)
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK))
        with bindable(str(folder.root / _SOCKET)) as path:
            listener.bind(path)
        listener.listen(1)
        process = await _start(runner, folder.root)
        stack.push_async_callback(_end, process)
        output: deque[str] = deque(maxlen=20)
        _in_background(stack, _keep_output(process, output))
        connection = await _accept(listener, process)
        if connection is not None:
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            stack.callback(writer.close)
            _in_background(stack, _feed(writer, order | _SETTINGS, head, body))
            async for frame in _frames(reader):
                if frame.kind == "E":
                    error = frame.document
                    raise AwsError(error["code"], error["message"], 500 if error["code"] == "InternalError" else 400)
                yield frame
                if frame.kind == "F":
                    return
        ending = await process.wait()
        logger.error("an engine of SelectObjectContent ended with code %d: %s", ending.code, "\n".join(output))
        if ending.out_of_memory:
            raise AwsError("Busy", "The query takes more memory than there is for it.", 503)
        raise AwsError("InternalError", "Encountered an internal error.", 500)


async def _start(runner: Runner, root: Path) -> Process:
    await runner.prewarm(_WARM, _MODULES)
    program = Program(
        "select",
        root,
        entry="clary.ml.select.program:main",
        warm=_WARM,
        network=Network.NONE,
        limits=Limits(memory=_MEMORY),
    )
    try:
        return await runner.start(program)
    except LaunchError as error:
        raise AwsError("InternalError", f"The engine does not start: {error}", 500) from error


async def _end(process: Process) -> None:
    process.terminate(0)
    await process.wait()


async def _accept(listener: socket.socket, process: Process) -> socket.socket | None:
    """Return the program's connection, None when it ended without one."""
    accepting = asyncio.ensure_future(asyncio.get_running_loop().sock_accept(listener))
    ending = asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait([accepting, ending], return_when=asyncio.FIRST_COMPLETED)
        return accepting.result()[0] if accepting.done() else None
    finally:
        accepting.cancel()
        ending.cancel()


async def _keep_output(process: Process, kept: deque[str]) -> None:
    async for lines in process.batches():
        kept.extend(line.text for line in lines)


async def _feed(writer: asyncio.StreamWriter, order: dict[str, Any], head: bytes, body: AsyncIterable[bytes]) -> None:
    """Send the order and the object, as fast as they are taken; the program may have enough before the end."""
    with contextlib.suppress(ConnectionError):
        for payload in (orjson.dumps(order), head):
            writer.write(_HEAD.pack(b"O", len(payload)) + payload)
        try:
            async for chunk in body:
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            raise
        except Exception:
            logger.exception("an object could not be read to its end")
            writer.transport.abort()  # or else the engine would take what came for the whole
            return
        writer.write_eof()


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[Frame]:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            yield Frame(kind.decode(), await reader.readexactly(length))


def _in_background(stack: contextlib.AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Have a coroutine run until the stack is left."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.wait([task])

    stack.push_async_callback(end)
