"""The contract of `Log`, and what files add to it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from clary.state import log_files
from clary.state.blobs import Corrupt
from clary.state.file_log import FileLog
from clary.state.log import Entry, Log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


@pytest.fixture
async def log(folder: Path) -> AsyncIterator[Log]:
    log = FileLog(folder)
    await log.open()
    yield log
    await log.close()


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "SEGMENT_BYTES", 1000)


def numbered(start: int, stop: int, size: int = 1) -> list[tuple[float, bytes]]:
    return [(float(number), b"%d" % number * size) for number in range(start, stop)]


def entries(start: int, stop: int, size: int = 1) -> list[Entry]:
    return [Entry(number, at, data) for number, (at, data) in enumerate(numbered(start, stop, size), start)]


async def reopened(folder: Path) -> FileLog:
    log = FileLog(folder)
    await log.open()
    return log


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*/*.log"))


async def test_appended_entries_are_read_in_order(log: Log) -> None:
    assert await log.append("a/b c\N{SNOWMAN}", numbered(0, 3)) == 0
    assert await log.append("a/b c\N{SNOWMAN}", numbered(3, 5)) == 3
    assert await log.append("a/b c\N{SNOWMAN}", []) == 5
    assert await log.read("a/b c\N{SNOWMAN}", 0, 100) == entries(0, 5)
    assert await log.read("a/b c\N{SNOWMAN}", 2, 2) == entries(2, 4)
    assert await log.read("a/b c\N{SNOWMAN}", 5, 2) == []
    assert await log.tail("a/b c\N{SNOWMAN}") == 5


async def test_log_that_does_not_exist_reads_as_empty(log: Log, folder: Path) -> None:
    assert await log.read("a", 0, 10) == []
    assert (await log.head("a"), await log.tail("a"), await log.seek_time("a", 1.0)) == (0, 0, 0)
    await log.trim("a", 10)
    await log.delete("a")
    assert segments(folder) == []


async def test_entries_of_any_size_survive_reopening(log: Log, folder: Path) -> None:
    new = [(random.random(), random.randbytes(size)) for size in (0, 1, 65_535, 65_536, 65_537, 3_000_000, 0)]
    await log.append("a", new)
    await log.close()
    again = await reopened(folder)
    assert [(at, data) for _, at, data in await again.read("a", 0, 100)] == new
    assert await again.append("a", new[:1]) == 7
    await again.close()


async def test_concurrent_appends_share_flushes_and_keep_their_entries_together(log: Log) -> None:
    batches = [[(float(number), b"%d/%d" % (number, part)) for part in range(3)] for number in range(200)]
    firsts = await asyncio.gather(*(log.append("a", batch) for batch in batches))
    assert sorted(firsts) == list(range(0, 600, 3))
    for first, batch in zip(firsts, batches, strict=True):
        assert [(at, data) for _, at, data in await log.read("a", first, 3)] == batch


async def test_read_is_bounded_by_bytes_but_gives_one_entry(log: Log) -> None:
    await log.append("a", [(0.0, bytes(10))] * 5)
    assert len(await log.read("a", 0, 100, max_bytes=25)) == 2
    assert len(await log.read("a", 0, 100, max_bytes=50)) == 5
    assert len(await log.read("a", 0, 100, max_bytes=1)) == 1


@pytest.mark.usefixtures("small_segments")
async def test_reads_go_on_through_segments(log: Log, folder: Path) -> None:
    for number in range(0, 500, 10):
        await log.append("a", numbered(number, number + 10, 10))
    assert len(segments(folder)) > 10
    await log.close()
    again = await reopened(folder)
    assert await again.read("a", 0, 1000) == entries(0, 500, 10)
    assert await again.read("a", 333, 2) == entries(333, 335, 10)
    await again.close()


@pytest.mark.usefixtures("small_segments")
async def test_seek_time_finds_the_first_that_is_late_enough(log: Log) -> None:
    times = [float(at) for at in (5, 3, 9, 7, 7, 20, 1, 30)]
    for at in times:
        await log.append("a", [(at, bytes(400))])
    for at in (0.0, 4.0, 5.0, 6.0, 9.5, 20.0, 21.0, 31.0):
        expected = next((number for number, time in enumerate(times) if time >= at), len(times))
        assert await log.seek_time("a", at) == expected


@pytest.mark.usefixtures("small_segments")
async def test_trim_gives_back_segments_and_keeps_numbers(log: Log, folder: Path) -> None:
    for number in range(0, 100, 10):
        await log.append("a", numbered(number, number + 10, 50))
    await log.trim("a", 55)
    head = await log.head("a")
    assert 45 <= head <= 55
    assert await log.read("a", 0, 1000) == entries(head, 100, 50)
    await log.trim("a", 100)
    assert (await log.head("a"), await log.tail("a")) == (100, 100)
    assert sum(path.stat().st_size for path in segments(folder)) < 100
    await log.close()
    again = await reopened(folder)
    assert await again.append("a", [(0.0, b"next")]) == 100
    await again.close()


async def test_deleted_log_begins_anew(log: Log, folder: Path) -> None:
    await log.append("a", numbered(0, 5))
    await log.delete("a")
    assert await log.read("a", 0, 10) == []
    assert await log.append("a", numbered(0, 2)) == 0
    assert await log.read("a", 0, 10) == entries(0, 2)
    await log.close()
    assert list((folder / "trash").iterdir()) == []


async def test_sweep_removes_logs_that_nobody_knows(log: Log) -> None:
    for name in ("a", "b", "c"):
        await log.append(name, numbered(0, 2))

    async def live(names: Sequence[str]) -> set[str]:
        return {"b"}.intersection(names)

    assert await log.sweep(live) == 2
    assert [await log.tail(name) for name in "abc"] == [0, 2, 0]


async def test_many_logs_keep_no_descriptors(log: Log) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    await asyncio.gather(*(log.append(f"{number}", numbered(0, 1)) for number in range(300)))
    assert await log.read("7", 0, 1) == entries(0, 1)
    assert await log.append("7", numbered(1, 2)) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 150


@pytest.mark.parametrize("keep", [0, 1, 30, 60, 100, -1])
async def test_torn_end_is_cut_off(log: Log, folder: Path, keep: int) -> None:
    await log.append("a", numbered(0, 5))
    (path,) = segments(folder)
    whole = path.stat().st_size
    await log.append("a", numbered(5, 9, 20))
    await log.close()
    with path.open("r+b") as file:
        file.truncate(whole + keep if keep >= 0 else path.stat().st_size + keep)
    again = await reopened(folder)
    assert await again.read("a", 0, 100) == entries(0, 5)
    assert await again.append("a", numbered(5, 6)) == 5
    assert await again.read("a", 0, 100) == entries(0, 6)
    await again.close()


async def test_torn_first_append_leaves_nothing(log: Log, folder: Path) -> None:
    await log.append("a", numbered(0, 5))
    await log.close()
    for size in (30, 5, 0):
        with segments(folder)[0].open("r+b") as file:
            file.truncate(size)
        again = await reopened(folder)
        assert await again.tail("a") == 0
        assert await again.append("a", numbered(0, 2)) == 0
        assert await again.read("a", 0, 100) == entries(0, 2)
        await again.close()


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("which", [0, -1])
async def test_damage_is_reported_and_what_lies_behind_is_read(log: Log, folder: Path, which: int) -> None:
    for number in range(40):
        await log.append("a", numbered(number, number + 1, 20))
    await log.close()
    path = segments(folder)[which]
    first = int(path.stem)
    data = bytearray(path.read_bytes())
    data[data.index(b"%d" % (first + 2) * 20)] ^= 1
    path.write_bytes(data)
    again = await reopened(folder)
    assert await again.read("a", first, 100) == entries(first, first + 2, 20)
    with pytest.raises(Corrupt, match=f"entry {first + 2} "):
        await again.read("a", first + 2, 100)
    assert await again.read("a", first + 3, 100) == entries(first + 3, 40, 20)
    assert await again.tail("a") == 40
    await again.close()


async def test_append_on_a_full_disk_appends_nothing(log: Log, folder: Path, file_limit: Callable[[int], Any]) -> None:
    await log.append("a", numbered(0, 3))
    file_limit(100_000)
    with pytest.raises(OSError, match="too large"):
        await log.append("a", [(0.0, bytes(70_000))] * 3)
    with pytest.raises(OSError, match="too large"):
        await log.append("b", [(0.0, bytes(200_000))])
    assert await log.append("a", numbered(3, 5)) == 3
    assert await log.append("b", numbered(0, 1)) == 0
    await log.close()
    again = await reopened(folder)
    assert await again.read("a", 0, 100) == entries(0, 5)
    assert await again.read("b", 0, 100) == entries(0, 1)
    await again.close()


async def test_cancelled_append_does_not_disturb_the_others(log: Log) -> None:
    tasks = [asyncio.create_task(log.append("a", numbered(number, number + 1))) for number in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in done] == [int] * 3 + [asyncio.CancelledError] + [int] * 16
    assert await log.append("a", []) == await log.tail("a") >= 19
