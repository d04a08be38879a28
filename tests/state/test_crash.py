"""What was answered survives SIGKILL at any moment, on every kind of store."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clary.state.backends import open_database
from clary.state.file_log import FileLog
from clary.state.files import FileBlobStore
from clary.state.record_store import RecordStore
from clary.state.records import Record

Acknowledge = Callable[[str], None]


def content(name: str) -> bytes:
    """Return bytes that can be told from any others, some longer than a block."""
    return random.Random(name).randbytes(400_000 if name.endswith("7") else 300)


async def write_for_ever(write: Callable[[str], Awaitable[str]], start: str) -> None:
    """Write side by side until killed; say what was answered."""

    async def one(writer: int) -> None:
        for number in range(10**9):
            answer = await write(f"{start}-{writer}-{number}")
            os.write(1, f"{answer}\n".encode())

    await asyncio.gather(*(one(writer) for writer in range(8)))


async def fill_records(folder: Path, start: str) -> None:
    database = open_database(folder / "clary.db")
    await database.open()
    await database.migrate(RecordStore.migrations)
    store = RecordStore(database).scoped("service", "scope")

    async def write(name: str) -> str:
        async with store.write() as records:
            for half in ("a", "b"):
                await records.insert("kind", Record(name + half, {"Name": name}, "Done", 0.0, 0.0))
        return name

    await write_for_ever(write, start)


async def check_records(folder: Path, answered: Sequence[str]) -> None:
    database = open_database(folder / "clary.db")
    await database.open()
    rows = await database.fetch_all("SELECT key FROM record")
    assert await database.fetch_one("PRAGMA integrity_check") == ("ok",)
    await database.close()
    keys = {str(key) for (key,) in rows}
    assert {name + half for name in answered for half in ("a", "b")} <= keys
    assert all(key[:-1] + "a" in keys and key[:-1] + "b" in keys for key in keys), "half a block"


async def fill_blobs(folder: Path, start: str) -> None:
    """Write blobs and their ids as S3 does, and remove every third again."""
    database = open_database(folder / "clary.db")
    await database.open()
    await database.migrate(RecordStore.migrations)
    store = RecordStore(database).scoped("service", "scope")
    blobs = FileBlobStore(folder / "blobs")
    await blobs.open()

    async def write(name: str) -> str:
        writer = blobs.create()
        await writer.write(content(name))
        blob_id = await writer.finish()
        async with store.write() as records:
            await records.insert("blob", Record(blob_id, {"Name": name}, "", 0.0, 0.0))
        blobs.keep(blob_id)
        if not name.endswith("3"):
            return f"{blob_id} {name}"
        async with store.write() as records:
            await records.delete("blob", blob_id)
        blobs.discard([blob_id])
        return f"{blob_id} gone"

    await write_for_ever(write, start)


async def check_blobs(folder: Path, answered: Sequence[str]) -> None:
    database = open_database(folder / "clary.db")
    await database.open()
    blobs = FileBlobStore(folder / "blobs")
    await blobs.open()
    rows = {str(key) for (key,) in await database.fetch_all("SELECT key FROM record")}

    async def live(ids: Sequence[str]) -> set[str]:
        return rows.intersection(ids)

    await blobs.recover(live)
    await blobs.sweep(live)
    for line in answered:
        blob_id, name = line.split()
        assert (blob_id in rows) == (name != "gone")
        if name != "gone":
            assert b"".join([piece async for piece in blobs.read(blob_id)]) == content(name)
    assert [wrong async for wrong in blobs.verify()] == []
    files = {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}
    assert files == rows, "neither lost nor left behind"
    await blobs.close()
    await database.close()


async def fill_log(folder: Path, start: str) -> None:
    log = FileLog(folder / "logs")
    await log.open()

    async def write(name: str) -> str:
        which = f"log {int(name.split('-')[1]) // 2}"
        first = await log.append(which, [(1.0, f"{name} {part}".encode()) for part in range(3)])
        return f"{which}|{first}|{name}"

    await write_for_ever(write, start)


async def check_log(folder: Path, answered: Sequence[str]) -> None:
    log = FileLog(folder / "logs")
    await log.open()
    for line in answered:
        which, first, name = line.split("|")
        found = await log.read(which, int(first), 3)
        assert [entry.data.decode() for entry in found] == [f"{name} {part}" for part in range(3)]
    await log.close()


KINDS: dict[str, tuple[Callable[[Path, str], Any], Callable[[Path, Sequence[str]], Any]]] = {
    "records": (fill_records, check_records),
    "blobs": (fill_blobs, check_blobs),
    "log": (fill_log, check_log),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_answered_survives_sigkill(kind: str, tmp_path: Path) -> None:
    answered: list[str] = []
    for round_number in range(3):
        child = subprocess.Popen(
            [sys.executable, __file__, kind, str(tmp_path), f"{round_number}"], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        answered.append(child.stdout.readline().decode().strip())  # it works by now
        end = time.monotonic() + random.random() / 5
        while time.monotonic() < end:
            answered.append(child.stdout.readline().decode().strip())
        child.send_signal(signal.SIGKILL)
        # A line that was cut off is not an answer.
        answered += [line.decode().strip() for line in child.stdout.readlines() if line.endswith(b"\n")]
        child.stdout.close()
        child.wait()
        asyncio.run(KINDS[kind][1](tmp_path, answered))


if __name__ == "__main__":
    asyncio.run(KINDS[sys.argv[1]][0](Path(sys.argv[2]), sys.argv[3]))
