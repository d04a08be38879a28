"""The account: its aliases and its totals."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import GROUP, INSTANCE_PROFILE, ROLE, USER, account_records, every
from clary.services.iam.errors import no_such_entity
from clary.services.iam.paging import page
from clary.services.iam.usage import ATTACHED, POLICY_KIND, USE_KIND
from clary.state.records import Record
from clary.state.store import RecordReader

ACCOUNT_KIND = "account"
ALIAS_KIND = "account-alias"

_QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "RolesQuota": 1000,
    "PoliciesQuota": 1500,
    "InstanceProfilesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "AccessKeysPerUserQuota": 2,
    "GroupsPerUserQuota": 10,
    "SigningCertificatesPerUserQuota": 2,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "AssumeRolePolicySizeQuota": 2048,
    "GroupPolicySizeQuota": 5120,
    "PolicySizeQuota": 6144,
    "RolePolicySizeQuota": 10240,
    "UserPolicySizeQuota": 2048,
    "VersionsPerPolicyQuota": 5,
    "PolicyVersionsInUseQuota": 10000,
    "GlobalEndpointTokenVersion": 1,
}


class Account:
    """Operations on the account as a whole."""

    async def create_account_alias(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """An account has one alias; a new one replaces it."""
        # Differs from AWS: aliases are unique within this server, which is to say in one account.
        async with account_records(ctx).write() as records:
            for alias in await every(records, ALIAS_KIND):
                await records.delete(ALIAS_KIND, alias.key)
            await records.insert(ALIAS_KIND, Record(req["AccountAlias"], {}, "", ctx.now(), ctx.now()))
        return {}

    async def list_account_aliases(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return one or none."""
        aliases = await every(account_records(ctx), ALIAS_KIND)
        names, more = page((alias.key for alias in aliases), req, "aliases", str)
        return {"AccountAliases": names} | more

    async def delete_account_alias(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """There must be such an alias."""
        async with account_records(ctx).write() as records:
            if not await records.delete(ALIAS_KIND, req["AccountAlias"]):
                raise no_such_entity(f"The account alias {req['AccountAlias']} cannot be found.")
        return {}

    async def get_account_summary(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """What Clary does not keep (MFA devices, certificates, providers) is counted as none."""
        records = account_records(ctx)
        policies = await every(records, POLICY_KIND)
        uses = await every(records, USE_KIND)
        counts = {
            "Users": len(await every(records, USER.kind)),
            "Groups": len(await every(records, GROUP.kind)),
            "Roles": len(await every(records, ROLE.kind)),
            "InstanceProfiles": len(await every(records, INSTANCE_PROFILE.kind)),
            "Policies": len(policies),
            "PolicyVersionsInUse": sum(bool(use.body[ATTACHED]) for use in uses),
            "ServerCertificates": 0,
            "Providers": 0,
            "MFADevices": 0,
            "MFADevicesInUse": 0,
            "AccountMFAEnabled": 0,
            "AccountAccessKeysPresent": 1,
            "AccountSigningCertificatesPresent": 0,
            "AccountPasswordPresent": 0,
        }
        return {"SummaryMap": counts | _QUOTAS}


async def account_created(records: RecordReader) -> float:
    """Return when the account began: at the first start of the server."""
    account = await records.get(ACCOUNT_KIND, ACCOUNT_KIND)
    return account.created if account else 0.0
