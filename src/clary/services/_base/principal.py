"""Who makes a call."""

from dataclasses import dataclass
from enum import Enum


class PrincipalKind(Enum):
    """Root of the account, an IAM user, or a session of a role."""

    ROOT = "Root"
    USER = "User"
    ROLE = "AssumedRole"


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller.

    `arn` is what GetCallerIdentity answers (`arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` for a role's session),
    `user_id` likewise; `role_arn` is the IAM ARN of the role behind a session, with its path, else None.
    """

    kind: PrincipalKind
    account: str
    arn: str
    user_id: str
    role_arn: str | None = None
