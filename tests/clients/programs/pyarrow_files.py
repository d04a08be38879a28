"""pyarrow's own S3 file system (the C++ SDK), and data sets on it. Takes a bucket."""

import os
import sys

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

MIB = 2**20


def read_and_write(s3: fs.S3FileSystem, root: str) -> None:
    data = bytes(range(256)) * (12 * MIB // 256)
    with s3.open_output_stream(f"{root}/large", metadata={"Content-Type": "text/plain", "who": "me"}) as stream:
        stream.write(data)
    with s3.open_input_file(f"{root}/large") as file:
        assert file.size() == len(data)
        assert file.read_at(1000, 7 * MIB + 3) == data[7 * MIB + 3 : 7 * MIB + 1003]
        assert file.read() == data
    with s3.open_input_stream(f"{root}/large") as stream:
        assert stream.metadata()["Content-Type"] == b"text/plain"
    s3.copy_file(f"{root}/large", f"{root}/copy of ü")
    s3.move(f"{root}/copy of ü", f"{root}/moved")
    found = s3.get_file_info([f"{root}/large", f"{root}/moved", f"{root}/copy of ü"])
    assert [each.size for each in found] == [len(data), len(data), None]
    with s3.open_output_stream(f"{root}/empty"):
        pass
    assert s3.get_file_info(f"{root}/empty").size == 0


def make_folders(s3: fs.S3FileSystem, root: str) -> None:
    s3.create_dir(f"{root}/a/b/c", recursive=True)
    with s3.open_output_stream(f"{root}/a/b/file") as stream:
        stream.write(b"12345")
    found = s3.get_file_info(fs.FileSelector(f"{root}/a", recursive=True))
    kinds = {each.path.removeprefix(f"{root}/a/"): each.type for each in found}
    assert kinds == {"b": fs.FileType.Directory, "b/c": fs.FileType.Directory, "b/file": fs.FileType.File}
    s3.delete_dir(f"{root}/a/b/c")
    s3.delete_dir_contents(f"{root}/a")
    assert [each.path for each in s3.get_file_info(fs.FileSelector(f"{root}/a", recursive=True))] == []
    s3.delete_dir(f"{root}/a")


def use_datasets(s3: fs.S3FileSystem, root: str) -> None:
    table = pa.table({"number": range(10_000), "kind": [f"k={number % 3} ü" for number in range(10_000)]})
    ds.write_dataset(table, f"{root}/set", format="parquet", partitioning=["kind"], filesystem=s3)
    stored = ds.dataset(f"{root}/set", partitioning=["kind"], filesystem=s3)
    assert sorted(stored.to_table(filter=ds.field("kind") == "k=1 ü")["number"].to_pylist()) == list(
        range(1, 10_000, 3)
    )
    pq.write_table(table, f"{root}/one.parquet", filesystem=s3)
    assert pq.read_table(f"{root}/one.parquet", filesystem=s3) == table
    s3.delete_dir(f"{root}/set")


if __name__ == "__main__":
    bucket = sys.argv[1]

    s3 = fs.S3FileSystem(endpoint_override=os.environ["AWS_ENDPOINT_URL"], allow_bucket_creation=True)
    s3.create_dir(f"{bucket}-made")
    read_and_write(s3, f"{bucket}-made/here")
    make_folders(s3, bucket)
    use_datasets(s3, bucket)
    s3.delete_dir_contents(f"{bucket}-made")
