"""s3fs: files and folders. Takes a bucket and a folder of files."""

import sys
from pathlib import Path

import s3fs

MIB = 2**20


def read_and_write(fs: s3fs.S3FileSystem, root: str) -> None:
    data = bytes(range(256)) * (11 * MIB // 256)
    with fs.open(f"{root}/large", "wb", block_size=5 * MIB) as file:  # in three parts
        for start in range(0, len(data), MIB):
            file.write(data[start : start + MIB])
    assert fs.info(f"{root}/large")["size"] == len(data)
    with fs.open(f"{root}/large", "rb", block_size=MIB) as file:
        file.seek(7 * MIB + 3)
        assert file.read(1000) == data[7 * MIB + 3 : 7 * MIB + 1003]
        file.seek(-5, 2)
        assert file.read() == data[-5:]
    assert fs.cat_ranges([f"{root}/large"] * 2, [0, -10], [10, None]) == [data[:10], data[-10:]]
    with fs.open(f"{root}/large", "ab") as file:  # copies what is there into a part
        file.write(b"more")
    assert fs.cat(f"{root}/large") == data + b"more"


def describe(fs: s3fs.S3FileSystem, root: str) -> None:
    fs.pipe(f"{root}/described", b"12345", ContentType="text/plain", Metadata={"who": "me"})
    assert fs.info(f"{root}/described")["ContentType"] == "text/plain"
    assert fs.getxattr(f"{root}/described", "who") == "me"
    fs.setxattr(f"{root}/described", copy_kwargs={"ContentType": "text/csv"}, what="this")
    assert fs.metadata(f"{root}/described") == {"who": "me", "what": "this"}
    fs.put_tags(f"{root}/described", {"colour": "red"})
    assert fs.get_tags(f"{root}/described") == {"colour": "red"}
    try:
        fs.pipe(f"{root}/described", b"again", mode="create")
    except FileExistsError:
        assert fs.cat(f"{root}/described") == b"12345"
    else:
        raise AssertionError("an object was made twice")


def move_trees(fs: s3fs.S3FileSystem, root: str, tree: Path) -> None:
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    fs.put(f"{tree}/", f"{root}/tree/", recursive=True)
    fs.copy(f"{root}/tree/", f"{root}/copied/", recursive=True)
    fs.mv(f"{root}/copied/{names[0]}", f"{root}/copied/moved")
    fs.mv(f"{root}/copied/moved", f"{root}/copied/{names[0]}")
    assert sorted(path.removeprefix(f"{root}/copied/") for path in fs.find(f"{root}/copied")) == names
    assert [path.rpartition("/")[2] for path in fs.ls(f"{root}/tree", detail=False)] == sorted(
        {path.name for path in tree.iterdir()}
    )
    fs.get(f"{root}/copied/", f"{tree}-back/", recursive=True)
    for name in names:
        assert Path(f"{tree}-back", name).read_bytes() == (tree / name).read_bytes(), name
    fs.rm(f"{root}/tree", recursive=True)
    assert not fs.exists(f"{root}/tree")


def keep_versions(fs: s3fs.S3FileSystem, bucket: str) -> None:
    fs.make_bucket_versioned(bucket)
    for text in (b"one", b"two"):
        fs.pipe(f"{bucket}/versioned", text)
    aware = s3fs.S3FileSystem(version_aware=True)
    ids = [each["VersionId"] for each in aware.object_version_info(f"{bucket}/versioned")]
    assert [aware.open(f"{bucket}/versioned", version_id=each).read() for each in ids] == [b"two", b"one"]


if __name__ == "__main__":
    bucket, tree = sys.argv[1:]
    fs = s3fs.S3FileSystem()
    read_and_write(fs, bucket)
    describe(fs, bucket)
    move_trees(fs, bucket, Path(tree))
    keep_versions(fs, bucket)
