"""What was answered survives a power cut: of a file only what was flushed is left, and of a folder likewise."""

import os
import random
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from clary.state import log_files
from clary.state.blob_format import BLOCK
from clary.state.file_log import FileLog
from clary.state.files import FileBlobStore


class Disk:
    """Takes note of what is flushed, and can say what a power cut would leave: the least that POSIX promises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._files: dict[int, bytes] = {}
        self._folders: dict[int, dict[str, int]] = {}
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._noting(getattr(os, name)))

    def _noting(self, flush: object) -> object:
        assert callable(flush)

        def flush_and_note(file: int) -> None:
            flush(file)
            path, what = Path(f"/proc/self/fd/{file}").resolve(), os.fstat(file)
            if stat.S_ISDIR(what.st_mode):
                self._folders[what.st_ino] = {entry.name: entry.stat().st_ino for entry in path.iterdir()}
            else:
                self._files[what.st_ino] = path.read_bytes()

        return flush_and_note

    def after_power_cut(self, folder: Path, to: Path) -> Path:
        """Write what is left of `folder`, which existed before, to a new folder."""
        self._restore(folder.stat().st_ino, to)
        return to

    def _restore(self, folder: int, to: Path) -> None:
        to.mkdir()
        for name, inode in self._folders.get(folder, {}).items():
            if inode in self._files:
                (to / name).write_bytes(self._files[inode])
            else:
                self._restore(inode, to / name)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("size", [0, 100, 9 * BLOCK, 150 * BLOCK])
async def test_finished_blob_is_on_disk(disk: Disk, tmp_path: Path, size: int, kept: bool) -> None:
    (tmp_path / "data").mkdir()
    blobs = FileBlobStore(tmp_path / "data" / "blobs")
    await blobs.open()
    data = random.randbytes(size)
    writer = blobs.create()
    for start in range(0, size, 100_000):
        await writer.write(data[start : start + 100_000])
    blob_id = await writer.finish()
    if kept:
        blobs.keep(blob_id)
    await blobs.close()
    after = FileBlobStore(disk.after_power_cut(tmp_path / "data", tmp_path / "after") / "blobs")
    await after.open()

    async def live(ids: Sequence[str]) -> set[str]:
        return set(ids)

    assert await after.recover(live) == 0
    assert b"".join([piece async for piece in after.read(blob_id)]) == data
    await after.close()


async def test_appended_entries_are_on_disk(disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "SEGMENT_BYTES", 1000)
    (tmp_path / "data").mkdir()
    log = FileLog(tmp_path / "data" / "logs")
    await log.open()
    for number in range(30):
        assert await log.append("a", [(0.0, b"%d" % number * 30)]) == number
        again = FileLog(disk.after_power_cut(tmp_path / "data", tmp_path / f"after {number}") / "logs")
        await again.open()
        found = await again.read("a", 0, 100)
        assert [entry.data for entry in found] == [b"%d" % each * 30 for each in range(number + 1)]
        await again.close()
    await log.trim("a", 20)
    await log.delete("b")
    await log.close()
    again = FileLog(disk.after_power_cut(tmp_path / "data", tmp_path / "after") / "logs")
    await again.open()
    assert await again.tail("a") == 30
    assert len(await again.read("a", 20, 100)) == 10
    await again.close()
