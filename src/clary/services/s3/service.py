"""Amazon S3."""

import asyncio
import contextlib
from collections.abc import Sequence

from clary.services.s3.absent import Absent
from clary.services.s3.access import Access
from clary.services.s3.acl import Acl
from clary.services.s3.attributes import Attributes
from clary.services.s3.bucket_encryption import BucketEncryption
from clary.services.s3.buckets import Buckets
from clary.services.s3.copying import Copying
from clary.services.s3.cors import Cors
from clary.services.s3.deletion import Deletion
from clary.services.s3.lifecycle import Lifecycle
from clary.services.s3.listing import Listing
from clary.services.s3.locking import Locking
from clary.services.s3.objects import Objects
from clary.services.s3.posting import Posting
from clary.services.s3.schema import MIGRATIONS
from clary.services.s3.select.operation import Select
from clary.services.s3.tagging import Tagging
from clary.services.s3.uploads import Uploads
from clary.services.s3.versioning import Versioning

_LIVE = "SELECT DISTINCT blob FROM s3_parts WHERE blob IN ({marks})"
#: Ids asked for in one statement.
_BATCH = 500


class S3(
    Buckets,
    Versioning,
    Tagging,
    Locking,
    Lifecycle,
    Access,
    Acl,
    Cors,
    BucketEncryption,
    Absent,
    Objects,
    Posting,
    Attributes,
    Deletion,
    Listing,
    Copying,
    Select,
    Uploads,
):
    """Amazon S3: the groups of its operations, and what is done when the server starts."""

    migrations = MIGRATIONS
    _sweep: asyncio.Task[int]

    async def start(self) -> None:
        """Free the blobs that a crash left without an object: unfinished uploads now, deleted objects by and by."""
        await self.platform.blobs.recover(self._live)
        self._sweep = asyncio.create_task(self.platform.blobs.sweep(self._live))

    async def stop(self) -> None:
        """Leave the rest of the sweep to the next start."""
        self._sweep.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._sweep

    async def _live(self, blob_ids: Sequence[str]) -> set[str]:
        """Return those of the blobs that some part names."""
        live: set[str] = set()
        for first in range(0, len(blob_ids), _BATCH):
            batch = blob_ids[first : first + _BATCH]
            marks = ", ".join("?" * len(batch))
            rows = await self.database.fetch_all(_LIVE.replace("{marks}", marks), *batch)
            live.update(str(row[0]) for row in rows)
        return live
