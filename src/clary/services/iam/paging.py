"""Pages of IAM's lists.

Decision: a list is read whole and cut in memory. Quotas keep an account's entities in the thousands, path prefixes
cannot be asked of the database, and a marker that names the last item holds while the list changes around it.
"""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from clary.services.iam.errors import validation_error

Item = TypeVar("Item")

_DEFAULT_ITEMS = 100


def page(
    items: Iterable[Item], req: dict[str, Any], listing: str, name: Callable[[Item], str]
) -> tuple[list[Item], dict[str, Any]]:
    """Cut one page out of `items`, in the order of their names.

    `listing` names the list, so that a marker of another one is refused. Returns the page and the members that tell
    of the next.

    Raises:
        AwsError: ValidationError for a marker that this list never gave.
    """
    ordered = sorted(items, key=name)
    if "Marker" in req:
        last = _last_name(req["Marker"], listing)
        ordered = [item for item in ordered if name(item) > last]
    limit = req.get("MaxItems", _DEFAULT_ITEMS)
    if len(ordered) <= limit:
        return ordered, {"IsTruncated": False}
    chosen = ordered[:limit]
    marker = base64.urlsafe_b64encode(json.dumps([listing, name(chosen[-1])]).encode()).decode()
    return chosen, {"IsTruncated": True, "Marker": marker}


def _last_name(marker: str, listing: str) -> str:
    try:
        origin, last = json.loads(base64.urlsafe_b64decode(marker))
    except ValueError:
        raise validation_error(f"Invalid Marker: {marker}") from None
    if origin != listing or not isinstance(last, str):
        raise validation_error(f"Invalid Marker: {marker}")
    return last
