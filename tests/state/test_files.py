"""What files add to the contract of a blob store: damage, a full disk, the order of flushes."""

import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from clary.state.blob_format import BLOCK
from clary.state.blobs import Corrupt
from clary.state.files import FileBlobStore

SIZE = 10 * BLOCK + 50


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[FileBlobStore]:
    store = FileBlobStore(tmp_path)
    await store.open()
    yield store
    await store.close()


async def put(store: FileBlobStore, data: bytes) -> str:
    writer = store.create()
    await writer.write(data)
    return await writer.finish()


async def get(store: FileBlobStore, blob_id: str, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.read(blob_id, start, end)])


def path_of(folder: Path, blob_id: str) -> Path:
    (path,) = folder.rglob(blob_id)
    return path


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


@pytest.mark.parametrize("offset", [0, 5 * BLOCK + 1, SIZE - 1, SIZE, SIZE + 4 * 5])
async def test_flipped_bit_is_found_by_who_reads_its_block(blobs: FileBlobStore, tmp_path: Path, offset: int) -> None:
    data = random.randbytes(SIZE)
    blob_id = await put(blobs, data)
    flip(path_of(tmp_path, blob_id), offset)
    # Beyond the bytes lie their checksums.
    block = offset // BLOCK if offset < SIZE else (offset - SIZE) // 4
    found = b""
    with pytest.raises(Corrupt, match=blob_id):
        async for piece in blobs.read(blob_id):
            found += piece
    assert data.startswith(found)
    assert len(found) <= block * BLOCK
    for other in {0, 10} - {block}:
        start, end = other * BLOCK, min(SIZE, (other + 1) * BLOCK)
        assert await get(blobs, blob_id, start, end) == data[start:end]


@pytest.mark.parametrize("size", [0, 3, SIZE, -1])
async def test_torn_file_is_corrupt(blobs: FileBlobStore, tmp_path: Path, size: int) -> None:
    blob_id = await put(blobs, random.randbytes(SIZE))
    path = path_of(tmp_path, blob_id)
    with path.open("r+b") as file:
        file.truncate(size if size >= 0 else path.stat().st_size + size)
    for call in (blobs.size(blob_id), get(blobs, blob_id, 0, 1)):
        with pytest.raises(Corrupt, match=blob_id):
            await call


async def test_small_blob_that_was_damaged(blobs: FileBlobStore, tmp_path: Path) -> None:
    blob_id = await put(blobs, b"some bytes")
    flip(path_of(tmp_path, blob_id), 3)
    with pytest.raises(Corrupt, match=blob_id):
        await get(blobs, blob_id)


async def test_file_of_another_blob_is_corrupt(blobs: FileBlobStore, tmp_path: Path) -> None:
    one, other = await put(blobs, b"one"), await put(blobs, b"two")
    path_of(tmp_path, one).replace(path_of(tmp_path, other))
    with pytest.raises(Corrupt, match=other):
        await get(blobs, other)


async def test_verify_names_what_is_damaged(blobs: FileBlobStore, tmp_path: Path) -> None:
    ids = [await put(blobs, random.randbytes(SIZE)) for _ in range(3)]
    blobs.keep(ids[0])
    flip(path_of(tmp_path, ids[1]), 7 * BLOCK)
    again = FileBlobStore(tmp_path)
    await again.open()
    found = [wrong async for wrong in again.verify()]
    await again.close()
    assert [(blob_id, f"byte {7 * BLOCK}" in wrong) for blob_id, wrong in found] == [(ids[1], True)]


@pytest.mark.parametrize("size", [1, 40])
async def test_full_disk_is_an_error_and_abort_cleans(
    blobs: FileBlobStore, tmp_path: Path, file_limit: Callable[[int], Any], size: int
) -> None:
    file_limit(100_000)
    writer = blobs.create()
    with pytest.raises(OSError, match="too large"):
        for _ in range(size):
            await writer.write(bytes(BLOCK))
        await writer.finish()
    await writer.abort()
    assert list((tmp_path / "incoming").iterdir()) == []
    assert await get(blobs, await put(blobs, b"small")) == b"small"
