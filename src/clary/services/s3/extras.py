"""What few objects have beside their headers, in one JSON document, so that the many pay for one column.

`tags`, `lock`, `acl`, and `seal`: how it is encrypted.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services.s3.grants import is_harmless, read_grants
from clary.services.s3.locks import new_lock, read_lock
from clary.services.s3.models import Bucket, Version, dump
from clary.services.s3.tags import read_tag_header
from clary.state.database import Transaction

_UPDATE = "UPDATE {table} SET extra = ? WHERE bucket = ? AND key = ? AND version = ?"
_UPDATE_CURRENT, _UPDATE_BELOW = (_UPDATE.replace("{table}", table) for table in ("s3_objects", "s3_versions"))


def read_extra(ctx: Context, req: Mapping[str, Any]) -> str | None:
    """Return what a request that makes an object gives it, as it is stored.

    Raises:
        AwsError: InvalidArgument, InvalidTag, BadRequest.
    """
    extra: dict[str, Any] = {}
    if tags := req.get("Tagging"):
        extra["tags"] = read_tag_header(tags)
    if not is_harmless(req):
        extra["acl"] = read_grants(req, ctx.account)
    if lock := read_lock(req, ctx.now()):
        extra["lock"] = lock
    return _dump(extra)


def copy_extra(new: Version, source: Version, *, replace_tags: bool) -> str | None:
    """Return what a copy gets, as it is stored: all that `new` has of its request, and the source's tags.

    `replace_tags` says that the request's tags stand in their place.
    """
    extra = load_extra(new)
    if not replace_tags:
        extra["tags"] = load_extra(source).get("tags")
    return _dump(extra)


def load_extra(version: Version) -> dict[str, Any]:
    """Return an object's extras; none is an empty document."""
    extra: dict[str, Any] = {} if version.extra is None else orjson.loads(version.extra)
    return extra


def with_defaults(bucket: Bucket, version: Version) -> Version:
    """Return a new object with what its bucket gives it.

    Raises:
        AwsError: InvalidRequest: it is locked, and the bucket has no object lock.
    """
    return with_extra(version, "lock", new_lock(bucket, load_extra(version).get("lock", {}), version.modified))


def with_extra(version: Version, name: str, value: Any) -> Version:
    """Return a version with one of its extras changed; None takes it away."""
    return version._replace(extra=_dump(load_extra(version) | {name: value}))


async def update_extra(tx: Transaction, bucket: Bucket, version: Version, name: str, value: Any) -> None:
    """Change one of an object's extras; None takes it away."""
    params = (with_extra(version, name, value).extra, bucket.id, version.key, version.version)
    if not await tx.execute(_UPDATE_CURRENT, *params):
        await tx.execute(_UPDATE_BELOW, *params)


def extra_headers(version: Version) -> dict[str, Any]:
    """Return what GetObject and HeadObject answer of the extras."""
    extra = load_extra(version)
    headers: dict[str, Any] = {}
    if tags := extra.get("tags"):
        headers["TagCount"] = len(tags)
    if lock := extra.get("lock"):
        headers["ObjectLockMode"] = lock.get("mode")
        headers["ObjectLockRetainUntilDate"] = lock.get("until")
        headers["ObjectLockLegalHoldStatus"] = lock.get("hold")
    return headers


def _dump(extra: dict[str, Any]) -> str | None:
    kept = {name: value for name, value in extra.items() if value}
    return dump(kept) if kept else None
