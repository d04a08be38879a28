"""The certificate authority: what it vouches for, for how long, and what it must never vouch for."""

import ssl
import stat
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509

from clary.wire.authority import DAY, Authority, is_aws
from clary.wire.certificates import make_leaf


def shake_hands(server: ssl.SSLContext, trusted: Path, name: str) -> None:
    """Do a TLS handshake in memory; raise ssl.SSLError where the client does not trust the server as `name`."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    trust = ssl.create_default_context(cafile=str(trusted))
    client = trust.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, other) * 3:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    client.do_handshake()


@pytest.fixture
def now() -> list[float]:
    """Return the time, in a list so that a test can change it; certificates must hold against the real clock too."""
    return [time.time()]


@pytest.fixture
def authority(tmp_path: Path, now: list[float]) -> Authority:
    return Authority(tmp_path / "authority", lambda: now[0])


@pytest.mark.parametrize(
    "host",
    [
        "sts.us-east-1.amazonaws.com",
        "sts.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
        "sqs.us-east-1.api.aws",
        "my.dotted.bucket.s3.eu-west-1.amazonaws.com",
    ],
)
def test_clients_trust_it_for_aws_hosts(authority: Authority, host: str) -> None:
    context = authority.context(host)
    shake_hands(context, authority.certificate, host)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, authority.certificate, "example.com")


def test_one_context_serves_other_hosts_by_sni(authority: Authority) -> None:
    context = authority.context("sts.amazonaws.com")
    shake_hands(context, authority.certificate, "s3.eu-west-1.amazonaws.com")


@pytest.mark.parametrize("name", ["example.com", "amazonaws.com.example.com", "notamazonaws.com"])
def test_clients_do_not_trust_it_for_anything_else(
    authority: Authority, tmp_path: Path, now: list[float], name: str
) -> None:
    authority.context("sts.amazonaws.com")
    stolen = (tmp_path / "authority" / "authority.pem").read_bytes()
    path = tmp_path / "evil.pem"
    path.write_bytes(make_leaf(stolen, [name], now[0] - DAY, now[0] + DAY))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        shake_hands(context, authority.certificate, name)


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "amazonaws.com",
        "evilamazonaws.com",
        "../../x.amazonaws.com",
        "a/b.amazonaws.com",
        "",
        "a..amazonaws.com",
    ],
)
def test_other_hosts_are_not_served(authority: Authority, host: str) -> None:
    assert not is_aws(host)
    with pytest.raises(ValueError, match="not one of AWS's hosts"):
        authority.context(host)


def test_keys_are_for_their_owner_alone(authority: Authority, tmp_path: Path) -> None:
    authority.context("sts.amazonaws.com")
    authority.write_bundle(None)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "authority").glob("*.pem")}
    assert modes == {"authority.pem": 0o600, "leaf-amazonaws.com.pem": 0o600, "ca.pem": 0o644, "bundle.pem": 0o644}


def test_bundle_keeps_the_roots_that_were_trusted(authority: Authority, tmp_path: Path, now: list[float]) -> None:
    other = Authority(tmp_path / "other", lambda: now[0])
    other.write_bundle(None)
    authority.write_bundle(other.certificate)
    found = x509.load_pem_x509_certificates(authority.bundle.read_bytes())
    ours = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    assert len(found) == 2
    assert ours in found


def test_certificates_are_kept_until_they_run_out(tmp_path: Path, now: list[float]) -> None:
    folder = tmp_path / "authority"

    def files() -> dict[str, bytes]:
        Authority(folder, lambda: now[0]).context("sts.amazonaws.com")
        return {path.name: path.read_bytes() for path in folder.glob("*.pem")}

    first = files()
    assert files() == first
    now[0] += 380 * DAY
    renewed = files()
    assert renewed["authority.pem"] == first["authority.pem"]
    assert renewed["leaf-amazonaws.com.pem"] != first["leaf-amazonaws.com.pem"]
    now[0] += 3600 * DAY
    last = files()
    assert last["authority.pem"] != first["authority.pem"]
    assert last["ca.pem"] in last["leaf-amazonaws.com.pem"]


def test_two_at_once_make_one_authority(tmp_path: Path, now: list[float]) -> None:
    made = [Authority(tmp_path / "authority", lambda: now[0]) for _ in range(4)]
    threads = [threading.Thread(target=each.write_bundle, args=(None,)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in made:
        shake_hands(each.context("sts.amazonaws.com"), each.bundle, "sts.amazonaws.com")
