"""The environment by which programs find Clary: what `clary env` prints and `clary run` sets.

SDKs go to `AWS_ENDPOINT_URL`; what insists on AWS's own host names goes through the proxy on the same port, whose
certificates `AWS_CA_BUNDLE` and its likes make trusted.
"""

from collections.abc import Mapping
from pathlib import Path

import botocore

from clary.cli.api import Credentials
from clary.config import Settings
from clary.state.clock import SystemClock
from clary.wire.authority import Authority
from clary.wire.host import AWS_DOMAINS

#: Variables that would lead a program elsewhere.
UNSET = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
#: Where Linux distributions and macOS keep the roots that they trust.
ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
#: Which variable each kind of program reads: boto3, requests, OpenSSL and Go, curl.
BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
PROXIES = ("HTTPS_PROXY", "https_proxy")
LOCAL = ("localhost", "127.0.0.1", "::1")


def variables(settings: Settings, url: str, credentials: Credentials, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to set. `inherited` is the environment that they are added to."""
    authority = Authority(settings.data_dir / "authority", SystemClock().now)
    authority.write_bundle(roots(inherited, authority.bundle))
    skipped = [host for host in inherited.get("NO_PROXY", inherited.get("no_proxy", "")).split(",") if kept(host)]
    no_proxy = ",".join(dict.fromkeys([*LOCAL, *skipped]))
    made = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.token,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Some operations' hosts have a prefix, and `sync-127.0.0.1` is no host.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        **dict.fromkeys(BUNDLES, str(authority.bundle)),
        "NODE_EXTRA_CA_CERTS": str(authority.certificate),
        **dict.fromkeys(PROXIES, url),
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        # The proxy that was there before ours: a server started in this environment must not take itself for it.
        "CLARY_UPSTREAM_PROXY": settings.upstream_proxy or "",
    }
    return {name: value for name, value in made.items() if value or name == "CLARY_UPSTREAM_PROXY"}


def removed(inherited: Mapping[str, str], made: Mapping[str, str]) -> list[str]:
    """Return the variables to unset: other identities, and single services' endpoints, which would go first."""
    single = [name for name in inherited if name.startswith("AWS_ENDPOINT_URL_")]
    token = [] if "AWS_SESSION_TOKEN" in made else ["AWS_SESSION_TOKEN"]
    return [*UNSET, *token, *sorted(single)]


def roots(inherited: Mapping[str, str], ours: Path) -> Path:
    """Return the roots that programs here trust already: the user's own choice, the machine's, else botocore's."""
    chosen = [inherited[name] for name in BUNDLES if inherited.get(name) not in {None, "", str(ours)}]
    found = (Path(name) for name in [*chosen, *ROOTS])
    return next((path for path in found if path.is_file()), Path(botocore.__file__).with_name("cacert.pem"))


def kept(host: str) -> bool:
    """Whether a host stays on the list of those that need no proxy: AWS's hosts need ours."""
    name = host.strip().lstrip("*.")
    return bool(name) and not name.endswith(AWS_DOMAINS)
