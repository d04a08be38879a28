"""Every error that IAM raises, in AWS's words."""

from clary.wire.errors import AwsError


def no_such_entity(text: str) -> AwsError:
    """Something that the request names is not there."""
    return AwsError("NoSuchEntity", text, 404)


def already_exists(text: str) -> AwsError:
    """The name is taken."""
    return AwsError("EntityAlreadyExists", text, 409)


def delete_conflict(text: str) -> AwsError:
    """Something still hangs on what should go."""
    return AwsError("DeleteConflict", text, 409)


def limit_exceeded(text: str) -> AwsError:
    """A quota of the account or the entity."""
    return AwsError("LimitExceeded", text, 409)


def quota_exceeded(quota: str, limit: int) -> AwsError:
    """A quota that AWS names."""
    return limit_exceeded(f"Cannot exceed quota for {quota}: {limit}")


def malformed_document(text: str) -> AwsError:
    """A policy document that breaks the grammar."""
    return AwsError("MalformedPolicyDocument", text)


def invalid_input(text: str) -> AwsError:
    """A value that the operation cannot take."""
    return AwsError("InvalidInput", text)


def validation_error(text: str) -> AwsError:
    """A value that no model could refuse, but IAM does."""
    return AwsError("ValidationError", text)


def unmodifiable(role: str) -> AwsError:
    """A service-linked role is changed only through its service."""
    text = f"Cannot perform the operation on the protected role '{role}' - this role is only modifiable by AWS"
    return AwsError("UnmodifiableEntity", text)
