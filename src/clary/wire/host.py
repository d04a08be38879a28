"""What a host name says: AWS's own names, their FIPS, dual-stack and legacy forms, and S3's buckets in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: The domains of AWS. Our certificate authority is limited to them, too.
AWS_DOMAINS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-\d{1,2}")
#: The label that says S3: alone, or with the region, or a way to it, behind a dash.
S3_LABEL = re.compile(
    r"s3(?:-fips|-accelerate|-external-1|express-[a-z0-9-]+|-(?P<region>[a-z]{2}(?:-[a-z]+){1,3}-\d))?"
)
#: Labels that name neither a service nor a region.
WAYS = frozenset({"dualstack", "global", "us-gov"})
#: Endpoint prefixes that AWS has since renamed.
RENAMED = {"queue": "sqs"}


@dataclass(frozen=True, slots=True)
class Address:
    """A host name in its parts.

    `prefix` is what stands for the service (`runtime.sagemaker`, `sync-states`), empty for a name of our own. `bucket`
    is the S3 bucket in the name; in a name of our own without `s3` in it, only a request to S3 means it so.
    """

    prefix: str = ""
    region: str | None = None
    bucket: str | None = None


def read_host(host: str, domains: Sequence[str]) -> Address:
    """Take a Host header's value apart. `domains` are our own names (`localhost`), below which buckets may stand."""
    name = host.lower()
    if not name.endswith("]"):
        name = name.rsplit(":", 1)[0]
    for domain in AWS_DOMAINS:
        if name.endswith(f".{domain}"):
            return _read_labels(name.removesuffix(f".{domain}").split("."))
    for domain in domains:
        if name.endswith(f".{domain}"):
            labels = name.removesuffix(f".{domain}").split(".")
            if any(S3_LABEL.fullmatch(label) for label in labels) or any(REGION.fullmatch(label) for label in labels):
                return _read_labels(labels)
            return Address(bucket=".".join(labels))
    return Address()


def _read_labels(labels: list[str]) -> Address:
    for at in reversed(range(len(labels))):
        match = S3_LABEL.fullmatch(labels[at])
        if match:
            region = match["region"] or _region(labels[at + 1 :])
            return Address("s3", region, ".".join(labels[:at]) or None)
    kept = [label for label in labels if label not in WAYS and not REGION.fullmatch(label)]
    prefix = ".".join(label.removesuffix("-fips").removeprefix("fips-") for label in kept)
    return Address(RENAMED.get(prefix, prefix), _region(labels))


def _region(labels: list[str]) -> str | None:
    return next((label for label in labels if REGION.fullmatch(label)), None)


def service_prefixes(prefix: str) -> list[str]:
    """Return the endpoint prefixes that `prefix` may stand for, the likeliest first.

    Operations put words before the name (`sync-states`, `stream-logs`), and resources labels of their own
    (`b-1a2b.kinesisvideo`, `111122223333.data-kinesis`).
    """
    found = []
    labels = prefix.split(".")
    for at in range(len(labels)):
        rest = ".".join(labels[at:])
        _, dash, tail = rest.partition("-")
        found += [rest, f"api.{rest}", *([tail] if dash else [])]
    return found
