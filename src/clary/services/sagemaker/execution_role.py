"""The role that a job or a model acts as."""

from dataclasses import dataclass

from clary.services._base.context import Client, Context, Platform
from clary.services._base.credentials import Session
from clary.services._base.principal import Principal, PrincipalKind
from clary.services.sagemaker.errors import cannot_assume_role, validation
from clary.wire.errors import AwsError

_SESSION = "SageMaker"


@dataclass(frozen=True, slots=True)
class ExecutionRole:
    """A session of a role; `context` is what its principal may do here."""

    arn: str
    context: Context

    def client(self, service: str) -> Client:
        """Return another service's public API, used with the role's permissions."""
        return self.context.client(service)

    def variables(self, seconds: float) -> dict[str, str]:
        """Return the environment by which a program that runs so long acts as the role."""
        # Differs from AWS: there a program's credentials are renewed while it runs; here they last as long as it may.
        platform, now = self.context.platform, self.context.now()
        credentials = platform.sealer.issue(Session(self.context.principal, now, now + seconds))
        return platform.variables(self.context.scope, credentials.described())


def own_context(platform: Platform, scope: str) -> Context:
    """Return the context in which SageMaker itself acts: for the account's root, which needs no one's permission."""
    account = scope.partition("/")[0]
    root = Principal(PrincipalKind.ROOT, account, f"arn:aws:iam::{account}:root", account)
    return platform.context("sagemaker", scope, root)


async def assume(platform: Platform, scope: str, role_arn: str) -> ExecutionRole:
    """Assume the role as SageMaker does.

    Raises:
        AwsError: there is no such role, it does not trust SageMaker, or it is another account's.
    """
    account = role_arn.split(":")[4]
    if account != scope.partition("/")[0]:
        raise validation("RoleArn: Cross-account pass role is not allowed.")
    sts = own_context(platform, scope).client("sts")
    try:
        answer = await sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION)
    except AwsError as error:
        raise cannot_assume_role(role_arn) from error
    user = answer["AssumedRoleUser"]
    principal = Principal(PrincipalKind.ROLE, account, user["Arn"], user["AssumedRoleId"], role_arn)
    return ExecutionRole(role_arn, platform.context("sagemaker", scope, principal))
