"""The contract of `BlobStore`. A further backend is one more parameter of `make`."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from clary.state.blob_format import BLOCK
from clary.state.blobs import BlobStore
from clary.state.files import FileBlobStore

Make = Callable[[], BlobStore]


@pytest.fixture(params=["files"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Return a function that opens the same store again."""
    return {"files": lambda: FileBlobStore(tmp_path / "blobs")}[request.param]


@pytest.fixture
async def blobs(make: Make) -> AsyncIterator[BlobStore]:
    store = make()
    await store.open()
    yield store
    await store.close()


async def put(store: BlobStore, *chunks: bytes, keep: bool = True) -> str:
    writer = store.create()
    for chunk in chunks:
        await writer.write(chunk)
    blob_id = await writer.finish()
    if keep:
        store.keep(blob_id)
    return blob_id


async def get(store: BlobStore, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(blob_id, start, end)])


def knows(*ids: str) -> Callable[[Sequence[str]], Awaitable[set[str]]]:
    async def live(asked: Sequence[str]) -> set[str]:
        return set(ids).intersection(asked)

    return live


async def exists(store: BlobStore, blob_id: str) -> bool:
    try:
        return await store.size(blob_id) >= 0
    except KeyError:
        return False


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK + 7])
async def test_blob_comes_back_as_it_was_written(blobs: BlobStore, size: int) -> None:
    data = random.randbytes(size)
    cuts = [0, *sorted(random.randrange(size + 1) for _ in range(9)), size]
    blob_id = await put(blobs, *(data[start:end] for start, end in itertools.pairwise(cuts)))
    assert await blobs.size(blob_id) == size
    assert await get(blobs, blob_id) == data


async def test_ranges(blobs: BlobStore) -> None:
    size = 6 * BLOCK + 100
    data = random.randbytes(size)
    blob_id = await put(blobs, data)
    edges = [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 1, 6 * BLOCK, size - 1, size, size + 5]
    for start in edges:
        for end in [*edges, None]:
            assert await get(blobs, blob_id, start, end) == data[start:end]


async def test_blob_that_is_not_there(blobs: BlobStore) -> None:
    for call in (blobs.size("0" * 32), get(blobs, "0" * 32)):
        with pytest.raises(KeyError):
            await call


async def test_blob_is_readable_before_it_is_kept(blobs: BlobStore) -> None:
    blob_id = await put(blobs, b"abc", keep=False)
    assert await get(blobs, blob_id) == b"abc"
    blobs.keep(blob_id)
    assert await get(blobs, blob_id) == b"abc"


async def test_aborted_blob_leaves_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    for chunks in ([], [b"abc"], [bytes(BLOCK)] * 9):
        writer = blobs.create()
        for chunk in chunks:
            await writer.write(chunk)
        await writer.abort()
    finished = blobs.create()
    await finished.write(b"abc")
    blob_id = await finished.finish()
    await finished.abort()
    assert not await exists(blobs, blob_id)
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


async def test_cancelled_write_can_be_aborted(blobs: BlobStore, tmp_path: Path) -> None:
    writer = blobs.create()

    begun = asyncio.Event()

    async def write() -> None:
        for number in itertools.count():
            await writer.write(bytes(BLOCK))
            if number == 20:
                begun.set()

    task = asyncio.create_task(write())
    await begun.wait()
    assert any((tmp_path / "blobs").rglob("incoming/*"))
    task.cancel()
    await asyncio.wait([task])
    await writer.abort()
    assert not any((tmp_path / "blobs").rglob("incoming/*"))


async def test_discarded_blob_is_read_to_its_end_by_who_began(blobs: BlobStore, make: Make) -> None:
    data = random.randbytes(20 * BLOCK)
    blob_id = await put(blobs, data)
    pieces = aiter(blobs.read(blob_id))
    found = await anext(pieces)
    blobs.discard([blob_id])
    assert found + b"".join([piece async for piece in pieces]) == data
    await blobs.close()
    again = make()
    await again.open()
    assert not await exists(again, blob_id)
    await again.close()


async def test_readers_and_writers_side_by_side(blobs: BlobStore) -> None:
    async def round_trip(number: int) -> None:
        data = random.randbytes(number * BLOCK // 3)
        blob_id = await put(blobs, data)
        found = await asyncio.gather(*(get(blobs, blob_id) for _ in range(3)))
        assert found == [data] * 3
        blobs.discard([blob_id])

    await asyncio.gather(*(round_trip(number) for number in range(24)))


async def test_reader_that_stops_early(blobs: BlobStore) -> None:
    blob_id = await put(blobs, bytes(20 * BLOCK))
    for _ in range(5):
        pieces = blobs.read(blob_id)
        await anext(aiter(pieces))
        await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(await get(blobs, blob_id)) == 20 * BLOCK


async def test_recover_keeps_what_was_committed_and_removes_the_rest(make: Make) -> None:
    before = make()
    await before.open()
    kept = await put(before, b"kept")
    committed = await put(before, b"committed", keep=False)
    lost = await put(before, b"lost", keep=False)
    torn = before.create()
    for _ in range(9):
        await torn.write(bytes(BLOCK))
    await before.close()
    after = make()
    await after.open()
    assert await after.recover(knows(kept, committed)) == 2
    assert await get(after, kept) + await get(after, committed) == b"keptcommitted"
    assert not await exists(after, lost)
    assert await after.recover(knows(kept, committed)) == 0
    await after.close()


async def test_recover_leaves_the_blobs_of_this_process_alone(blobs: BlobStore) -> None:
    writer = blobs.create()
    await writer.write(bytes(9 * BLOCK))
    finished = await put(blobs, b"abc", keep=False)
    assert await blobs.recover(knows()) == 0
    assert len(await get(blobs, await writer.finish())) == 9 * BLOCK
    assert await get(blobs, finished) == b"abc"


async def test_sweep_removes_what_a_crash_kept_from_being_discarded(blobs: BlobStore) -> None:
    ids = [await put(blobs, b"%d" % number) for number in range(20)]
    assert await blobs.recover(knows()) == 0  # all moves are done
    provisional = await put(blobs, b"abc", keep=False)
    assert await blobs.sweep(knows(*ids[:5])) == 15
    assert [await exists(blobs, blob_id) for blob_id in ids] == [True] * 5 + [False] * 15
    assert await exists(blobs, provisional)


async def test_verify_finds_nothing_wrong(blobs: BlobStore) -> None:
    await put(blobs, bytes(3 * BLOCK))
    await put(blobs, b"abc", keep=False)
    blobs.create()
    assert [found async for found in blobs.verify()] == []


async def test_closing_twice(make: Make) -> None:
    store = make()
    await store.open()
    await store.close()
    await store.close()
