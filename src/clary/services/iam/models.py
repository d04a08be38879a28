"""How IAM describes what it keeps."""

from collections.abc import Iterable
from typing import Any

from clary.services.iam.documents import encoded
from clary.services.iam.entities import Entity
from clary.state.records import Record

_LISTED = ("Path", "RoleName", "RoleId", "Arn", "Description", "MaxSessionDuration")


def described_role(record: Record) -> dict[str, Any]:
    """Return a role as GetRole does."""
    return listed_role(record) | {
        "Tags": record.body.get("Tags"),
        "PermissionsBoundary": described_boundary(record),
        "RoleLastUsed": {},
    }


def listed_role(record: Record) -> dict[str, Any]:
    """Return a role as lists do: without tags and boundary."""
    return {name: record.body.get(name) for name in _LISTED} | {
        "CreateDate": record.created,
        "AssumeRolePolicyDocument": encoded(record.body["AssumeRolePolicyDocument"]),
    }


def described_user(record: Record) -> dict[str, Any]:
    """Return a user as GetUser does."""
    return listed(record, "User") | {
        "Tags": record.body.get("Tags"),
        "PermissionsBoundary": described_boundary(record),
    }


def listed(record: Record, title: str) -> dict[str, Any]:
    """Return what users, groups and instance profiles have in common."""
    members = ("Path", f"{title}Name", f"{title}Id", "Arn")
    return {name: record.body[name] for name in members} | {"CreateDate": record.created}


def described_profile(record: Record, roles: Iterable[Record]) -> dict[str, Any]:
    """Return an instance profile with its roles."""
    return listed(record, "InstanceProfile") | {
        "Roles": [listed_role(role) for role in roles],
        "Tags": record.body.get("Tags"),
    }


def described_boundary(record: Record) -> dict[str, str] | None:
    """Return the permissions boundary of a role or a user, None where it has none."""
    arn = record.body.get("PermissionsBoundary")
    return arn and {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def attached_policies(record: Record) -> list[dict[str, str]]:
    """Return the managed policies attached to an entity."""
    arns = record.body.get("Attached", [])
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def inline_policies(record: Record) -> list[dict[str, str]]:
    """Return the inline policies of an entity with their documents."""
    documents = record.body.get("Policies", {})
    return [{"PolicyName": name, "PolicyDocument": encoded(text)} for name, text in sorted(documents.items())]


def name_of(entity: Entity, record: Record) -> str:
    """Return an entity's name as it was given."""
    name: str = record.body[entity.name_member]
    return name
