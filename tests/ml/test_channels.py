import gzip
import os
import threading
from pathlib import Path

import pytest

from clary.ml.batches import concatenate
from clary.ml.channels import Channel
from clary.ml.errors import ClientError, DataError
from clary.ml.formats.csv import Csv


def values(channel: Channel) -> list[float]:
    """Return the first feature of each row."""
    batch = concatenate(channel.batches())
    assert batch is not None
    return [row[0] for row in batch.features.tolist()]


def test_batches_of_files_by_name_and_of_folders_below(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "b.csv").write_text("0,2\n")
    (tmp_path / "a.csv").write_text("0,1\n")
    (tmp_path / "deep" / "er" / "c.csv").write_text("0,3\n")
    assert values(Channel("train", tmp_path, Csv())) == [1, 2, 3]


@pytest.mark.parametrize("name", [".hidden", "_SUCCESS", "_temporary/part-0", "x.manifest", "manifest", ".cache/x"])
def test_batches_pass_over_what_is_no_data(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("not data")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "a.csv").write_text("0,1\n")
    assert values(Channel("train", tmp_path, Csv())) == [1]


def test_batches_unzip_by_suffix_or_when_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"0,1\n"))
    assert values(Channel("train", tmp_path, Csv())) == [1]
    (tmp_path / "a.csv.gz").rename(tmp_path / "a.csv")
    assert values(Channel("train", tmp_path, Csv(), gzipped=True)) == [1]


@pytest.mark.parametrize("content", [b"0,1\n", gzip.compress(b"0,1\n" * 1000, mtime=0)[:-20]])
def test_batches_name_the_file_that_cannot_be_unzipped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv.gz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.csv\.gz.*unzipped"):
        values(Channel("train", tmp_path, Csv()))


def test_batches_of_files_of_different_width(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,1\n")
    (tmp_path / "b.csv").write_text("0,1,2\n")
    with pytest.raises(DataError, match=r"'b\.csv': has 2 features, file 'a\.csv' has 1"):
        values(Channel("train", tmp_path, Csv()))


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_batches_of_an_empty_channel(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_text(content)
    with pytest.raises(ClientError, match="No data in the train channel"):
        values(Channel("train", tmp_path, Csv()))


def test_batches_of_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "train_0"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("0,1\n0,2\n",))
    writer.start()
    assert values(Channel("train", pipe, Csv())) == [1, 2]
    writer.join()
