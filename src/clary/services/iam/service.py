"""IAM as one service, and what an account has from its first start on."""

import json

from clary.services._base.credentials import GLOBAL_REGION
from clary.services._base.principal import Principal, PrincipalKind
from clary.services._base.service import Service
from clary.services.iam.access_keys import AccessKeys
from clary.services.iam.account import ACCOUNT_KIND, Account
from clary.services.iam.attachments import Attachments
from clary.services.iam.authorization_details import AuthorizationDetails
from clary.services.iam.boundaries import Boundaries
from clary.services.iam.entities import ROLE
from clary.services.iam.groups import Groups
from clary.services.iam.inline_policies import InlinePolicies
from clary.services.iam.instance_profiles import InstanceProfiles
from clary.services.iam.policies import ManagedPolicies
from clary.services.iam.policy_versions import PolicyVersions
from clary.services.iam.roles import Roles
from clary.services.iam.service_linked_roles import ServiceLinkedRoles
from clary.services.iam.simulation import Simulation
from clary.services.iam.tags import EntityTags
from clary.services.iam.usage import ATTACHED, count_use
from clary.services.iam.users import Users
from clary.state.database import Conflict
from clary.state.records import Record

#: The role that jobs may run as without anybody having made one.
EXECUTION_ROLE = "ClaryExecutionRole"

_TRUSTED = (
    "sagemaker",
    "lambda",
    "states",
    "glue",
    "firehose",
    "events",
    "scheduler",
    "kinesisanalytics",
    "elasticmapreduce",
)
_ATTACHED = ("AmazonSageMakerFullAccess", "AmazonS3FullAccess")


class Iam(
    Roles,
    ServiceLinkedRoles,
    Users,
    AccessKeys,
    Groups,
    InstanceProfiles,
    ManagedPolicies,
    PolicyVersions,
    InlinePolicies,
    Attachments,
    Boundaries,
    EntityTags,
    Account,
    AuthorizationDetails,
    Simulation,
    Service,
):
    """AWS Identity and Access Management."""

    name = "iam"

    async def start(self) -> None:
        """Make the account and its execution role, once: a role that was deleted stays deleted."""
        account = self.platform.account
        root = Principal(PrincipalKind.ROOT, account, f"arn:aws:iam::{account}:root", account)
        ctx = self.platform.context("iam", f"{account}/{GLOBAL_REGION}", root)
        if await ctx.state.get(ACCOUNT_KIND, ACCOUNT_KIND):
            return
        async with ctx.state.write() as records:
            try:
                await records.insert(ACCOUNT_KIND, Record(ACCOUNT_KIND, {}, "", ctx.now(), ctx.now()))
            except Conflict:
                return
            attached = [f"arn:aws:iam::aws:policy/{name}" for name in _ATTACHED]
            body = {
                "AssumeRolePolicyDocument": _execution_trust(root),
                "Description": "Made by Clary at its first start, for jobs to run as.",
                "MaxSessionDuration": 43200,
                "Attached": attached,
            }
            await ROLE.insert(records, ctx, {"RoleName": EXECUTION_ROLE, "Path": "/service-role/"}, body)
            for arn in attached:
                await count_use(records, arn, ATTACHED, 1)


def _execution_trust(root: Principal) -> str:
    principals = {"Service": [f"{name}.amazonaws.com" for name in _TRUSTED], "AWS": root.arn}
    statement = {"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
