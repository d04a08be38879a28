"""Who may assume a role: the place where its trust policy will speak.

The role must exist; its trust policy is kept by IAM and checked by its grammar there. Asking it (with the evaluator of
`services/_base/policy.py`, the caller as principal and ExternalId, source identity and tags as condition keys) begins
together with the enforcement of all other policies, for a trust policy alone would protect nothing.
"""

from typing import Any

from clary.services._base.context import Context
from clary.services._base.principal import Principal, PrincipalKind
from clary.wire.errors import AwsError


async def trusting_role(ctx: Context, arn: str) -> dict[str, Any]:
    """Return the role, as IAM describes it, that the caller may assume.

    Raises:
        AwsError: ValidationError when `arn` is no role's; AccessDenied when there is no such role or it does not trust
            the caller: AWS does not tell one from the other.
    """
    # Differs from AWS: every caller in the account is trusted, whatever the trust policy says.
    account, name = _parts(arn)
    owner = Principal(PrincipalKind.ROOT, account, f"arn:aws:iam::{account}:root", account)
    iam = ctx.platform.context("sts", f"{account}/{ctx.region}", owner).client("iam")
    try:
        role: dict[str, Any] = (await iam.get_role(RoleName=name))["Role"]
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
        raise _denied(ctx, arn) from None
    if role["Arn"] != arn:
        raise _denied(ctx, arn)
    return role


def _parts(arn: str) -> tuple[str, str]:
    """Return the account and the name in a role's ARN."""
    parts = arn.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or parts[2] != "iam" or not parts[5].startswith("role/"):
        raise AwsError("ValidationError", f"{arn} is invalid")
    return parts[4], parts[5].rpartition("/")[2]


def _denied(ctx: Context, arn: str) -> AwsError:
    text = f"User: {ctx.principal.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    return AwsError("AccessDenied", text, 403)
