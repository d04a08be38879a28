"""The policy of a POST upload: what a form may say (API reference, "Creating a POST policy")."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from clary.services.s3 import errors
from clary.wire.errors import AwsError

#: Fields that a policy need not speak of.
_FREE = frozenset({"x-amz-signature", "awsaccesskeyid", "signature", "policy", "file"})
_SIZE = "content-length-range"


def check_policy(encoded: str, fields: Mapping[str, str], now: float) -> tuple[int, int] | None:
    """Check a form's fields, the bucket among them, against its policy; return the bounds of the file's size, if any.

    Raises:
        AwsError: InvalidPolicyDocument; AccessDenied: it has expired, or a condition does not hold, or is missing.
    """
    policy = _decode(encoded)
    if now >= _expiration(policy):
        raise _denied("Policy expired.")
    bounds: tuple[int, int] | None = None
    named = set()
    for condition in _conditions(policy):
        match condition:
            case [str(kind), int(low), int(high)] if kind.lower() == _SIZE:
                bounds = low, high
            case [str(kind), str(name), str(value)] if kind.lower() in {"eq", "starts-with"} and name[:1] == "$":
                field = name[1:].lower()
                named.add(field)
                if not _holds(kind.lower(), fields.get(field, ""), value):
                    raise _denied(f"Policy Condition failed: {orjson.dumps(condition).decode()}")
            case _:
                raise _invalid("Invalid Policy: Invalid Conditions.")
    extra = [name for name in fields if name not in named | _FREE and not name.startswith("x-ignore-")]
    if extra:
        raise _denied(f"Extra input fields: {', '.join(sorted(extra))}")
    return bounds


def _decode(encoded: str) -> dict[str, Any]:
    try:
        policy = orjson.loads(base64.b64decode(encoded, validate=True))
    except ValueError:
        raise _invalid("Invalid Policy: Invalid JSON.") from None
    if not isinstance(policy, dict) or not isinstance(policy.get("conditions"), list):
        raise _invalid("Invalid Policy: Policy missing conditions.")
    return policy


def _expiration(policy: Mapping[str, Any]) -> float:
    try:
        return datetime.fromisoformat(policy["expiration"]).timestamp()
    except (KeyError, TypeError, ValueError):
        raise _invalid("Invalid Policy: Policy missing expiration.") from None


def _conditions(policy: Mapping[str, Any]) -> list[list[Any]]:
    """Return a policy's conditions, those written as an object as the `eq` that they mean."""
    conditions: list[list[Any]] = []
    for condition in policy["conditions"]:
        if isinstance(condition, dict):
            conditions += [["eq", f"${name}", value] for name, value in condition.items()]
        else:
            conditions.append(condition)
    return conditions


def _holds(kind: str, found: str, wanted: str) -> bool:
    return found == wanted if kind == "eq" else found.startswith(wanted)


def _denied(message: str) -> AwsError:
    error = errors.access_denied()
    return AwsError(error.code, f"Invalid according to Policy: {message}", error.status)


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidPolicyDocument", message)
