"""s3cmd (Debian's), with buckets in the path, and in the host: through the proxy, by AWS's own names."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.clients.shell import Shell, installed


def settings(shell: Shell, style: str) -> dict[str, str]:
    address = urlsplit(shell.variables["AWS_ENDPOINT_URL"]).netloc
    host, _, port = address.partition(":")
    proxy = {"proxy_host": host, "proxy_port": port}
    return {
        "path": {"host_base": address, "host_bucket": address, "use_https": "False"},
        "host": {**proxy, "use_https": "False"},
        "host, encrypted": {**proxy, "use_https": "True", "ca_certs_file": shell.variables["AWS_CA_BUNDLE"]},
    }[style]


@pytest.fixture(params=["path", "host", "host, encrypted"])
def s3cmd(request: pytest.FixtureRequest, shell: Shell) -> Callable[..., str]:
    """Return a function that runs s3cmd."""
    program = installed("s3cmd", "s3cmd")
    file = shell.folder / "s3cfg"
    keys = {
        "access_key": shell.variables["AWS_ACCESS_KEY_ID"],
        "secret_key": shell.variables["AWS_SECRET_ACCESS_KEY"],
    }
    lines = [f"{name} = {value}" for name, value in {**keys, **settings(shell, request.param)}.items()]
    file.write_text("\n".join(["[default]", *lines]))
    return lambda *words: shell.run(program, "-c", file, "--no-progress", *words)


def test_trees_go_there_and_back(s3cmd: Callable[..., str], bucket: str, tree: Path, tmp_path: Path) -> None:
    there, back = f"s3://{bucket}-made", tmp_path / "back"
    s3cmd("mb", there)
    s3cmd("sync", f"{tree}/", f"{there}/tree/")
    (tree / "empty").unlink()
    s3cmd("sync", "--delete-removed", f"{tree}/", f"{there}/tree/")
    back.mkdir()
    s3cmd("sync", f"{there}/tree/", f"{back}/")  # compares MD5
    assert "download" not in s3cmd("sync", "--check-md5", f"{there}/tree/", f"{back}/")
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
    listed = [line.partition(f"{there}/tree/")[2] for line in s3cmd("ls", "-r", there).splitlines()]
    assert sorted(listed) == names
    assert all((back / name).read_bytes() == (tree / name).read_bytes() for name in names)
    s3cmd("rb", "--recursive", "--force", there)


def test_large_file_goes_in_parts(s3cmd: Callable[..., str], bucket: str, tree: Path, tmp_path: Path) -> None:
    there = f"s3://{bucket}/large"
    s3cmd("put", "--multipart-chunk-size-mb=5", "--add-header=x-amz-meta-who:me", tree / "large", there)
    s3cmd("get", there, tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == (tree / "large").read_bytes()
    assert "x-amz-meta-who: me" in s3cmd("info", there)
    s3cmd("del", there)
    assert s3cmd("ls", f"s3://{bucket}") == ""
