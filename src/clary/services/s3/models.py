"""What S3 keeps, row by row. The order of the fields is the order of the columns."""

import hashlib
from typing import Any, NamedTuple

import orjson

#: The version id of an object stored while its bucket was not versioned.
NULL_VERSION = "null"
STANDARD = "STANDARD"


class Bucket(NamedTuple):
    """What every request needs to know of its bucket.

    `versioning` is `Enabled`, `Suspended`, or empty while it never was either. `defaults` is a JSON document of what
    every new object gets (encryption, retention), None for nothing.
    """

    id: int
    account: str
    versioning: str
    defaults: str | None
    name: str

    @property
    def versioned(self) -> bool:
        """Whether responses carry version ids."""
        return bool(self.versioning)


class Version(NamedTuple):
    """One version of an object, or a delete marker: `s3_objects` and `s3_versions` without their bucket.

    `headers` is the JSON document that HeadObject's answer begins with, `extra` a JSON document of what few objects
    have (see `extras`), None for nothing of that. `data` is no column of theirs: it is what `inline` refers
    to, where a statement reads that too.
    """

    key: bytes
    rank: int
    version: str
    modified: float
    size: int
    etag: str
    storage_class: str
    checksum: str | None
    headers: str
    extra: str | None
    inline: int | None
    content: str | None
    data: bytes | None

    @property
    def is_marker(self) -> bool:
        """Whether it is a delete marker."""
        return not self.etag

    @property
    def quoted_etag(self) -> str:
        """The ETag as it goes out."""
        return f'"{self.etag}"'


class Part(NamedTuple):
    """One part of an object or of an upload: a blob. `start` is its place in the object."""

    number: int
    start: int
    size: int
    etag: str
    checksum: str
    modified: float
    seal: str | None
    blob: str


class Upload(NamedTuple):
    """A multipart upload that is under way. What it will give the object has the same form there."""

    key: bytes
    id: str
    initiated: float
    storage_class: str
    algorithm: str
    checksum_type: str
    headers: str
    extra: str | None


def dump(document: dict[str, Any]) -> str:
    """Return a document as its column holds it."""
    return orjson.dumps(document).decode()


def owner_of(account: str) -> dict[str, str]:
    """Return an account as S3 names owners: by a canonical id of 64 hexadecimal digits."""
    return {"ID": hashlib.sha256(account.encode()).hexdigest()}
