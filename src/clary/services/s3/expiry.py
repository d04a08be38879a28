"""Does what lifecycle rules say: a job for each bucket that has them, at every midnight UTC."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

import orjson

from clary.jobs.program import StopRequest
from clary.jobs.queue import Job, Queue
from clary.services._base.context import Platform
from clary.services.s3.catalog import find_object
from clary.services.s3.contents import Contents
from clary.services.s3.models import Bucket
from clary.services.s3.rules import DAY, Rule, due, parse_rules
from clary.services.s3.settings import LIFECYCLE
from clary.services.s3.statements import spell
from clary.services.s3.versions import Versions
from clary.state.database import Conflict, Transaction
from clary.wire.errors import AwsError

#: Kind, and scope, of the jobs.
JOB = "s3.lifecycle"
SCOPE = "s3"
#: Rows read at once, and versions deleted in one write block.
_BATCH = 500
_BLOCK = 50

_FIND_BUCKET = spell("SELECT {b.bucket}, b.name FROM s3_buckets b WHERE b.id = ?")
_SCAN = """
    SELECT key, rank, modified, size, etag, extra, version FROM {table}
    WHERE bucket = ? AND (key, rank) > (?, ?) ORDER BY key, rank LIMIT ?
"""
_SCAN_CURRENT, _SCAN_BELOW = (_SCAN.replace("{table}", table) for table in ("s3_objects", "s3_versions"))
_UPLOADS = "SELECT key, id, initiated FROM s3_uploads WHERE bucket = ?"
_DELETE_UPLOAD = "DELETE FROM s3_uploads WHERE bucket = ? AND key = ? AND id = ?"


class Entry(NamedTuple):
    """A version, or a delete marker, as a rule looks at it."""

    key: bytes
    rank: int
    modified: float
    size: int
    etag: str
    extra: str | None
    version: str

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""
        tags: dict[str, str] = {} if self.extra is None else orjson.loads(self.extra).get("tags", {})
        return tags


async def wake(tx: Transaction, queue: Queue, bucket: Bucket) -> None:
    """Have a bucket's rules looked at now."""
    try:
        await queue.enqueue(tx, JOB, scope=SCOPE, key=str(bucket.id))
    except Conflict:
        # It waits for midnight, or is at it: being asked to stop makes it run at once, or once more.
        await queue.request_stop(tx, JOB, scope=SCOPE, key=str(bucket.id))


def expired(versions: Sequence[Entry], rules: Sequence[Rule], now: float) -> Iterator[Entry]:
    """Yield those of one key's versions, newest first, whose time has come."""
    newest = versions[0]
    if newest.etag:
        if _any_expires(newest, rules, now):
            yield newest
    elif len(versions) == 1 and any(_ends_marker(newest, rule, now) for rule in rules):
        yield newest
    for number, (version, successor) in enumerate(zip(versions[1:], versions, strict=False)):
        for rule in rules:
            days = rule.noncurrent_days
            if days is None or number < rule.noncurrent_kept:
                continue
            if rule.speaks_of(version.key, version.size, version.tags) and due(successor.modified, days) <= now:
                yield version
                break


def _any_expires(entry: Entry, rules: Sequence[Rule], now: float) -> bool:
    return any(
        (at := rule.expires(entry.modified)) is not None
        and at <= now
        and rule.speaks_of(entry.key, entry.size, entry.tags)
        for rule in rules
    )


def _ends_marker(marker: Entry, rule: Rule, now: float) -> bool:
    """Whether a delete marker with nothing below it goes: where the rule says so, or once its own days are over."""
    at = rule.expires(marker.modified)
    return marker.key.startswith(rule.prefix) and (rule.lone_markers or (at is not None and at <= now))


class Expiry:
    """Runs the jobs."""

    def __init__(self, platform: Platform, contents: Contents) -> None:
        self._database = platform.database
        self._queue = platform.queue
        self._clock = platform.clock
        self._contents = contents

    async def run(self, job: Job, stop: StopRequest) -> None:
        """Delete what has expired in one bucket, and come again at the next midnight."""
        stop.event.clear()
        row = await self._database.fetch_one(_FIND_BUCKET, int(job.key))
        if row is None:
            return
        bucket = Bucket._make(row)
        rules = parse_rules(await LIFECYCLE.find(self._database, bucket) or [])
        now = self._clock.now()
        await self._expire_objects(bucket, rules, now)
        await self._abort_uploads(bucket, rules, now)
        async with self._database.write() as tx:
            if await LIFECYCLE.find(tx, bucket) is None:
                return
            await self._queue.finish(tx, job)
            # The midnight after `now`, even if it has passed meanwhile; a second late, lest rounding make it too early.
            midnight = now - now % DAY + DAY + 1
            delay = 0 if stop.requested else max(0, midnight - self._clock.now())
            await self._queue.enqueue(tx, JOB, scope=SCOPE, key=job.key, delay=delay)

    async def give_up(self, job: Job, reason: str) -> None:
        """Try again tomorrow."""
        async with self._database.write() as tx:
            await self._queue.finish(tx, job)
            await self._queue.enqueue(tx, JOB, scope=SCOPE, key=job.key, delay=DAY)

    async def _expire_objects(self, bucket: Bucket, rules: Sequence[Rule], now: float) -> None:
        doomed: list[Entry] = []
        async for versions in self._keys(bucket):
            doomed += expired(versions, rules, now)
            if len(doomed) >= _BLOCK:
                await self._delete(bucket, doomed, now)
                doomed = []
        await self._delete(bucket, doomed, now)

    async def _keys(self, bucket: Bucket) -> AsyncIterator[list[Entry]]:
        """Yield the versions of every key, newest first."""
        place: tuple[bytes, int] = (b"", -(2**63))
        group: list[Entry] = []
        while True:
            current = await self._database.fetch_all(_SCAN_CURRENT, bucket.id, *place, _BATCH)
            below = await self._database.fetch_all(_SCAN_BELOW, bucket.id, *place, _BATCH)
            rows = sorted([*current, *below], key=itemgetter(0, 1))[:_BATCH]
            for entry in map(Entry._make, rows):
                if group and group[0].key != entry.key:
                    yield group
                    group = []
                group.append(entry)
            if len(rows) < _BATCH:
                break
            place = (rows[-1][0], rows[-1][1])
        if group:
            yield group

    async def _delete(self, bucket: Bucket, doomed: Sequence[Entry], now: float) -> None:
        """Delete versions, but for those that are no more what was found, and those that are locked."""
        async with self._database.write() as tx:
            versions = Versions(tx, self._contents, bucket)
            for entry in doomed:
                current = await find_object(tx, bucket, entry.key)
                is_current = current is not None and current.version == entry.version
                if current is not None and is_current and current.modified == entry.modified:
                    await versions.mark(entry.key, current, now)
                elif not is_current:
                    with contextlib.suppress(AwsError):
                        await versions.remove(entry.key, current, entry.version, now)

    async def _abort_uploads(self, bucket: Bucket, rules: Sequence[Rule], now: float) -> None:
        uploads = await self._database.fetch_all(_UPLOADS, bucket.id)
        for key, upload_id, initiated in uploads:
            if not any(
                rule.abort_days is not None and key.startswith(rule.prefix) and due(initiated, rule.abort_days) <= now
                for rule in rules
            ):
                continue
            async with self._database.write() as tx:
                if await tx.execute(_DELETE_UPLOAD, bucket.id, key, upload_id):
                    await Versions(tx, self._contents, bucket).retire(str(upload_id))
