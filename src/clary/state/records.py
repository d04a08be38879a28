"""Records: named JSON documents, which is what nearly every AWS resource is.

A record belongs to a service and has a kind (`training-job`), a scope (`account/region`) and a key (its name or ARN),
and besides its document the four facts that AWS's list operations filter and sort by: key, status, creation and
modification time. Two services may have the same kind: they do not meet one another's records.
What is too many or too hot for that (S3 objects, log events) gets tables of its own by a `Migration`.
"""

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Record:
    """One document. `version` counts its changes; `update` refuses a version that is not the stored one.

    `body` is JSON: floats come back exactly, NaN and infinity as None; bytes and datetimes are refused (TypeError).
    """

    key: str
    body: dict[str, Any]
    status: str
    created: float
    modified: float
    version: int = 1


@dataclass(frozen=True, slots=True)
class Query:
    """Which records, in which order.

    Bounds are exclusive, as AWS's `...After` and `...Before` are; `key_contains` takes ASCII letters of either case, as
    `NameContains` does. Records that are equal in what is sorted by are sorted by key (by status: by creation, then
    key).

    A page costs the same however many records there are, when it is narrowed by nothing, by the parent, by the key's
    prefix in the order of keys, by times in their own order, or by one status in the order of creation. Anything else
    is looked at record by record, in the order asked for, until the page is full.

    `cursor` is what `Page.cursor` gave for the same query; `parent` narrows to the records inserted with that parent
    (the versions of one model package group, the streams of one log group).
    """

    limit: int = 100
    cursor: str | None = None
    sort_by: Literal["key", "created", "modified", "status"] = "key"
    descending: bool = False
    key_prefix: str | None = None
    key_contains: str | None = None
    statuses: tuple[str, ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    modified_after: float | None = None
    modified_before: float | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Records in order, and the opaque cursor to the next page, None on the last."""

    records: list[Record] = field(default_factory=list)
    cursor: str | None = None


class StaleCursor(Exception):  # noqa: N818
    """The cursor belongs to another query, or was never ours. Services answer their `InvalidNextToken`."""


class Stale(Exception):  # noqa: N818
    """The record changed since it was read, or is gone."""
