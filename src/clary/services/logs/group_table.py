"""The table of log groups."""

import json

from clary.services._base.context import Context
from clary.services.logs.errors import group_exists, group_not_found, invalid_parameter
from clary.services.logs.models import LogGroup
from clary.state.database import Conflict, Database, Reader, Row, Transaction

_SELECT = "SELECT id, name, created, class, retention, protected, tags FROM log_group "


async def insert_group(tx: Transaction, scope: str, group: LogGroup) -> None:
    """Add a group; the database gives it its id.

    Raises:
        AwsError: ResourceAlreadyExistsException.
    """
    sql = "INSERT INTO log_group (scope, name, created, class, retention, protected, tags) VALUES (?, ?, ?, ?, ?, ?, ?)"
    values = (group.name, group.created, group.log_class, group.retention, int(group.protected), json.dumps(group.tags))
    try:
        await tx.execute(sql, scope, *values)
    except Conflict:
        raise group_exists() from None


async def load_group(reader: Reader | Database, scope: str, name: str) -> LogGroup:
    """Return a group.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    row = await reader.fetch_one(_SELECT + "WHERE scope = ? AND name = ?", scope, name)
    if row is None:
        raise group_not_found()
    return _group(row)


async def groups_after(reader: Reader | Database, scope: str, prefix: str, after: str, limit: int) -> list[LogGroup]:
    """Return groups whose names begin with `prefix` and come after `after`, in order."""
    which = "WHERE scope = ? AND name > ? AND name >= ? AND name <= ? AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?"
    params = (scope, after, prefix, f"{prefix}\U0010ffff", len(prefix), prefix, limit)
    return [_group(row) for row in await reader.fetch_all(_SELECT + which, *params)]


async def update_group(tx: Transaction, group: LogGroup) -> None:
    """Store what of a group can change: retention, protection, tags."""
    sql = "UPDATE log_group SET retention = ?, protected = ?, tags = ? WHERE id = ?"
    await tx.execute(sql, group.retention, int(group.protected), json.dumps(group.tags), group.id)


async def delete_group(tx: Transaction, group: LogGroup) -> None:
    """Remove a group whose streams are gone."""
    await tx.execute("DELETE FROM log_group WHERE id = ?", group.id)


def named_group(ctx: Context, identifier: str) -> str:
    """Return the name in a group's name or ARN.

    Raises:
        AwsError: ResourceNotFoundException for an ARN of another account or region; InvalidParameterException for
            an ARN of something else.
    """
    if not identifier.startswith("arn:"):
        return identifier
    prefix = ctx.arn("logs", "log-group:")
    if not identifier.startswith(prefix):
        if ":logs:" in identifier and ":log-group:" in identifier:
            raise group_not_found()
        raise invalid_parameter("The specified resource ARN is not that of a log group.")
    return identifier.removeprefix(prefix).removesuffix(":*")


def _group(row: Row) -> LogGroup:
    number, name, created, log_class, retention, protected, tags = row
    return LogGroup(number, name, created, log_class, retention, bool(protected), json.loads(tags))
