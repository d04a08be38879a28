import json
import os
from pathlib import Path

from clary.jobs.folder import JobFolder


def made(tmp_path: Path) -> JobFolder:
    folder = JobFolder(tmp_path / "job" / "ml")
    folder.create()
    return folder


def test_create_makes_the_layout_of_the_contract(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.write_config("hyperparameters.json", {"eta": "0.1"})
    files = {str(path.relative_to(folder.root)) for path in folder.root.rglob("*")}
    assert files == {
        *("input", "input/config", "input/config/hyperparameters.json", "input/data", "model"),
        *("output", "output/data", "code"),
    }
    assert json.loads((folder.config / "hyperparameters.json").read_text()) == {"eta": "0.1"}


def test_create_leaves_what_is_there(tmp_path: Path) -> None:
    folder = made(tmp_path)
    folder.checkpoints.mkdir()
    (folder.checkpoints / "epoch-1").write_text("kept")
    folder.create()
    assert (folder.checkpoints / "epoch-1").read_text() == "kept"


def test_failure_reason_is_the_beginning_of_the_file(tmp_path: Path) -> None:
    folder = made(tmp_path)
    assert folder.failure_reason() == ""
    folder.failure.write_text(" no labels \n")
    assert folder.failure_reason() == "no labels"
    folder.failure.write_text("€" * 1000)
    assert folder.failure_reason() == "€" * 341


def test_failure_reason_does_not_follow_links(tmp_path: Path) -> None:
    folder, secret = made(tmp_path), tmp_path / "failure"
    secret.write_text("secret")
    folder.failure.symlink_to(secret)
    assert folder.failure_reason() == ""
    folder.failure.unlink()
    folder.output.rmdir()
    folder.failure.parent.rmdir()
    folder.failure.parent.symlink_to(tmp_path)
    assert folder.failure_reason() == ""
    os.mkfifo(folder.root / "pipe")
    folder.failure.parent.unlink()
    folder.failure.parent.mkdir()
    os.mkfifo(folder.failure)
    assert folder.failure_reason() == ""


def test_holds_says_whether_a_path_leads_out(tmp_path: Path) -> None:
    folder = made(tmp_path)
    (folder.model / "inside").symlink_to("../code")
    (folder.model / "outside").symlink_to("../../..")
    assert folder.holds(folder.model / "inside" / "any")
    assert not folder.holds(folder.model / "outside" / "any")


async def test_remove_removes_links_and_not_what_they_lead_to(tmp_path: Path) -> None:
    folder, outside = made(tmp_path), tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    (folder.model / "link").symlink_to(outside)
    (folder.code / "file").symlink_to(outside / "file")
    (folder.data / "loop").symlink_to(folder.root)
    await folder.remove()
    assert not folder.root.exists()
    assert (outside / "file").read_text() == "kept"
    await folder.remove()


async def test_remove_removes_what_was_made_read_only(tmp_path: Path) -> None:
    folder = made(tmp_path)
    deep = folder.model / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "file").touch(mode=0o400)
    for path in (deep, deep.parent):
        path.chmod(0o500)
    await folder.remove()
    assert not folder.root.exists()
