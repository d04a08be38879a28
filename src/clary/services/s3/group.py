"""What every group of S3's operations has at hand."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from clary.services._base.context import Platform
from clary.services._base.service import Service
from clary.services.s3.catalog import find_parts
from clary.services.s3.ciphers import unseal
from clary.services.s3.contents import Contents
from clary.services.s3.encryption import PURPOSE, Encryption, Keyring
from clary.services.s3.extras import load_extra
from clary.services.s3.models import Version


class Group(Service):
    """Operations on one noun."""

    name: ClassVar[str] = "s3"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.database = platform.database
        self.contents = Contents(platform.blobs)
        self.keyring = Keyring(platform.sealer.derive_key(PURPOSE))

    def _encryption_of(self, version: Version, req: Mapping[str, Any], prefix: str = "") -> Encryption | None:
        """Return how a version is encrypted, when the request may read it; `prefix` is that of its SSE-C members.

        Raises:
            AwsError: as `Keyring.of`.
        """
        if version.extra is None and f"{prefix}SSECustomerAlgorithm" not in req:
            return None
        return self.keyring.of(load_extra(version).get("seal"), req, prefix)

    async def _open(
        self, version: Version, start: int, end: int, encryption: Encryption | None
    ) -> bytes | AsyncIterator[bytes]:
        """Begin to read the bytes `[start, end)`; a version that was found with its `data` gives that.

        Raises:
            KeyError: the version was replaced since it was found.
        """
        if start == end:
            return b""
        if version.content is None:
            data = version.data or b""
            if encryption is not None:
                data = unseal(encryption.unwrap(load_extra(version)["seal"]["key"]), data)
            return data if end - start == len(data) else data[start:end]
        parts = await find_parts(self.database, version, start, end)
        return await self.contents.read(parts, start, end, encryption)
