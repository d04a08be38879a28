"""The role that a job or a model acts as."""

from dataclasses import dataclass
from typing import Any

from clary.services._base.context import Client, Context, Platform
from clary.services._base.principal import Principal, PrincipalKind
from clary.services.sagemaker.errors import cannot_assume_role
from clary.wire.errors import AwsError

_SESSION = "SageMaker"


@dataclass(frozen=True, slots=True)
class ExecutionRole:
    """A session of a role: the principal it acts as, and the credentials of that session as STS spells them."""

    arn: str
    credentials: dict[str, Any]
    context: Context

    def client(self, service: str) -> Client:
        """Return another service's public API, used with the role's permissions."""
        return self.context.client(service)


def own_context(platform: Platform, scope: str) -> Context:
    """Return the context in which SageMaker itself acts: for the account's root, which needs no one's permission."""
    account = scope.partition("/")[0]
    root = Principal(PrincipalKind.ROOT, account, f"arn:aws:iam::{account}:root", account)
    return platform.context("sagemaker", scope, root)


async def assume(platform: Platform, scope: str, role_arn: str) -> ExecutionRole:
    """Assume the role as SageMaker does.

    Raises:
        AwsError: there is no such role, or it does not trust SageMaker.
    """
    try:
        sts = own_context(platform, scope).client("sts")
        answer = await sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION)
    except AwsError as error:
        raise cannot_assume_role(role_arn) from error
    user = answer["AssumedRoleUser"]
    principal = Principal(PrincipalKind.ROLE, role_arn.split(":")[4], user["Arn"], user["AssumedRoleId"], role_arn)
    return ExecutionRole(role_arn, answer["Credentials"], platform.context("sagemaker", scope, principal))
