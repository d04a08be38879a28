"""The certificate authority that lets the proxy answer for AWS's host names on this machine.

It can vouch for nothing else: a critical name constraint holds it to AWS's domains. Keys are EC P-256. Its folder has

- `authority.pem`: its key and certificate, mode 0600, made on first use and made anew before they run out;
- `ca.pem`: its certificate alone; `bundle.pem`: the machine's own roots and that one, for programs to trust;
- `leaf-DOMAIN.pem`: key and certificate for the hosts in a domain, mode 0600.
"""

import fcntl
import os
import re
import secrets
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clary.wire.host import AWS_DOMAINS

DAY = 86400
#: Lifetimes, and how long before its end a certificate is replaced, in seconds.
AUTHORITY_LIFE = 3650 * DAY
LEAF_LIFE = 397 * DAY
MARGIN = 30 * DAY
HOST = re.compile(r"(?:[a-z0-9_-]+\.)+(?:" + "|".join(map(re.escape, AWS_DOMAINS)) + ")")
#: The first line of a file with a key; PEM allows text before its blocks.
UNTIL = re.compile(r"good until (\d+)\n")


def is_aws(host: str) -> bool:
    """Whether a host name is AWS's, and so ours to answer for."""
    return HOST.fullmatch(host.lower()) is not None


class Authority:
    """Issues certificates; several processes may use one folder. `now` gives the time in seconds since the epoch.

    Its methods block: a first certificate takes a tenth of a second, one from disk a millisecond.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def certificate(self) -> Path:
        """Where the authority's own certificate is."""
        return self._folder / "ca.pem"

    @property
    def bundle(self) -> Path:
        """Where the roots that programs are to trust are."""
        return self._folder / "bundle.pem"

    def write_bundle(self, roots: Path | None) -> None:
        """Write the bundle: the certificates in `roots`, and ours."""
        self._ensure()
        others = roots.read_bytes().rstrip() + b"\n" if roots is not None else b""
        wanted = others + self.certificate.read_bytes()
        if not self.bundle.exists() or self.bundle.read_bytes() != wanted:
            write(self.bundle, wanted, 0o644)

    def context(self, host: str) -> ssl.SSLContext:
        """Return a server's TLS context for a host of AWS's. It goes by SNI, where that names another host of AWS's.

        Raises:
            ValueError: the host is not AWS's.
        """
        if not is_aws(host):
            raise ValueError(f"{host} is not one of AWS's hosts")
        domain = host.lower().partition(".")[2]
        context = self._contexts.get(domain)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["http/1.1"])
            context.load_cert_chain(self._leaf(domain))
            context.sni_callback = self._switch
            self._contexts[domain] = context
        return context

    def _switch(self, stream: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name is not None and is_aws(name):
            stream.context = self.context(name)

    def _leaf(self, domain: str) -> Path:
        """Return the certificate for `domain` and the hosts in it, made if there is none."""
        path = self._folder / f"leaf-{domain}.pem"
        self._ensure()
        if not self._lasts(path) or self.certificate.read_bytes() not in path.read_bytes():
            from clary.wire.certificates import make_leaf  # noqa: PLC0415  - imports cryptography: 60 ms and 13 MB

            authority = (self._folder / "authority.pem").read_bytes()
            end = int(self._now()) + LEAF_LIFE
            made = make_leaf(authority, [domain, f"*.{domain}"], self._now() - DAY, end)
            write(path, f"good until {end}\n".encode() + made, 0o600)
        return path

    def _ensure(self) -> None:
        """Make the authority if there is none, or none that lasts."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "authority.pem"
        if self._lasts(path) and self.certificate.exists():
            return
        with locked(self._folder / "lock"):
            if not self._lasts(path):
                from clary.wire.certificates import make_authority  # noqa: PLC0415  - as above

                end = int(self._now()) + AUTHORITY_LIFE
                made = make_authority(AWS_DOMAINS, self._now() - DAY, end)
                write(path, f"good until {end}\n".encode() + made, 0o600)
            text = path.read_bytes()
            write(self.certificate, text[text.index(b"-----BEGIN CERTIFICATE") :], 0o644)

    def _lasts(self, path: Path) -> bool:
        """Whether a file with a key is there, and good for some time yet."""
        try:
            with path.open() as file:
                match = UNTIL.fullmatch(file.readline())
        except FileNotFoundError:
            return False
        return match is not None and int(match[1]) - self._now() > MARGIN


def write(path: Path, data: bytes, mode: int) -> None:
    """Write a file that appears whole, or not at all, and is never readable by more than `mode` says."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)
    draft.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file against other processes."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
