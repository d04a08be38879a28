"""Retention: how many days events are kept."""

from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.logs.errors import invalid_parameter
from clary.services.logs.group_table import load_group, update_group
from clary.services.logs.trimming import Trimmer, expire

_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class Retention:
    """Operations on retention."""

    trimmer: Trimmer

    async def put_retention_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Events that are older are gone at once: AWS takes up to 72 hours."""
        days = req["retentionInDays"]
        if days not in _DAYS:
            allowed = ", ".join(map(str, _DAYS))
            raise invalid_parameter(
                f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: "
                f"Member must satisfy enum value set: [{allowed}]"
            )
        await self._retain(ctx, req["logGroupName"], days)
        return {}

    async def delete_retention_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Events are kept for ever from now on."""
        await self._retain(ctx, req["logGroupName"], None)
        return {}

    async def _retain(self, ctx: Context, name: str, days: int | None) -> None:
        async with ctx.platform.database.write() as tx:
            group = await load_group(tx, ctx.scope, name)
            await update_group(tx, replace(group, retention=days))
            await expire(tx, int(ctx.now() * 1000))
            tx.on_commit(self.trimmer.wake)
