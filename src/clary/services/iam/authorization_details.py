"""Everything that decides who may do what, in one list: GetAccountAuthorizationDetails."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.aws_managed import AWS_MANAGED
from clary.services.iam.entities import GROUP, INSTANCE_PROFILE, ROLE, USER, account_records, every
from clary.services.iam.models import (
    attached_policies,
    described_boundary,
    described_profile,
    inline_policies,
    listed,
    listed_role,
    name_of,
)
from clary.services.iam.paging import page
from clary.services.iam.policies import described_policy, described_version
from clary.services.iam.usage import ATTACHED, POLICY_KIND, USE_KIND
from clary.state.records import Record

#: The member of the answer that holds the details of each kind.
_LISTS = {
    GROUP.kind: "GroupDetailList",
    ROLE.kind: "RoleDetailList",
    USER.kind: "UserDetailList",
    POLICY_KIND: "Policies",
}
_FILTERS = {
    "User": USER.kind,
    "Role": ROLE.kind,
    "Group": GROUP.kind,
    "LocalManagedPolicy": POLICY_KIND,
    "AWSManagedPolicy": POLICY_KIND,
}


class AuthorizationDetails:
    """The operation that answers them."""

    async def get_account_authorization_details(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Groups, policies, roles and users share the pages, in this order. AWS's policies are listed when attached."""
        records = account_records(ctx)
        wanted = req.get("Filter") or list(_FILTERS)
        uses = {record.key: record.body for record in await every(records, USE_KIND)}
        found: list[tuple[str, Record]] = []
        for kind in sorted({_FILTERS[name] for name in wanted} - {POLICY_KIND}):
            found += [(kind, record) for record in await every(records, kind)]
        if "LocalManagedPolicy" in wanted:
            found += [(POLICY_KIND, policy) for policy in await every(records, POLICY_KIND)]
        if "AWSManagedPolicy" in wanted:
            attached = (arn for arn, counts in uses.items() if counts[ATTACHED] and arn in AWS_MANAGED)
            found += [(POLICY_KIND, AWS_MANAGED[arn]) for arn in attached]
        chosen, more = page(found, req, "authorization details", lambda each: f"{each[0]} {each[1].key}")
        profiles = await every(records, INSTANCE_PROFILE.kind)
        answer: dict[str, Any] = {member: [] for member in _LISTS.values()}
        for kind, record in chosen:
            answer[_LISTS[kind]].append(_detail(kind, record, uses, profiles))
        return answer | more


def _detail(kind: str, record: Record, uses: dict[str, Any], profiles: list[Record]) -> dict[str, Any]:
    if kind == POLICY_KIND:
        return _policy_detail(record, uses.get(record.key, {}))
    common = {
        "AttachedManagedPolicies": attached_policies(record),
        "Tags": record.body.get("Tags"),
        "PermissionsBoundary": described_boundary(record),
    }
    if kind == ROLE.kind:
        listing = listed_role(record)
        del listing["Description"], listing["MaxSessionDuration"]
        own = [each for each in profiles if name_of(ROLE, record) in each.body["Roles"]]
        boxes = [described_profile(each, [record]) for each in own]
        return listing | common | {"RolePolicyList": inline_policies(record), "InstanceProfileList": boxes}
    if kind == USER.kind:
        groups = record.body.get("Groups", [])
        return listed(record, "User") | common | {"UserPolicyList": inline_policies(record), "GroupList": groups}
    attached = {"AttachedManagedPolicies": common["AttachedManagedPolicies"]}
    return listed(record, "Group") | attached | {"GroupPolicyList": inline_policies(record)}


def _policy_detail(policy: Record, uses: dict[str, int]) -> dict[str, Any]:
    versions = [described_version(policy, version) for version in policy.body["Versions"]]
    return described_policy(policy, uses) | {"PolicyVersionList": versions}
