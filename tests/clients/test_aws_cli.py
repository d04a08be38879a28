"""The AWS CLI, version 1 (the newest) and version 2 (Debian's)."""

import filecmp
import functools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.clients.shell import Shell, environment

Aws = Callable[..., str]


@pytest.fixture(params=[1, 2])
def aws(request: pytest.FixtureRequest, shell: Shell) -> Aws:
    """Return a function that runs a command of one of the versions."""
    program = environment("cli") / "bin" / "aws" if request.param == 1 else version_2()
    return lambda *words, **options: shell.run(program, *words, **options)


@functools.cache
def version_2() -> Path:
    for folder in map(Path, os.environ["PATH"].split(os.pathsep)):
        program = folder / "aws"
        if program.exists():
            version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
            if version.stdout.startswith("aws-cli/2"):
                return program
    pytest.skip("no AWS CLI v2 here: install Debian's package awscli")


def same(one: Path, other: Path) -> bool:
    """Say whether two folders hold the same files."""
    names = {str(path.relative_to(one)) for path in one.rglob("*") if path.is_file()}
    others = {str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()}
    return names == others and not any(filecmp.cmpfiles(one, other, names, shallow=False)[1:])


def test_sync_makes_both_sides_the_same(aws: Aws, bucket: str, tree: Path, tmp_path: Path) -> None:
    there, back = f"s3://{bucket}/tree", tmp_path / "back"
    aws("s3", "sync", tree, there)
    aws("s3", "sync", there, back)
    assert same(tree, back)
    (tree / "empty").unlink()
    (tree / "sub" / "file-1").write_text("longer than it was")
    changed = aws("s3", "sync", "--delete", tree, there)
    assert sorted(line.partition(":")[0] for line in changed.replace("\r", "\n").splitlines() if "s3://" in line) == [
        "delete",
        "upload",
    ]
    assert aws("s3", "sync", "--delete", tree, there) == ""
    aws("s3", "sync", "--delete", there, back)
    assert same(tree, back)


def test_copy_and_move_trees(aws: Aws, bucket: str, tree: Path, tmp_path: Path) -> None:
    aws("s3", "cp", "--recursive", tree, f"s3://{bucket}/one")
    aws("s3", "mv", "--recursive", f"s3://{bucket}/one", f"s3://{bucket}/two")
    aws("s3", "cp", "--recursive", f"s3://{bucket}/two", tmp_path / "back")
    assert same(tree, tmp_path / "back")
    listed = aws("s3", "ls", "--recursive", "--summarize", f"s3://{bucket}")
    assert "Total Objects: 23" in listed
    assert "one/" not in listed
    aws("s3", "rb", "--force", f"s3://{bucket}")


def test_streams_and_presigned_urls(aws: Aws, shell: Shell, bucket: str) -> None:
    data = os.urandom(9 * 2**20)
    aws("s3", "cp", "-", f"s3://{bucket}/a b", data=data)
    url = aws("s3", "presign", f"s3://{bucket}/a b", "--expires-in", "60").strip()
    shell.run("curl", "-sSf", "-o", "got", url)
    assert (shell.folder / "got").read_bytes() == data


def test_s3api_speaks_of_objects(aws: Aws, bucket: str, tree: Path) -> None:
    def api(operation: str, *words: object) -> Any:
        return json.loads(aws("s3api", operation, "--bucket", bucket, "--output", "json", *words) or "{}")

    put = ["--key", "k", "--body", tree / "large", "--metadata", '{"who":"me"}', "--tagging", "a=1&b=2"]
    etag = api("put-object", *put, "--checksum-algorithm", "SHA256")["ETag"]
    head = api("head-object", "--key", "k", "--checksum-mode", "ENABLED")
    assert (head["ETag"], head["Metadata"], len(head["ChecksumSHA256"])) == (etag, {"who": "me"}, 44)
    part = tree.with_name("part")
    ranged = api("get-object", "--key", "k", "--range", "bytes=5-9", part)
    assert ranged["ContentRange"] == f"bytes 5-9/{17 * 2**20}"
    assert part.read_bytes() == (tree / "large").read_bytes()[5:10]
    assert api("get-object-tagging", "--key", "k")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
