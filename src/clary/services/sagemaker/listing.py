"""How SageMaker's lists page, filter and sort."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from clary.services._base.context import Context
from clary.services.sagemaker.errors import invalid_token
from clary.services.sagemaker.models import Document, Resource
from clary.state.records import Query, StaleCursor

_PAGE = 10
_ORDERS: dict[str, Literal["key", "created", "status"]] = {
    "Name": "key",
    "CreationTime": "created",
    "Status": "status",
}

R = TypeVar("R", bound=Resource)


async def list_page(
    ctx: Context, kind: type[R], req: Document, *, default_order: Literal["Ascending", "Descending"] = "Descending"
) -> tuple[Sequence[R], Document]:
    """Return a page of resources, and the output's `NextToken` as a document to merge (empty on the last page).

    Raises:
        AwsError: the NextToken is not one of this listing.
    """
    query = Query(
        limit=req.get("MaxResults", _PAGE),
        cursor=req.get("NextToken"),
        sort_by=_ORDERS[req.get("SortBy", "CreationTime")],
        descending=req.get("SortOrder", default_order) == "Descending",
        key_contains=req.get("NameContains"),
        statuses=(req["StatusEquals"],) if "StatusEquals" in req else (),
        created_after=_time(req, "CreationTimeAfter"),
        created_before=_time(req, "CreationTimeBefore"),
        modified_after=_time(req, "LastModifiedTimeAfter"),
        modified_before=_time(req, "LastModifiedTimeBefore"),
    )
    try:
        page = await ctx.state.list(kind.KIND, query)
    except StaleCursor as stale:
        raise invalid_token() from stale
    token = {"NextToken": page.cursor} if page.cursor else {}
    return [kind.from_record(record) for record in page.records], token


def _time(req: Document, member: str) -> float | None:
    """Return a time to the millisecond, as times are stored: clients' arithmetic moves the digits behind that."""
    return round(req[member], 3) if member in req else None
