"""The versions of a bucket's keys: putting one in place, marking a key deleted, taking a version away."""

import functools
import secrets
from dataclasses import dataclass

from clary.services.s3.catalog import find_newest_below, find_version
from clary.services.s3.ciphers import seal
from clary.services.s3.contents import Contents, Received
from clary.services.s3.encryption import Encryption
from clary.services.s3.extras import with_defaults, with_extra
from clary.services.s3.locks import check_removable
from clary.services.s3.models import NULL_VERSION, STANDARD, Bucket, Part, Version
from clary.services.s3.statements import spell
from clary.state.database import Transaction

_PLACE = spell("""
    INSERT INTO s3_objects (bucket, {version}) VALUES (?, {version marks})
    ON CONFLICT (bucket, key) DO UPDATE SET {version excluded}
""")
_LOWER = spell("""
    INSERT INTO s3_versions (bucket, {version}) SELECT bucket, {version} FROM s3_objects WHERE bucket = ? AND key = ?
""")
_RAISE = spell("""
    INSERT INTO s3_objects (bucket, {version})
    SELECT bucket, {version} FROM s3_versions WHERE bucket = ? AND key = ? AND rank = ?
""")
_WRITE_DATA = "INSERT INTO s3_inline (data) VALUES (?) RETURNING id"
_DELETE_DATA = "DELETE FROM s3_inline WHERE id = ?"
_MARK = spell("INSERT INTO s3_versions (bucket, {version}) VALUES (?, {version marks})")
_DELETE = "DELETE FROM s3_objects WHERE bucket = ? AND key = ?"
_DELETE_BELOW = "DELETE FROM s3_versions WHERE bucket = ? AND key = ? AND rank = ?"
_FIND_NULL = spell("SELECT {version}, NULL FROM s3_versions WHERE bucket = ? AND key = ? AND version = 'null'")
_INSERT_PART = spell("INSERT INTO s3_parts (content, {part}) VALUES (?, {part marks})")
#: The blobs of a content that no other content shares.
_OWN_BLOBS = """
    SELECT blob FROM s3_parts p WHERE content = ?
    AND NOT EXISTS (SELECT 1 FROM s3_parts o WHERE o.blob = p.blob AND o.content <> p.content)
"""


def new_version_id() -> str:
    """Return a version id like AWS's: 32 opaque characters."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one bucket's keys, inside one write block.

    `current` is always what that block found in `s3_objects` under the key, None for nothing.
    """

    tx: Transaction
    contents: Contents
    bucket: Bucket

    async def place(self, current: Version | None, new: Version) -> Version:
        """Make `new` the current object of its key, and return it with the version id and rank that it got.

        What it replaces goes below where the bucket keeps versions, else away. `new.data` is written with it.

        Raises:
            AwsError: InvalidRequest: it is locked, and the bucket has no object lock.
        """
        if new.extra is not None or self.bucket.defaults is not None:
            new = with_defaults(self.bucket, new)
        if self.bucket.versioned:
            new = await self._succeed(current, new)
        elif current is not None:
            await self._drop(current)
        if new.data:
            (row,) = await self.tx.fetch_all(_WRITE_DATA, new.data)
            new = new._replace(inline=int(row[0]))
        await self.tx.execute(_PLACE, self.bucket.id, *new[:-1])
        return new

    async def place_received(
        self, current: Version | None, new: Version, received: Received, encryption: Encryption | None
    ) -> Version:
        """Make what was received the current object; `new` is all of it but the bytes."""
        data, wrapped = received.data, None
        if encryption is not None:
            if data is not None:
                key, wrapped = encryption.new_key()
                data = seal(key, data)
            new = with_extra(new, "seal", encryption.stored(wrapped))
        digested = received.digested
        kept = digested.kept.stored()
        new = new._replace(
            size=received.digested.size,
            etag=received.digested.md5.hex(),
            checksum=kept,
            content=received.blob or None,
            data=data,
        )
        new = await self.place(current, new)
        if received.blob:
            part = Part(1, 0, new.size, new.etag, kept, new.modified, received.seal, received.blob)
            await self.tx.execute(_INSERT_PART, received.blob, *part)
            self.tx.on_commit(functools.partial(self.contents.keep, received.blob))
        return new

    async def _succeed(self, current: Version | None, new: Version) -> Version:
        """Give `new` its place in the history of its key."""
        keeps = self.bucket.versioning == "Enabled"
        rank = await self._next_rank(new.key, current)
        if current is not None:
            await self._clear(current, keeps=keeps)
        if not keeps:
            await self._remove_null_below(new.key)
        return new._replace(version=new_version_id() if keeps else NULL_VERSION, rank=rank)

    async def mark(self, key: bytes, current: Version | None, now: float) -> Version | None:
        """Delete the key without naming a version; return the delete marker where the bucket keeps versions."""
        if not self.bucket.versioned:
            if current is not None:
                await self._take(current)
            return None
        keeps = self.bucket.versioning == "Enabled"
        rank = await self._next_rank(key, current)
        if current is not None:
            await self._clear(current, keeps=keeps)
            await self.tx.execute(_DELETE, self.bucket.id, key)
        if not keeps:
            await self._remove_null_below(key)
        version = new_version_id() if keeps else NULL_VERSION
        marker = Version(key, rank, version, now, 0, "", STANDARD, None, "{}", *(None,) * 4)
        await self.tx.execute(_MARK, self.bucket.id, *marker[:-1])
        return marker

    async def remove(
        self, key: bytes, current: Version | None, version: str, now: float, *, bypass: bool = False
    ) -> Version | None:
        """Delete one version for good; return what it was, None when there is no such version.

        The newest below comes up when it was the current one. `bypass` is for governance retention.

        Raises:
            AwsError: AccessDenied: it is locked.
        """
        if current is not None and current.version == version:
            check_removable(current, now, bypass=bypass)
            await self._take(current)
            await self._raise_newest(key)
            return current
        if (found := await find_version(self.tx, self.bucket, key, version)) is None:
            return None
        check_removable(found, now, bypass=bypass)
        await self._take_below(found)
        if current is None:
            await self._raise_newest(key)
        return found

    async def retire(self, content: str) -> None:
        """Delete a content's parts; blobs that no other content shares go with this block."""
        blobs = [str(row[0]) for row in await self.tx.fetch_all(_OWN_BLOBS, content)]
        await self.tx.execute("DELETE FROM s3_parts WHERE content = ?", content)
        self.tx.on_commit(functools.partial(self.contents.discard, blobs))

    async def _next_rank(self, key: bytes, current: Version | None) -> int:
        newest = current or await find_newest_below(self.tx, self.bucket, key)
        return 0 if newest is None else newest.rank - 1

    async def _clear(self, current: Version, *, keeps: bool) -> None:
        """Make room where `current` is: its row is about to be replaced."""
        if keeps or current.version != NULL_VERSION:
            await self.tx.execute(_LOWER, self.bucket.id, current.key)
        else:
            await self._drop(current)

    async def _drop(self, version: Version) -> None:
        """Delete a version's bytes: its row goes, or is replaced."""
        if version.inline is not None:
            await self.tx.execute(_DELETE_DATA, version.inline)
        if version.content is not None:
            await self.retire(version.content)

    async def _remove_null_below(self, key: bytes) -> None:
        row = await self.tx.fetch_one(_FIND_NULL, self.bucket.id, key)
        if row is not None:
            await self._take_below(Version._make(row))

    async def _take(self, current: Version) -> None:
        await self.tx.execute(_DELETE, self.bucket.id, current.key)
        await self._drop(current)

    async def _take_below(self, version: Version) -> None:
        await self.tx.execute(_DELETE_BELOW, self.bucket.id, version.key, version.rank)
        await self._drop(version)

    async def _raise_newest(self, key: bytes) -> None:
        newest = await find_newest_below(self.tx, self.bucket, key)
        if newest is not None and not newest.is_marker:
            await self.tx.execute(_RAISE, self.bucket.id, key, newest.rank)
            await self.tx.execute(_DELETE_BELOW, self.bucket.id, key, newest.rank)
