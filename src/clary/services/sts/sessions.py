"""Sessions: temporary credentials for a role, or for the caller's own identity."""

import json
import zlib
from typing import Any

from clary.services._base.context import Context
from clary.services._base.credentials import Session
from clary.services._base.principal import Principal, PrincipalKind
from clary.services.sts.trust import trusting_role
from clary.wire.errors import AwsError

_HOUR = 3600
_USER_SESSION = 12 * _HOUR
_TAGS_QUOTA = 50
_PACKED_ROOM = 2048


class Sessions:
    """Operations that issue credentials."""

    async def assume_role(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: every caller in the account may assume every role; MFA devices are not asked."""
        policy, policy_arns = _narrowed_by(req)
        tags = _session_tags(req)
        role = await trusting_role(ctx, req["RoleArn"])
        duration = _role_duration(ctx, req, role)
        account = role["Arn"].split(":")[4]
        session_name = req["RoleSessionName"]
        principal = Principal(
            PrincipalKind.ROLE,
            account,
            f"arn:aws:sts::{account}:assumed-role/{role['RoleName']}/{session_name}",
            f"{role['RoleId']}:{session_name}",
            role["Arn"],
        )
        session = Session(
            principal,
            ctx.now(),
            ctx.now() + duration,
            policy,
            policy_arns,
            tags,
            tuple(req.get("TransitiveTagKeys", ())),
            req.get("SourceIdentity"),
        )
        answer: dict[str, Any] = {
            "Credentials": ctx.platform.sealer.issue(session).described(),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
            "SourceIdentity": session.source_identity,
        }
        if policy or policy_arns or tags:
            answer["PackedPolicySize"] = _packed_size(policy, policy_arns, tags)
        return answer

    async def get_session_token(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Approximate: MFA devices are not asked."""
        if ctx.principal.kind is PrincipalKind.ROLE:
            raise AwsError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        # AWS holds the root user to one hour, and shortens a longer wish without a word.
        longest = _HOUR if ctx.principal.kind is PrincipalKind.ROOT else 36 * _HOUR
        duration = min(req.get("DurationSeconds", _USER_SESSION), longest)
        session = Session(ctx.principal, ctx.now(), ctx.now() + duration)
        return {"Credentials": ctx.platform.sealer.issue(session).described()}


def _role_duration(ctx: Context, req: dict[str, Any], role: dict[str, Any]) -> int:
    """Return how long a role's session lasts, in seconds.

    Raises:
        AwsError: ValidationError when it is longer than the role, or role chaining, allows.
    """
    wanted = int(req.get("DurationSeconds", _HOUR))
    if ctx.principal.kind is PrincipalKind.ROLE and wanted > _HOUR:
        text = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        raise AwsError("ValidationError", text)
    if wanted > role["MaxSessionDuration"]:
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return wanted


def _packed_size(policy: str | None, policy_arns: tuple[str, ...], tags: dict[str, str]) -> int:
    """Return how much of the room for session policies and tags they take, in percent.

    Raises:
        AwsError: PackedPolicyTooLarge.
    """
    # Differs from AWS: packed by zlib; AWS does not say how it packs.
    packed = len(zlib.compress(json.dumps([policy, policy_arns, tags]).encode()))
    percent = max(1, packed * 100 // _PACKED_ROOM)
    if percent > 100:
        text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        raise AwsError("PackedPolicyTooLarge", text)
    return percent


def _narrowed_by(req: dict[str, Any]) -> tuple[str | None, tuple[str, ...]]:
    """Return the session policy and the ARNs of the managed ones.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    policy = req.get("Policy")
    if policy is not None:
        try:
            document = json.loads(policy)
        except (ValueError, RecursionError):
            raise AwsError("MalformedPolicyDocument", "This policy contains invalid Json") from None
        if not isinstance(document, dict) or "Statement" not in document:
            raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.")
    return policy, tuple(each["arn"] for each in req.get("PolicyArns", ()) if "arn" in each)


def _session_tags(req: dict[str, Any]) -> dict[str, str]:
    tags = req.get("Tags", [])
    keys = {tag["Key"].lower() for tag in tags}
    if len(keys) < len(tags):
        text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidParameterValue", text)
    if len(tags) > _TAGS_QUOTA:
        raise AwsError("ValidationError", f"A session can have at most {_TAGS_QUOTA} tags.")
    unknown = [key for key in req.get("TransitiveTagKeys", ()) if key.lower() not in keys]
    if unknown:
        text = f"The specified transitive tag key must be included in the requested tags: {', '.join(unknown)}"
        raise AwsError("InvalidParameterValue", text)
    return {tag["Key"]: tag["Value"] for tag in tags}
