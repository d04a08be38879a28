"""Which managed policies there are, and how often each is attached or serves as a boundary.

A managed policy is a record of the account, or one of AWS's own. Its uses are counted in a record beside it, so that
AWS's own policies are counted alike and a list of policies needs no look at every entity.
"""

from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.iam.aws_managed import AWS_MANAGED
from clary.services.iam.errors import no_such_entity
from clary.state.records import Record
from clary.state.store import RecordReader, RecordWriter
from clary.wire.errors import AwsError

POLICY_KIND = "policy"
USE_KIND = "policy-use"

ATTACHED = "AttachmentCount"
BOUNDARY = "PermissionsBoundaryUsageCount"


_NOT_ATTACHABLE = "Policy {arn} does not exist or is not attachable."


async def find_policy(records: RecordReader, arn: str, text: str = _NOT_ATTACHABLE) -> Record:
    """Return a managed policy, the account's or AWS's.

    Raises:
        AwsError: NoSuchEntity with `text`.
    """
    policy = AWS_MANAGED.get(arn) or await records.get(POLICY_KIND, arn)
    if policy is None:
        raise no_such_entity(text.format(arn=arn))
    return policy


async def own_policy(records: RecordReader, arn: str) -> Record:
    """Return a managed policy that the account may change.

    Raises:
        AwsError: NoSuchEntity; AccessDenied for one of AWS's own.
    """
    if arn in AWS_MANAGED:
        raise AwsError("AccessDenied", f"Policy {arn} is managed by AWS and cannot be changed.", 403)
    return await find_policy(records, arn, "Policy {arn} was not found.")


async def change_policy(records: RecordWriter, ctx: Context, policy: Record, **members: Any) -> Record:
    """Replace members of a policy's body."""
    return await records.update(POLICY_KIND, replace(policy, body=policy.body | members, modified=ctx.now()))


async def uses_of(records: RecordReader, arn: str) -> dict[str, int]:
    """Return the counts by `ATTACHED` and `BOUNDARY`."""
    record = await records.get(USE_KIND, arn)
    return {ATTACHED: 0, BOUNDARY: 0} | (record.body if record else {})


async def count_use(records: RecordWriter, arn: str, use: str, change: int) -> None:
    """Count one use more (1) or less (-1)."""
    counts = await uses_of(records, arn)
    counts[use] += change
    record = await records.get(USE_KIND, arn)
    if record is None:
        await records.insert(USE_KIND, Record(arn, counts, "", 0.0, 0.0))
    else:
        await records.update(USE_KIND, replace(record, body=counts))
