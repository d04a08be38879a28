"""The S3 part of the AWS SDK for pandas. Takes a bucket and a folder to work in."""

import sys
from pathlib import Path

import awswrangler as wr
import pandas as pd


def use_datasets(root: str) -> None:
    frame = pd.DataFrame({"number": range(100), "kind": [f"k{number % 3}" for number in range(100)]})
    options = {"path": f"{root}/set/", "dataset": True, "partition_cols": ["kind"]}
    written = wr.s3.to_parquet(frame, **options)
    assert sorted(written["partitions_values"].values()) == [["k0"], ["k1"], ["k2"]]
    wr.s3.to_parquet(frame[:10], mode="append", **options)
    assert len(wr.s3.read_parquet(f"{root}/set/", dataset=True)) == 110
    wr.s3.to_parquet(frame[frame.kind == "k1"], mode="overwrite_partitions", **options)
    only = wr.s3.read_parquet(f"{root}/set/", dataset=True, partition_filter=lambda values: values["kind"] == "k1")
    assert sorted(only.number) == list(range(1, 100, 3))
    assert sum(len(part) for part in wr.s3.read_parquet(f"{root}/set/", dataset=True, chunked=20)) == 107
    wr.s3.merge_datasets(source_path=f"{root}/set/", target_path=f"{root}/merged/", mode="overwrite")
    assert len(wr.s3.read_parquet(f"{root}/merged/", dataset=True)) == 107
    types, partitions = wr.s3.read_parquet_metadata(f"{root}/set/", dataset=True)
    assert types == {"number": "bigint"}
    assert partitions == {"kind": "string"}


def use_texts(root: str) -> None:
    frame = pd.DataFrame({"name": ["ä, b", 'c "d"'], "value": [1.5, -2.0]})
    wr.s3.to_csv(frame, f"{root}/texts/one.csv", index=False)
    wr.s3.to_csv(frame, f"{root}/texts/two.csv", index=False)
    assert wr.s3.read_csv(f"{root}/texts/*.csv").equals(pd.concat([frame, frame], ignore_index=True))
    wr.s3.to_json(frame, f"{root}/lines.json", orient="records", lines=True)
    assert wr.s3.read_json(f"{root}/lines.json", orient="records", lines=True).equals(frame)


def use_objects(root: str, folder: Path) -> None:
    paths = [f"{root}/objects/{number:04}" for number in range(1005)]  # more than one page, and one request to delete
    for path in paths[:3]:
        wr.s3.upload(local_file=__file__, path=path)
    source, target = f"{root}/objects/", f"{root}/copies/"
    assert wr.s3.copy_objects(paths[:2], source_path=source, target_path=target) == [
        f"{target}0000",
        f"{target}0001",
    ]
    wr.s3.wait_objects_exist([f"{target}0000"])
    assert wr.s3.does_object_exist(f"{target}0001")
    assert not wr.s3.does_object_exist(f"{target}0002")
    assert wr.s3.size_objects([paths[0]]) == {paths[0]: Path(__file__).stat().st_size}
    assert wr.s3.describe_objects([paths[0]])[paths[0]]["ContentLength"] == Path(__file__).stat().st_size
    wr.s3.download(paths[0], str(folder / "back"))
    assert (folder / "back").read_bytes() == Path(__file__).read_bytes()
    assert wr.s3.list_directories(f"{root}/") == [
        f"{root}/{name}/" for name in ("copies", "merged", "objects", "set", "texts")
    ]
    assert wr.s3.list_objects(f"{root}/objects/*[12]") == paths[1:3]
    wr.s3.delete_objects(paths)  # most of which are not there
    assert wr.s3.list_objects(f"{root}/objects/") == []


if __name__ == "__main__":
    bucket, folder = sys.argv[1:]
    use_datasets(f"s3://{bucket}")
    use_texts(f"s3://{bucket}")
    use_objects(f"s3://{bucket}", Path(folder))
