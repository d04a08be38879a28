"""STS as one service."""

from typing import Any

from clary.services._base.context import Context
from clary.services._base.credentials import account_of
from clary.services._base.service import Service
from clary.services.sts.sessions import Sessions
from clary.wire.errors import AwsError


class Sts(Sessions, Service):
    """AWS Security Token Service."""

    name = "sts"

    async def get_caller_identity(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """No policy can forbid it."""
        return {"UserId": ctx.principal.user_id, "Account": ctx.principal.account, "Arn": ctx.principal.arn}

    async def get_access_key_info(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The account is read from the id itself, as on AWS: the key need not exist."""
        try:
            return {"Account": account_of(req["AccessKeyId"])}
        except ValueError:
            raise AwsError("ValidationError", f"Invalid access key id: {req['AccessKeyId']}") from None
