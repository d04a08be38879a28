"""The evaluator of policies: pure, and shared by IAM, S3's bucket policies and every other policy on a resource.

Source: "Policy evaluation logic" in the IAM user guide. In short: an explicit Deny wins; otherwise somebody must allow;
a permissions boundary and session policies can only take away; another account's resource needs both sides.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from clary.services._base.conditions import holds
from clary.services._base.patterns import Unresolved, Values, matches
from clary.services._base.principal import Principal, PrincipalKind


class Verdict(Enum):
    """What policies say, in the words of IAM's simulator."""

    ALLOWED = "allowed"
    EXPLICIT_DENY = "explicitDeny"
    IMPLICIT_DENY = "implicitDeny"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One action of one caller on one resource.

    `action` is `s3:GetObject`, `resource` an ARN or `*`. `values` are the request's condition keys in lower case.
    `service` stands in for the principal where an AWS service acts (`lambda.amazonaws.com`).
    """

    action: str
    resource: str
    principal: Principal | None = None
    service: str | None = None
    values: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a document, each element a tuple; `source` says which document it came from."""

    source: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: Mapping[str, tuple[str, ...]] | None
    not_principals: Mapping[str, tuple[str, ...]] | None
    condition: dict[str, dict[str, Any]]

    def applies(self, request: AccessRequest) -> bool:
        """Say whether the statement speaks of this request."""
        try:
            return (
                self._names_action(request.action)
                and self._names_resource(request)
                and self._names_principal(request)
                and holds(self.condition, request.values)
            )
        except Unresolved:
            return False

    def _names_action(self, action: str) -> bool:
        if self.actions:
            return any(matches(each, action, {}, ignore_case=True) for each in self.actions)
        return not any(matches(each, action, {}, ignore_case=True) for each in self.not_actions)

    def _names_resource(self, request: AccessRequest) -> bool:
        if self.resources:
            return any(matches(each, request.resource, request.values) for each in self.resources)
        return not any(matches(each, request.resource, request.values) for each in self.not_resources)

    def _names_principal(self, request: AccessRequest) -> bool:
        if self.principals is not None:
            return _names(self.principals, request)
        return self.not_principals is None or not _names(self.not_principals, request)

    @property
    def delegates(self) -> bool:
        """Whether it names whole accounts only, and so leaves the choice to their own policies."""
        named = (self.principals or {}).get("AWS", ())
        return bool(named) and all(each != "*" and (each.isdigit() or each.endswith(":root")) for each in named)

    def names_outright(self, request: AccessRequest) -> bool:
        """Whether it names the caller itself or everybody, and not the role behind a session.

        What is granted so is not narrowed by the absence of an Allow in a boundary or a session policy.
        """
        named = (self.principals or {}).get("AWS", ())
        return "*" in named or (request.principal is not None and request.principal.arn in named)


@dataclass(frozen=True, slots=True)
class Policy:
    """A document, ready to be asked."""

    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: str | dict[str, Any], source: str = "") -> "Policy":
        """Read a document that the service it belongs to has checked.

        Raises:
            ValueError, KeyError: it is none.
        """
        parsed = json.loads(document) if isinstance(document, str) else document
        statements = parsed["Statement"]
        listed = [statements] if isinstance(statements, dict) else statements
        return cls(tuple(_statement(each, source) for each in listed))

    def applying(self, request: AccessRequest) -> list[Statement]:
        """Return the statements that speak of the request."""
        return [statement for statement in self.statements if statement.applies(request)]


@dataclass(frozen=True, slots=True)
class Policies:
    """All that can speak on a request. None means that there is no such policy, an empty tuple one that allows nothing.

    `resource_account` is the account that owns the resource, None for the caller's own.
    """

    identity: Sequence[Policy] = ()
    resource: Policy | None = None
    boundary: Sequence[Policy] | None = None
    session: Sequence[Policy] | None = None
    resource_account: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, the statements that led to it, and whether the boundary (if any) allows the request."""

    verdict: Verdict
    statements: tuple[Statement, ...] = ()
    allowed_by_boundary: bool = True


def decide(request: AccessRequest, policies: Policies) -> Decision:
    """Say whether a request may go ahead."""
    identity = _applying(policies.identity, request)
    resource = policies.resource.applying(request) if policies.resource else []
    boundary = None if policies.boundary is None else _applying(policies.boundary, request)
    session = None if policies.session is None else _applying(policies.session, request)
    within = boundary is None or _allows(boundary)
    denials = [each for each in [*identity, *resource, *(boundary or ()), *(session or ())] if not each.allows]
    if denials:
        return Decision(Verdict.EXPLICIT_DENY, tuple(denials), within)

    root = request.principal is not None and request.principal.kind is PrincipalKind.ROOT
    not_narrowed = within and (session is None or _allows(session))
    by_identity = (root or _allows(identity)) and not_narrowed
    if _is_foreign(request, policies.resource_account):
        allowed = by_identity and _allows(resource)
    else:
        direct = [each for each in resource if not each.delegates]
        outright = [each for each in direct if each.names_outright(request)]
        allowed = by_identity or _allows(outright) or (_allows(direct) and not_narrowed)
    return Decision(Verdict.ALLOWED if allowed else Verdict.IMPLICIT_DENY, (*identity, *resource), within)


def _is_foreign(request: AccessRequest, resource_account: str | None) -> bool:
    return request.principal is not None and resource_account not in {None, request.principal.account}


def _applying(policies: Sequence[Policy], request: AccessRequest) -> list[Statement]:
    return [statement for policy in policies for statement in policy.applying(request)]


def _allows(statements: Sequence[Statement]) -> bool:
    return any(statement.allows for statement in statements)


def _names(principals: Mapping[str, tuple[str, ...]], request: AccessRequest) -> bool:
    if "*" in principals.get("AWS", ()):
        return True
    if request.service is not None:
        return request.service in principals.get("Service", ())
    who = request.principal
    if who is None:
        return False
    account = {who.account, f"arn:aws:iam::{who.account}:root"}
    names = account | {who.arn, who.user_id, who.user_id.partition(":")[0], who.role_arn or who.arn}
    return not names.isdisjoint(principals.get("AWS", ()))


def _statement(statement: dict[str, Any], source: str) -> Statement:
    return Statement(
        source=source,
        allows=statement["Effect"] == "Allow",
        actions=_listed(statement.get("Action")),
        not_actions=_listed(statement.get("NotAction")),
        resources=_listed(statement.get("Resource")),
        not_resources=_listed(statement.get("NotResource")),
        principals=_principals(statement.get("Principal")),
        not_principals=_principals(statement.get("NotPrincipal")),
        condition=statement.get("Condition", {}),
    )


def _listed(value: str | Sequence[str] | None) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _principals(value: str | dict[str, Any] | None) -> dict[str, tuple[str, ...]] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return {"AWS": (value,)}
    return {kind: _listed(names) for kind, names in value.items()}
