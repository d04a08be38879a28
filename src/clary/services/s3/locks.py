"""Object lock: until when a version may not be deleted (User guide, "Locking objects with Object Lock").

An object's lock is `{"mode": GOVERNANCE or COMPLIANCE, "until": seconds since the epoch, "hold": "ON"}`, each part
where it has it. A bucket with object lock has `lock` among its defaults: the retention of new objects, or nothing.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from clary.services.s3 import errors
from clary.services.s3.models import Bucket, Version
from clary.wire.errors import AwsError

_DAY = 86_400
_YEAR = 365 * _DAY


def read_lock(req: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return the lock that a request gives the object that it makes; none is an empty document.

    Raises:
        AwsError: InvalidArgument.
    """
    mode, until, hold = (req.get(f"ObjectLock{name}") for name in ("Mode", "RetainUntilDate", "LegalHoldStatus"))
    if mode is None and until is None and hold is None:
        return {}
    if (mode is None) != (until is None):
        message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        raise errors.argument(message, "x-amz-object-lock-mode", mode or "")
    lock = retention(mode, until, now) if mode is not None and until is not None else {}
    return lock | ({"hold": "ON"} if hold == "ON" else {})


def retention(mode: str, until: float, now: float) -> dict[str, Any]:
    """Return the retention part of a lock.

    Raises:
        AwsError: InvalidArgument: it ends in the past.
    """
    if until <= now:
        message = "The retain until date must be in the future!"
        raise errors.argument(message, "x-amz-object-lock-retain-until-date", str(until))
    return {"mode": mode, "until": until}


def new_lock(bucket: Bucket, lock: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return the lock of a new object in a bucket: its own, completed by the bucket's default.

    Raises:
        AwsError: InvalidRequest: it has one, and the bucket has no object lock.
    """
    default = bucket_lock(bucket)
    if default is None:
        if lock:
            raise missing_configuration()
        return {}
    if "mode" in lock or not default:
        return dict(lock)
    length = default["Days"] * _DAY if "Days" in default else default["Years"] * _YEAR
    return {**lock, "mode": default["Mode"], "until": now + length}


def bucket_lock(bucket: Bucket) -> dict[str, Any] | None:
    """Return a bucket's default retention, empty where objects have none by default; None without object lock."""
    lock: dict[str, Any] | None = None if bucket.defaults is None else orjson.loads(bucket.defaults).get("lock")
    return lock


def check_removable(version: Version, now: float, *, bypass: bool) -> None:
    """Refuse to delete a version that is locked; `bypass` is for governance retention.

    Raises:
        AwsError: AccessDenied.
    """
    lock = lock_of(version)
    retained = lock.get("until", 0) > now and not (bypass and lock["mode"] == "GOVERNANCE")
    if retained or "hold" in lock:
        raise AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403)


def check_retention(lock: Mapping[str, Any], wanted: Mapping[str, Any], now: float, *, bypass: bool) -> None:
    """Refuse a change of retention that needs to be let past it: an earlier end, or another mode.

    Raises:
        AwsError: AccessDenied.
    """
    if lock.get("until", 0) <= now or (bypass and lock["mode"] == "GOVERNANCE"):
        return
    if wanted.get("mode") != lock["mode"] or wanted["until"] < lock["until"]:
        raise AwsError("AccessDenied", "Access Denied because object protected by object lock.", 403)


def lock_of(version: Version) -> dict[str, Any]:
    """Return a version's lock; none is an empty document."""
    lock: dict[str, Any] = {} if version.extra is None else orjson.loads(version.extra).get("lock", {})
    return lock


def missing_configuration() -> AwsError:
    """Return the error for locking an object in a bucket without object lock."""
    return errors.invalid_request("Bucket is missing Object Lock Configuration")
