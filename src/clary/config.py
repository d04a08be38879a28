"""The settings of a server, and the only reader of the environment.

A setting comes from the command line, else from the environment (`CLARY_…`), else from its default. What a server
makes for itself at its first start (root credentials, the master key of session tokens) is kept in `credentials.json`
in the data directory, mode 0600.
"""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "000000000000"
PORT = 4566


class SettingError(Exception):
    """A setting cannot be used; the text names it and says what it must be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a server runs with.

    `database_url` None is SQLite in the data directory. `upstream_proxy` (`http://host:port`) carries the proxy's
    connections to hosts other than AWS's. `master_key` seals session tokens and never leaves the data directory.
    """

    data_dir: Path
    host: str
    port: int
    account: str
    region: str
    access_key_id: str
    secret_access_key: str
    master_key: str
    database_url: str | None
    upstream_proxy: str | None

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        data_dir: Path | None = None,
        host: str | None = None,
        port: int | None = None,
    ) -> "Settings":
        """Read the settings; make the data directory and its credentials when they are not there.

        Raises:
            SettingError: a variable or the credentials file holds what it must not.
        """
        environ = os.environ if environ is None else environ
        folder = (data_dir or default_data_dir(environ)).absolute()
        made = read_or_make_credentials(folder)
        account = environ.get("CLARY_ACCOUNT_ID", ACCOUNT)
        if not re.fullmatch(r"\d{12}", account):
            raise SettingError(f"CLARY_ACCOUNT_ID is {account!r}; it must be twelve digits")
        access_key_id = environ.get("CLARY_ACCESS_KEY_ID")
        secret = environ.get("CLARY_SECRET_ACCESS_KEY")
        if (access_key_id is None) != (secret is None):
            raise SettingError("CLARY_ACCESS_KEY_ID and CLARY_SECRET_ACCESS_KEY must be set together")
        return cls(
            data_dir=folder,
            host=host or environ.get("CLARY_HOST", "127.0.0.1"),
            port=read_port(environ) if port is None else port,
            account=account,
            region=environ.get("CLARY_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            access_key_id=access_key_id or made["access_key_id"],
            secret_access_key=secret or made["secret_access_key"],
            master_key=made["master_key"],
            database_url=environ.get("CLARY_DATABASE_URL"),
            upstream_proxy=read_upstream_proxy(environ),
        )


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return `CLARY_DATA_DIR`, else `clary` in the user's data directory (XDG)."""
    if named := environ.get("CLARY_DATA_DIR"):
        return Path(named)
    base = environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "clary"


def read_port(environ: Mapping[str, str]) -> int:
    """Return `CLARY_PORT`, else 4566, the port that emulators of AWS have long used."""
    text = environ.get("CLARY_PORT", str(PORT))
    if not text.isdecimal() or not 0 <= int(text) < 65536:
        raise SettingError(f"CLARY_PORT is {text!r}; it must be a port number")
    return int(text)


def read_upstream_proxy(environ: Mapping[str, str]) -> str | None:
    """Return `CLARY_UPSTREAM_PROXY`, else the user's HTTPS proxy.

    `clary env` makes the latter ourselves, and keeps the one from before in the former, empty where there was none.
    """
    user = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    return environ.get("CLARY_UPSTREAM_PROXY", user) or None


def read_or_make_credentials(folder: Path) -> dict[str, str]:
    """Return what `credentials.json` holds; write it first when it is not there.

    Two servers that start at once agree: the file appears whole, and only the first one's stays.
    """
    path = folder / "credentials.json"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        draft = folder / f".credentials-{secrets.token_hex(8)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(make_credentials(), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another server was first: its credentials hold
        finally:
            draft.unlink()
    try:
        made = json.loads(path.read_text())
        return {name: str(made[name]) for name in ("access_key_id", "secret_access_key", "master_key")}
    except (ValueError, KeyError, TypeError) as error:
        raise SettingError(f"{path} is damaged ({error}); restore it, or remove it to get new credentials") from error


def make_credentials() -> dict[str, str]:
    """Return root credentials in AWS's form (20 and 40 characters) and a master key."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return {
        "access_key_id": "AKIA" + "".join(secrets.choice(letters) for _ in range(16)),
        "secret_access_key": secrets.token_urlsafe(30),
        "master_key": secrets.token_hex(32),
    }
