"""Who may reach a bucket: policy, public access block, ownership controls."""

from typing import Any

import orjson

from clary.services._base.context import Context
from clary.services._base.policy import Policy
from clary.services.s3 import errors
from clary.services.s3.catalog import find_bucket
from clary.services.s3.group import Group
from clary.services.s3.settings import BLOCK, NEW_BLOCK, OWNERSHIP, POLICY
from clary.wire.errors import AwsError

_POLICY_BYTES = 20 * 1024


class Access(Group):
    """The operations on who may reach a bucket."""

    async def put_bucket_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace a bucket's policy.

        Recorded: the policy is checked, stored and returned; requests are not yet decided by it.
        """
        document = req["Policy"]
        policy = _parse_policy(document, req["Bucket"])
        async with self.database.write() as tx:
            bucket = await find_bucket(tx, ctx, req["Bucket"], req.get("ExpectedBucketOwner"))
            block = await BLOCK.find(tx, bucket) or {}
            if block.get("BlockPublicPolicy") and _is_public(policy):
                raise errors.access_denied()
            await POLICY.write(tx, bucket, document)
        return {}

    async def get_bucket_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return a bucket's policy, as it was given."""
        return {"Policy": await POLICY.get(self.database, ctx, req)}

    async def get_bucket_policy_status(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return whether the policy makes the bucket public.

        Approximate: an Allow for everybody counts as public unless it has a condition, whatever that says.
        """
        document = await POLICY.get(self.database, ctx, req)
        return {"PolicyStatus": {"IsPublic": _is_public(Policy.parse(document))}}

    async def delete_bucket_policy(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete a bucket's policy."""
        await POLICY.delete(self.database, ctx, req)
        return {}

    async def put_public_access_block(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Replace what a bucket keeps from the public.

        Approximate: nothing is public here as long as requests must be signed; BlockPublicPolicy is enforced.
        """
        wanted = req["PublicAccessBlockConfiguration"]
        await BLOCK.put(self.database, ctx, req, {name: bool(wanted.get(name)) for name in NEW_BLOCK})
        return {}

    async def get_public_access_block(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return what a bucket keeps from the public."""
        return {"PublicAccessBlockConfiguration": await BLOCK.get(self.database, ctx, req)}

    async def delete_public_access_block(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Keep nothing from the public by this setting."""
        await BLOCK.delete(self.database, ctx, req)
        return {}

    async def put_bucket_ownership_controls(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Say who owns objects that other accounts put, and with it whether there are ACLs."""
        rules = req["OwnershipControls"]["Rules"]
        if len(rules) != 1:
            raise errors.malformed_xml()
        await OWNERSHIP.put(self.database, ctx, req, rules[0]["ObjectOwnership"])
        return {}

    async def get_bucket_ownership_controls(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Return who owns objects."""
        rule = {"ObjectOwnership": await OWNERSHIP.get(self.database, ctx, req)}
        return {"OwnershipControls": {"Rules": [rule]}}

    async def delete_bucket_ownership_controls(self, ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        """Delete the ownership controls: objects belong to who puts them, and there are ACLs."""
        await OWNERSHIP.delete(self.database, ctx, req)
        return {}


def _parse_policy(document: str, bucket: str) -> Policy:
    """Read a bucket policy.

    Raises:
        AwsError: MalformedPolicy.
    """
    if len(document.encode()) > _POLICY_BYTES:
        raise _malformed(f"Policy exceeds the maximum allowed document size. Maximum size is {_POLICY_BYTES} bytes.")
    try:
        parsed = orjson.loads(document)
    except ValueError:
        raise _malformed("Policies must be valid JSON and the first byte must be '{'") from None
    if not isinstance(parsed, dict):
        raise _malformed("Policies must be valid JSON and the first byte must be '{'")
    try:
        policy = Policy.parse(parsed)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _malformed("Missing required field Statement, or a statement lacks its Effect") from None
    arn = f"arn:aws:s3:::{bucket}"
    for statement in policy.statements:
        if statement.principals is None and statement.not_principals is None:
            raise _malformed("Missing required field Principal")
        if not statement.actions and not statement.not_actions:
            raise _malformed("Missing required field Action")
        named = (*statement.resources, *statement.not_resources)
        if not named:
            raise _malformed("Missing required field Resource")
        if any(each not in {"*", arn} and not each.startswith((f"{arn}/", f"{arn}*")) for each in named):
            raise _malformed("Policy has invalid resource")
    return policy


def _is_public(policy: Policy) -> bool:
    return any(
        statement.allows and not statement.condition and "*" in (statement.principals or {}).get("AWS", ())
        for statement in policy.statements
    )


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicy", message)
