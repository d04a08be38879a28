"""Lifecycle rules: which objects they speak of, and when their time has come (User guide, "Lifecycle configuration").

S3 counts whole days, and rounds up to the next midnight UTC: an object of Monday 10:00 that expires after one day does
so at the beginning of Wednesday.
"""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.services.s3 import errors
from clary.wire.errors import AwsError

DAY = 86_400

_MOST_RULES = 1000
_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One enabled rule. Days and times are None where it has no such action; sizes are exclusive bounds in bytes."""

    id: str
    prefix: bytes
    tags: Mapping[str, str]
    over: int
    under: float
    days: int | None
    date: float | None
    lone_markers: bool
    noncurrent_days: int | None
    noncurrent_kept: int
    abort_days: int | None

    def speaks_of(self, key: bytes, size: int, tags: Mapping[str, str]) -> bool:
        """Whether an object of this key, size and tags is one of its filter."""
        return key.startswith(self.prefix) and self.over < size < self.under and self.tags.items() <= tags.items()

    def expires(self, modified: float) -> float | None:
        """Return when a current object of that time expires, None for never."""
        if self.date is not None:
            return self.date
        return None if self.days is None else due(modified, self.days)


def due(since: float, days: int) -> float:
    """Return the midnight at which so many days have passed."""
    return math.ceil((since + days * DAY) / DAY) * DAY


def parse_rules(rules: Sequence[Mapping[str, Any]]) -> list[Rule]:
    """Return the enabled ones of a configuration's rules."""
    return [_rule(rule) for rule in rules if rule["Status"] == "Enabled"]


def check_rules(rules: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rules of a configuration, each with an id.

    Raises:
        AwsError: MalformedXML, InvalidArgument, InvalidRequest.
    """
    if not 1 <= len(rules) <= _MOST_RULES:
        raise errors.malformed_xml()
    named = [{"ID": secrets.token_hex(24), **rule} for rule in rules]
    if len({rule["ID"] for rule in named}) < len(named):
        raise AwsError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    for rule in named:
        _check(rule)
    return named


def _check(rule: Mapping[str, Any]) -> None:
    if len(rule["ID"]) > 255:
        raise AwsError("InvalidArgument", "ID length should not exceed allowed limit of 255")
    if not any(rule.get(action) for action in _ACTIONS):
        raise AwsError("InvalidRequest", "At least one action needs to be specified in a rule")
    if "Filter" in rule and "Prefix" in rule:
        raise errors.malformed_xml()
    conditions = rule.get("Filter", {})
    if len(conditions) > 1 or ("And" in conditions and _predicates(conditions["And"]) < 2):
        raise errors.malformed_xml()
    expiration = rule.get("Expiration")
    if expiration is not None and len(expiration) != 1:
        raise errors.malformed_xml()
    date = (expiration or {}).get("Date")
    if date is not None and date % DAY:
        raise AwsError("InvalidArgument", "'Date' must be at midnight GMT")
    days = [
        (expiration or {}).get("Days", 1),
        rule.get("NoncurrentVersionExpiration", {}).get("NoncurrentDays", 1),
        rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 1),
    ]
    if min(days) < 1:
        raise AwsError("InvalidArgument", "'Days' for Expiration action must be a positive integer")


def _predicates(conditions: Mapping[str, Any]) -> int:
    return len(conditions) - ("Tags" in conditions) + len(conditions.get("Tags", ()))


def _rule(rule: Mapping[str, Any]) -> Rule:
    conditions = rule.get("Filter", {})
    conditions = conditions.get("And", conditions)
    tags = [*conditions.get("Tags", ()), *([conditions["Tag"]] if "Tag" in conditions else [])]
    expiration = rule.get("Expiration", {})
    noncurrent = rule.get("NoncurrentVersionExpiration", {})
    return Rule(
        id=rule["ID"],
        prefix=(conditions.get("Prefix") or rule.get("Prefix") or "").encode(),
        tags={tag["Key"]: tag["Value"] for tag in tags},
        over=conditions.get("ObjectSizeGreaterThan", -1),
        under=conditions.get("ObjectSizeLessThan", math.inf),
        days=expiration.get("Days"),
        date=expiration.get("Date"),
        lone_markers=bool(expiration.get("ExpiredObjectDeleteMarker")),
        noncurrent_days=noncurrent.get("NoncurrentDays"),
        noncurrent_kept=noncurrent.get("NewerNoncurrentVersions", 0),
        abort_days=rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation"),
    )
