"""What release 0.1 wrote, byte for byte: later ones open it."""

from pathlib import Path

from clary.state.file_log import FileLog
from clary.state.files import FileBlobStore
from clary.state.log import Entry

BLOB_ID = "0123456789abcdef0123456789abcdef"
BLOB = bytes.fromhex(
    "68656c6c6f2c20626c6f62746227d6636c6172790062310123456789abcdef0123456789abcdef0b000000000000008af41229"
)
SEGMENT = bytes.fromhex(
    "636c617279006c31e6f466f700000000000000000500000061206c6f67f54c6701de36be3f1e000000000000000000000000000000"
    "00000000000000000000044002000000000000000000f83f030000006f6e6500000000000004400300000074776ff54c670111301f"
    "0811000000020000000000000002000000000000000000000000000c40010000000000000000000c40050000007468726565"
)
LOG_FOLDER = "3a/3a6e0248c0358b26e12d066c25775234"


async def test_blob_of_an_earlier_release(tmp_path: Path) -> None:
    (tmp_path / BLOB_ID[:2]).mkdir()
    (tmp_path / BLOB_ID[:2] / BLOB_ID).write_bytes(BLOB)
    blobs = FileBlobStore(tmp_path)
    await blobs.open()
    assert [piece async for piece in blobs.read(BLOB_ID)] == [b"hello, blob"]
    assert [wrong async for wrong in blobs.verify()] == []
    await blobs.close()


async def test_log_of_an_earlier_release(tmp_path: Path) -> None:
    folder = tmp_path / LOG_FOLDER
    folder.mkdir(parents=True)
    (folder / f"{0:020}.log").write_bytes(SEGMENT)
    log = FileLog(tmp_path)
    await log.open()
    assert await log.read("a log", 0, 10) == [Entry(0, 1.5, b"one"), Entry(1, 2.5, b"two"), Entry(2, 3.5, b"three")]
    assert await log.append("a log", [(4.5, b"four")]) == 3
    await log.close()
