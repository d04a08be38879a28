import io
import tarfile
from pathlib import Path

import pytest

from clary.services.sagemaker.archive import BadArchive, pack, unpack


def write_tar(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            member.size = 4 if member.isfile() else 0
            tar.addfile(member, io.BytesIO(b"data") if member.isfile() else None)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_pack_and_unpack_give_the_same_files(tmp_path: Path) -> None:
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "xgboost-model").write_bytes(b"trees")
    (tmp_path / "model" / "deep" / "more").write_bytes(b"")
    assert pack(tmp_path / "model", tmp_path / "model.tar.gz")
    unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert (tmp_path / "out" / "xgboost-model").read_bytes() == b"trees"
    assert (tmp_path / "out" / "deep" / "more").read_bytes() == b""


def test_pack_gives_the_same_bytes_for_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "xgboost-model").write_bytes(b"trees")
        pack(tmp_path / folder, tmp_path / f"{folder}.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()


def test_pack_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "link").symlink_to(tmp_path / "secret")
    assert not pack(tmp_path / "model", tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()


def test_unpack_puts_absolute_paths_into_the_folder_and_gives_no_privilege(tmp_path: Path) -> None:
    script = member("/code/./run.sh")
    script.mode = 0o4777
    path = write_tar(tmp_path / "model.tar.gz", member("code", tarfile.DIRTYPE), script, member("code/run.sh/under"))
    with pytest.raises(BadArchive, match="File exists"):
        unpack(path, tmp_path / "out")
    assert (tmp_path / "out" / "code" / "run.sh").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("inside", tarfile.SYMTYPE, "xgboost-model"),
        member("hard", tarfile.LNKTYPE, "xgboost-model"),
        member("device", tarfile.CHRTYPE),
    ],
    ids=lambda info: info.name,
)
def test_unpack_refuses_what_leads_out_of_the_folder(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    path = write_tar(tmp_path / "model.tar.gz", bad)
    with pytest.raises(BadArchive) as caught:
        unpack(path, tmp_path / "out")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"not an archive", b"\x1f\x8b\x08\x00 cut"])
def test_unpack_refuses_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(BadArchive):
        unpack(tmp_path / "model.tar.gz", tmp_path / "out")
