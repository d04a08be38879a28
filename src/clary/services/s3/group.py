"""What every group of S3's operations has at hand."""

import hashlib
from typing import ClassVar

from clary.services._base.context import Platform
from clary.services._base.service import Service
from clary.services.s3.contents import Contents


class Group(Service):
    """Operations on one noun."""

    name: ClassVar[str] = "s3"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.database = platform.database
        self.contents = Contents(platform.blobs)


def owner_of(account: str) -> dict[str, str]:
    """Return an account as S3 names owners: by a canonical id of 64 hexadecimal digits."""
    return {"ID": hashlib.sha256(account.encode()).hexdigest()}
