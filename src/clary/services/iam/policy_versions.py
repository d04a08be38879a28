"""Versions of managed policies: at most five, one of them the default, which is in force."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.entities import account_records
from clary.services.iam.errors import delete_conflict, limit_exceeded, no_such_entity
from clary.services.iam.paging import page
from clary.services.iam.policies import checked_document, described_version
from clary.services.iam.usage import change_policy, find_policy, own_policy
from clary.state.records import Record

_QUOTA = 5


class PolicyVersions:
    """Operations on the versions of managed policies."""

    async def create_policy_version(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Numbers are never used again.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        document, now = checked_document(req["PolicyDocument"]), ctx.now()
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            if len(policy.body["Versions"]) >= _QUOTA:
                raise limit_exceeded(
                    f"A managed policy can have up to {_QUOTA} versions. Before you create a new version, you must "
                    "delete an existing version."
                )
            number = policy.body["LastVersion"] + 1
            version = f"v{number}"
            default = version if req.get("SetAsDefault") else policy.body["DefaultVersionId"]
            versions = policy.body["Versions"] | {version: {"Document": document, "CreateDate": now}}
            changed = {"Versions": versions, "LastVersion": number, "DefaultVersionId": default}
            policy = await change_policy(records, ctx, policy, **changed)
        described = described_version(policy, version)
        del described["Document"]
        return {"PolicyVersion": described}

    async def get_policy_version(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The document is percent-encoded."""
        policy = await find_policy(account_records(ctx), req["PolicyArn"], "Policy {arn} was not found.")
        _check(policy, req["VersionId"])
        return {"PolicyVersion": described_version(policy, req["VersionId"])}

    async def list_policy_versions(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The newest is first."""
        policy = await find_policy(account_records(ctx), req["PolicyArn"], "Policy {arn} was not found.")
        versions = [described_version(policy, version) for version in policy.body["Versions"]]
        newest = max(int(version[1:]) for version in policy.body["Versions"])
        listing = f"versions of {policy.key}"
        # Counted from the newest, with leading zeros: the order of names is the order wanted.
        chosen, more = page(versions, req, listing, lambda each: f"{newest - int(each['VersionId'][1:]):09d}")
        for each in chosen:
            del each["Document"]
        return {"Versions": chosen} | more

    async def set_default_policy_version(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """In force at once for everybody the policy is attached to.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            _check(policy, req["VersionId"])
            await change_policy(records, ctx, policy, DefaultVersionId=req["VersionId"])
        return {}

    async def delete_policy_version(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Any but the default."""
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            _check(policy, req["VersionId"])
            if policy.body["DefaultVersionId"] == req["VersionId"]:
                raise delete_conflict("Cannot delete the default version of a policy.")
            versions = {name: each for name, each in policy.body["Versions"].items() if name != req["VersionId"]}
            await change_policy(records, ctx, policy, Versions=versions)
        return {}


def _check(policy: Record, version: str) -> None:
    if version not in policy.body["Versions"]:
        raise no_such_entity(f"Policy {policy.key} version {version} does not exist or is not attachable.")
