"""rclone (Debian's), with its own checks."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.clients.shell import Shell, installed

PLACE = "RCLONE_CONFIG_CLARY_"


@pytest.fixture
def rclone(shell: Shell) -> Any:
    """Return a function that runs rclone, to which `clary:` is the server."""
    program = installed("rclone", "rclone")
    variables = {
        **shell.variables,
        "RCLONE_CONFIG": "/dev/null",
        f"{PLACE}TYPE": "s3",
        f"{PLACE}PROVIDER": "Other",
        f"{PLACE}ENV_AUTH": "true",
        f"{PLACE}REGION": shell.variables["AWS_REGION"],
        f"{PLACE}ENDPOINT": shell.variables["AWS_ENDPOINT_URL"],
    }
    # rclone before 1.64 refuses to start where this is set.
    del variables["AWS_CA_BUNDLE"]
    configured = replace(shell, variables=variables)
    return lambda *words: configured.run(program, *words)


def test_sync_is_checked_by_hash_and_byte(rclone: Any, bucket: str, tree: Path, tmp_path: Path) -> None:
    there = f"clary:{bucket}/tree"
    rclone("sync", tree, there)
    rclone("check", tree, there)
    rclone("check", "--download", tree, there)
    sums = dict(reversed(line.split("  ", 1)) for line in rclone("hashsum", "md5", there).splitlines())
    assert sums["sub/file-7"] == hashlib.md5(b"7\n").hexdigest()
    (tree / "empty").unlink()
    rclone("sync", tree, there)
    rclone("sync", there, tmp_path / "back")
    rclone("check", tree, tmp_path / "back")


def test_large_files_go_in_parts_and_are_copied_there(rclone: Any, bucket: str, tree: Path) -> None:
    there = f"clary:{bucket}"
    rclone("copy", "--s3-upload-cutoff", "5M", "--s3-chunk-size", "5M", tree / "large", f"{there}/one")
    rclone("copyto", "--s3-copy-cutoff", "6M", f"{there}/one/large", f"{there}/two/large")
    rclone("moveto", f"{there}/two/large", f"{there}/three/large")
    rclone("check", "--download", "--one-way", f"{there}/one", f"{there}/three")
    assert sorted(rclone("lsf", "-R", there).splitlines()) == ["one/", "one/large", "three/", "three/large"]
    rclone("purge", there)


def test_old_versions_are_listed_and_cleaned_up(rclone: Any, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"three"):
        s3.put_object(Bucket=bucket, Key="k.txt", Body=body)
    s3.delete_object(Bucket=bucket, Key="k.txt")
    assert rclone("lsf", f"clary:{bucket}") == ""
    assert len(rclone("lsf", "--s3-versions", f"clary:{bucket}").splitlines()) == 2
    rclone("backend", "cleanup-hidden", f"clary:{bucket}")
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)
