"""model.tar.gz: made so that the same files give the same bytes, and unpacked so that nothing leaves the folder.

Programs of users write what is packed and users name what is unpacked, so links are never followed: a link in a job's
folder may point anywhere on the host. These functions block; call them in a thread.
"""

import gzip
import os
import shutil
import tarfile
import zlib
from pathlib import Path, PurePosixPath

#: Model files are mostly incompressible floats: a higher level costs seconds and saves little.
_LEVEL = 1
_CHUNK = 1_048_576


class BadArchive(Exception):  # noqa: N818  - the caller words it for the user
    """The file is no tar.gz archive, or one that would write outside its folder."""


def files_below(folder: Path) -> list[Path]:
    """Return the regular files below a folder in order of their names, following no link.

    The program could have put links in the places of the folder and of the one above it, too.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        return []
    paths = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def pack(folder: Path, archive: Path) -> bool:
    """Write the files below `folder` into a tar.gz; say whether there were any. Without files no archive is made."""
    paths = files_below(folder)
    if not paths:
        return False
    with (
        archive.open("wb") as raw,
        gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in paths:
            with path.open("rb") as file:
                member = tarfile.TarInfo(str(path.relative_to(folder)))
                status = os.fstat(file.fileno())
                member.size = status.st_size
                member.mode = status.st_mode & 0o777
                tar.addfile(member, file)
    return True


def unpack(archive: Path, folder: Path) -> None:
    """Extract a tar.gz into `folder`.

    Raises:
        BadArchive: it is not a tar.gz, is cut short, or holds links, devices or paths that lead out of the folder.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                _extract(tar, member, folder)
    except OSError as error:
        raise BadArchive(error.strerror or str(error)) from error
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise BadArchive(str(error)) from error


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Extract one file or folder. tarfile's own filters came with a later Python 3.11 than Debian 12 has."""
    parts = PurePosixPath(member.name).parts
    if ".." in parts:
        raise BadArchive(f"{member.name!r} leads out of the archive's folder")
    path = folder.joinpath(*(part for part in parts if part != "/"))
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        return
    content = tar.extractfile(member) if member.isfile() else None
    if content is None:
        raise BadArchive(f"{member.name!r} is a link or a device")
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file, _CHUNK)
    path.chmod(member.mode & 0o755 | 0o600)
