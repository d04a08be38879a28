"""Managed policies: documents with an ARN of their own, attached to many."""

from typing import Any

from clary.services._base.context import Context
from clary.services.iam.aws_managed import AWS_MANAGED
from clary.services.iam.documents import check_identity_policy, encoded, size_of
from clary.services.iam.entities import GROUP, ROLE, USER, Entity, account_records, every, unique_id
from clary.services.iam.errors import already_exists, delete_conflict, invalid_input, quota_exceeded
from clary.services.iam.models import name_of
from clary.services.iam.paging import page
from clary.services.iam.tags import checked_tags, listed_tags, without_tags
from clary.services.iam.usage import (
    ATTACHED,
    BOUNDARY,
    POLICY_KIND,
    USE_KIND,
    change_policy,
    find_policy,
    own_policy,
    uses_of,
)
from clary.state.records import Record

_SIZE_QUOTA = 6144
_ABSENT = "Policy {arn} was not found."
_DESCRIBED = ("PolicyName", "PolicyId", "Arn", "Path", "DefaultVersionId")


class ManagedPolicies:
    """Operations on managed policies and their tags."""

    async def create_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """The document becomes version v1, the default.

        Recorded: policies are not enforced on requests yet; the simulator asks them.
        """
        document = checked_document(req["PolicyDocument"])
        name, path, now = req["PolicyName"], req.get("Path", "/"), ctx.now()
        body = {
            "PolicyName": name,
            "PolicyId": unique_id("ANPA"),
            "Arn": ctx.arn("iam", f"policy{path}{name}", region=""),
            "Path": path,
            "Description": req.get("Description"),
            "DefaultVersionId": "v1",
            "Versions": {"v1": {"Document": document, "CreateDate": now}},
            "LastVersion": 1,
            "Tags": checked_tags({}, req.get("Tags", [])),
        }
        async with account_records(ctx).write() as records:
            record = Record(body["Arn"], body, "", now, now)
            taken = any(each.body["PolicyName"] == name for each in await every(records, POLICY_KIND))
            if taken or f"arn:aws:iam::aws:policy{path}{name}" in AWS_MANAGED:
                raise already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
            await records.insert(POLICY_KIND, record)
        return {"Policy": described_policy(record, {}) | {"Tags": body["Tags"] or None}}

    async def get_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: AWS's own policies have documents, ids and dates of Clary's making."""
        records = account_records(ctx)
        policy = await find_policy(records, req["PolicyArn"], _ABSENT)
        described = described_policy(policy, await uses_of(records, policy.key))
        more = {"Description": policy.body.get("Description"), "Tags": policy.body.get("Tags", [])}
        return {"Policy": described | more}

    async def list_policies(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: of AWS's own policies some fifty are there."""
        records = account_records(ctx)
        scope, prefix = req.get("Scope", "All"), req.get("PathPrefix", "/")
        policies = [] if scope == "AWS" else await every(records, POLICY_KIND)
        policies += [] if scope == "Local" else AWS_MANAGED.values()
        uses = {record.key: record.body for record in await every(records, USE_KIND)}
        found = [
            policy
            for policy in policies
            if policy.body["Path"].startswith(prefix) and _is_wanted(uses.get(policy.key, {}), req)
        ]
        chosen, more = page(found, req, "policies", lambda policy: policy.key)
        return {"Policies": [described_policy(policy, uses.get(policy.key, {})) for policy in chosen]} | more

    async def list_entities_for_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Groups, roles and users share the pages, in this order."""
        records, arn = account_records(ctx), req["PolicyArn"]
        await find_policy(records, arn, _ABSENT)
        found: list[tuple[Entity, Record]] = []
        for entity in _entities(req.get("EntityFilter")):
            found += [(entity, each) for each in await every(records, entity.kind) if _uses_policy(each, arn, req)]
        chosen, more = page(found, req, f"entities of {arn}", lambda pair: f"{pair[0].kind}/{pair[1].key}")
        listed = {
            f"Policy{entity.title}s": [
                {entity.name_member: name_of(entity, each), f"{entity.title}Id": each.body[f"{entity.title}Id"]}
                for owner, each in chosen
                if owner is entity
            ]
            for entity in (GROUP, USER, ROLE)
        }
        return listed | more

    async def delete_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Nobody may use it, and only the default version may be left."""
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            uses = await uses_of(records, policy.key)
            if uses[ATTACHED] or uses[BOUNDARY]:
                raise delete_conflict("Cannot delete a policy attached to entities.")
            if len(policy.body["Versions"]) > 1:
                raise delete_conflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                    "versions. The default version is deleted with the policy."
                )
            await records.delete(POLICY_KIND, policy.key)
            await records.delete(USE_KIND, policy.key)
        return {}

    async def tag_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """A tag that is there takes the new value."""
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            await change_policy(records, ctx, policy, Tags=checked_tags(policy.body, req["Tags"]))
        return {}

    async def untag_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keys that are not there are passed over."""
        async with account_records(ctx).write() as records:
            policy = await own_policy(records, req["PolicyArn"])
            await change_policy(records, ctx, policy, Tags=without_tags(policy.body, req["TagKeys"]))
        return {}

    async def list_policy_tags(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return them in the order of their keys."""
        return listed_tags(await find_policy(account_records(ctx), req["PolicyArn"], _ABSENT), req)


def described_policy(policy: Record, uses: dict[str, int]) -> dict[str, Any]:
    """Return a managed policy as lists do; `uses` as `uses_of` gives them."""
    return {name: policy.body[name] for name in _DESCRIBED} | {
        "AttachmentCount": uses.get(ATTACHED, 0),
        "PermissionsBoundaryUsageCount": uses.get(BOUNDARY, 0),
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.modified,
    }


def described_version(policy: Record, version: str) -> dict[str, Any]:
    """Return one version of a managed policy with its document."""
    stored = policy.body["Versions"][version]
    return {
        "Document": encoded(stored["Document"]),
        "VersionId": version,
        "IsDefaultVersion": policy.body["DefaultVersionId"] == version,
        "CreateDate": stored["CreateDate"],
    }


def checked_document(document: str) -> str:
    """Return the document of a managed policy.

    Raises:
        AwsError: MalformedPolicyDocument, LimitExceeded.
    """
    check_identity_policy(document)
    if size_of(document) > _SIZE_QUOTA:
        raise quota_exceeded("PolicySize", _SIZE_QUOTA)
    return document


def _is_wanted(uses: dict[str, int], req: dict[str, Any]) -> bool:
    usage = {"PermissionsPolicy": (ATTACHED,), "PermissionsBoundary": (BOUNDARY,)}
    counted = usage.get(req.get("PolicyUsageFilter", ""))
    if counted is None:
        return not req.get("OnlyAttached") or bool(uses.get(ATTACHED))
    return any(uses.get(use) for use in counted)


def _entities(chosen: str | None) -> tuple[Entity, ...]:
    by_filter = {"Role": (ROLE,), "User": (USER,), "Group": (GROUP,), None: (GROUP, ROLE, USER)}
    if chosen not in by_filter:
        raise invalid_input(f"Entity filter {chosen} is not valid for this operation.")
    return by_filter[chosen]


def _uses_policy(record: Record, arn: str, req: dict[str, Any]) -> bool:
    usage = req.get("PolicyUsageFilter")
    attached = usage != "PermissionsBoundary" and arn in record.body.get("Attached", [])
    bounds = usage != "PermissionsPolicy" and arn == record.body.get("PermissionsBoundary")
    within: bool = record.body["Path"].startswith(req.get("PathPrefix", "/"))
    return (attached or bounds) and within
