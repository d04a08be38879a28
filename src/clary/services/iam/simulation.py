"""The policy simulator: what policies would say to requests that nobody makes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services._base.policy import AccessRequest, Policies, Policy, decide
from clary.services._base.principal import Principal, PrincipalKind
from clary.services.iam.documents import check_identity_policy, check_resource_policy
from clary.services.iam.effective import entity_of, policies_of
from clary.services.iam.entities import account_records
from clary.services.iam.errors import invalid_input
from clary.services.iam.paging import page
from clary.wire.errors import AwsError


class Simulation:
    """Operations that ask the evaluator."""

    async def simulate_principal_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: matched statements come without their positions; exclusions are not applied."""
        records = account_records(ctx)
        own = await policies_of(records, *await entity_of(records, req["PolicySourceArn"]))
        given = _given(req)
        boundary = own.boundary if given.boundary is None else given.boundary
        policies = replace(given, identity=[*own.identity, *given.identity], boundary=boundary)
        return _results(req, policies, _principal(req.get("CallerArn", req["PolicySourceArn"])))

    async def simulate_custom_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: matched statements come without their positions; organizations' policies are not applied."""
        return _results(req, _given(req), _principal(req["CallerArn"]) if "CallerArn" in req else None)

    async def get_context_keys_for_custom_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return the condition keys in the documents, in lower case."""
        return {"ContextKeyNames": _keys(_parsed(req["PolicyInputList"], "PolicyInputList"))}

    async def get_context_keys_for_principal_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return the condition keys in the policies of an entity and in the documents, in lower case."""
        records = account_records(ctx)
        own = await policies_of(records, *await entity_of(records, req["PolicySourceArn"]))
        given = _parsed(req.get("PolicyInputList", []), "PolicyInputList")
        return {"ContextKeyNames": _keys([*own.identity, *given])}


def _given(req: dict[str, Any]) -> Policies:
    """Return the policies that stand in the request itself."""
    bounds = req.get("PermissionsBoundaryPolicyInputList")
    resource = req.get("ResourcePolicy")
    return Policies(
        identity=_parsed(req.get("PolicyInputList", []), "PolicyInputList"),
        boundary=None if bounds is None else _parsed(bounds, "PermissionsBoundaryPolicyInputList"),
        resource=None if resource is None else _resource_policy(resource),
        resource_account=_principal(req["ResourceOwner"]).account if "ResourceOwner" in req else None,
    )


def _parsed(documents: Sequence[str], source: str) -> list[Policy]:
    for document in documents:
        try:
            check_identity_policy(document)
        except AwsError as error:
            raise invalid_input(f"{source}: {error.message}") from None
    return [Policy.parse(document, f"{source}.{number}") for number, document in enumerate(documents, 1)]


def _resource_policy(document: str) -> Policy:
    check_resource_policy(document)
    return Policy.parse(document, "ResourcePolicy")


def _results(req: dict[str, Any], policies: Policies, principal: Principal | None) -> dict[str, Any]:
    entries = req.get("ContextEntries", [])
    values = {each.get("ContextKeyName", "").lower(): each.get("ContextKeyValues", []) for each in entries}
    missing = sorted(set(_keys(policies.identity)) - values.keys())
    results = [
        _result(AccessRequest(action, resource, principal, values=values), policies) | {"MissingContextValues": missing}
        for action in req["ActionNames"]
        for resource in req.get("ResourceArns", ["*"])
    ]
    chosen, more = page(results, req, "results", lambda each: f"{each['EvalActionName']} {each['EvalResourceName']}")
    return {"EvaluationResults": chosen} | more


def _result(request: AccessRequest, policies: Policies) -> dict[str, Any]:
    decision = decide(request, policies)
    result: dict[str, Any] = {
        "EvalActionName": request.action,
        "EvalResourceName": request.resource,
        "EvalDecision": decision.verdict.value,
        "MatchedStatements": [{"SourcePolicyId": each.source} for each in decision.statements],
    }
    if policies.boundary is not None:
        detail = {"AllowedByPermissionsBoundary": decision.allowed_by_boundary}
        result["PermissionsBoundaryDecisionDetail"] = detail
    return result


def _keys(policies: Iterable[Policy]) -> list[str]:
    statements = [statement for policy in policies for statement in policy.statements]
    return sorted({key.lower() for each in statements for keys in each.condition.values() for key in keys})


def _principal(arn: str) -> Principal:
    """Return the principal that an ARN of a user, a role or a role's session names."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        raise invalid_input(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    account, kind = parts[4], parts[5].partition("/")[0]
    if kind == "root":
        return Principal(PrincipalKind.ROOT, account, arn, account)
    if kind in {"role", "assumed-role"}:
        return Principal(PrincipalKind.ROLE, account, arn, "", arn if kind == "role" else None)
    return Principal(PrincipalKind.USER, account, arn, "")
