"""The grammar of policy documents, as far as IAM checks it when one is stored.

Source: "Grammar of the IAM JSON policy language" in the IAM user guide; the texts are the service's own.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from clary.services._base.conditions import OPERATORS
from clary.services.iam.errors import malformed_document

_VERSIONS = ("2012-10-17", "2008-10-17")
_COMMON = {"Sid", "Effect", "Action", "NotAction", "Condition"}
_IDENTITY_MEMBERS = _COMMON | {"Resource", "NotResource"}
_TRUST_MEMBERS = _COMMON | {"Principal", "NotPrincipal"}
_TRUST_ACTION = re.compile(r"(?i)(\*|sts:[a-z*?]+)")
_VENDOR = re.compile(r"[A-Za-z0-9.-]+")
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "*")
_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[\w-]*:(iam|sts)::\d{12}:\S+|A(ROA|IDA)[A-Z0-9]{16,}")
_PRINCIPAL_KINDS = {"AWS", "Service", "Federated", "CanonicalUser"}

Statement = dict[str, Any]


def check_identity_policy(document: str) -> None:
    """Check a document that hangs on a role, a user or a group.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    policy = _load(document, "Syntax errors in policy.")
    if policy.get("Version") not in _VERSIONS:
        raise malformed_document("Policy document must be version 2012-10-17 or greater.")
    statements = _statements(policy)
    for statement in statements:
        if statement.keys() & {"Principal", "NotPrincipal"}:
            raise malformed_document("Policy document should not specify a principal.")
        _check_members(statement, _IDENTITY_MEMBERS)
        _check_effect(statement, "Syntax errors in policy.")
        for action in _one_of(statement, "Action", "NotAction", "Policy statement must contain actions."):
            _check_action(action)
        for resource in _one_of(statement, "Resource", "NotResource", "Policy statement must contain resources."):
            _check_resource(resource)
        _check_conditions(statement)
    _check_ids(statements)


def check_trust_policy(document: str) -> None:
    """Check a document that says who may assume a role.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    # Differs from AWS: that the principals exist is not checked.
    policy = _load(document, "This policy contains invalid Json")
    if policy.get("Version", _VERSIONS[1]) not in _VERSIONS:
        raise malformed_document("The policy must contain a valid version string")
    statements = _statements(policy)
    for statement in statements:
        if statement.keys() & {"Resource", "NotResource"}:
            raise malformed_document("Has prohibited field Resource")
        _check_members(statement, _TRUST_MEMBERS)
        _check_effect(statement, "Missing required field Effect")
        _check_principals(statement)
        for action in _one_of(statement, "Action", "NotAction", "Missing required field Action"):
            if not _TRUST_ACTION.fullmatch(action):
                raise malformed_document("AssumeRole policy may only specify STS AssumeRole actions.")
        _check_conditions(statement)
    _check_ids(statements)


def check_resource_policy(document: str) -> None:
    """Check a document that hangs on a resource, as far as evaluating it needs.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    for statement in _statements(_load(document, "Syntax errors in policy.")):
        _check_members(statement, _IDENTITY_MEMBERS | _TRUST_MEMBERS)
        _check_effect(statement, "Syntax errors in policy.")
        _check_principals(statement)
        _one_of(statement, "Action", "NotAction", "Policy statement must contain actions.")
        _one_of(statement, "Resource", "NotResource", "Policy statement must contain resources.")
        _check_conditions(statement)


def encoded(document: str) -> str:
    """Return a document as IAM answers it: percent-encoded (RFC 3986). boto3 decodes it into a dict."""
    return quote(document, safe="")


def size_of(document: str) -> int:
    """Return the characters that count against quotas: all but white space."""
    return len("".join(document.split()))


def _load(document: str, complaint: str) -> dict[str, Any]:
    try:
        policy = json.loads(document)
    except (ValueError, RecursionError):
        raise malformed_document(complaint) from None
    if not isinstance(policy, dict) or policy.keys() - {"Version", "Id", "Statement"}:
        raise malformed_document("Syntax errors in policy.")
    return policy


def _statements(policy: dict[str, Any]) -> list[Statement]:
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements or not all(isinstance(each, dict) for each in statements):
        raise malformed_document("Syntax errors in policy.")
    return statements


def _check_members(statement: Statement, known: set[str]) -> None:
    if statement.keys() - known:
        raise malformed_document("Syntax errors in policy.")


def _check_effect(statement: Statement, absent: str) -> None:
    if "Effect" not in statement:
        raise malformed_document(absent)
    if statement["Effect"] not in ("Allow", "Deny"):
        raise malformed_document(f"Invalid effect: {statement['Effect']}")


def _one_of(statement: Statement, plain: str, negated: str, absent: str) -> list[str]:
    if plain in statement and negated in statement:
        raise malformed_document("Syntax errors in policy.")
    value = statement.get(plain, statement.get(negated))
    values = [value] if isinstance(value, str) else value
    if not values:
        raise malformed_document(absent)
    return _strings(values)


def _strings(values: Any) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise malformed_document("Syntax errors in policy.")
    return values


def _check_action(action: str) -> None:
    if action == "*":
        return
    vendor, colon, name = action.partition(":")
    if not colon or not name:
        raise malformed_document("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if not _VENDOR.fullmatch(vendor):
        raise malformed_document(f"Vendor {vendor} is not valid")


def _check_resource(resource: str) -> None:
    if resource == "*":
        return
    parts = resource.split(":", 5)
    if parts[0] != "arn" or len(parts) < 6:
        raise malformed_document(f'Resource {resource} must be in ARN format or "*".')
    if parts[1] not in _PARTITIONS:
        raise malformed_document(f'Partition "{parts[1]}" is not valid for resource "{resource}".')


def _check_principals(statement: Statement) -> None:
    principals = statement.get("Principal", statement.get("NotPrincipal"))
    if principals is None:
        raise malformed_document("Missing required field Principal")
    if principals == "*":
        return
    if not isinstance(principals, dict) or not principals or principals.keys() - _PRINCIPAL_KINDS:
        raise malformed_document(f"Invalid principal in policy: {json.dumps(principals)}")
    for kind, names in principals.items():
        for name in _strings([names] if isinstance(names, str) else names):
            if kind == "AWS" and not _PRINCIPAL.fullmatch(name):
                raise malformed_document(f'Invalid principal in policy: "AWS":"{name}"')


def _check_conditions(statement: Statement) -> None:
    conditions = statement.get("Condition", {})
    if not isinstance(conditions, dict):
        raise malformed_document("Syntax errors in policy.")
    for operator, keys in conditions.items():
        comparison = operator.rpartition(":")[2].lower()
        if comparison.removesuffix("ifexists") not in OPERATORS or comparison == "nullifexists":
            raise malformed_document(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, dict) or not all(_is_scalar_or_list(value) for value in keys.values()):
            raise malformed_document("Syntax errors in policy.")


def _is_scalar_or_list(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return all(isinstance(each, str | int | float | bool) for each in values)


def _check_ids(statements: Iterable[Statement]) -> None:
    ids = [statement["Sid"] for statement in statements if statement.get("Sid")]
    if not all(isinstance(each, str) and re.fullmatch("[0-9A-Za-z]*", each) for each in ids):
        text = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
        raise malformed_document(f"{text} [0-9A-Za-z]*")
    if len(set(ids)) < len(ids):
        raise malformed_document("Statement IDs (SID) in a single policy must be unique.")
