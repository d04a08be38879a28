"""The policies that speak for an identity: its own, its groups', those attached, and its boundary."""

from clary.services._base.policy import Policies, Policy
from clary.services.iam.entities import GROUP, ROLE, USER, Entity
from clary.services.iam.errors import invalid_input, no_such_entity
from clary.services.iam.models import name_of
from clary.services.iam.usage import find_policy
from clary.state.records import Record
from clary.state.store import RecordReader


async def entity_of(records: RecordReader, arn: str) -> tuple[Entity, Record]:
    """Return the role, user or group with an ARN.

    Raises:
        AwsError: InvalidInput when the ARN is that of something else; NoSuchEntity.
    """
    kind, _, path = arn.rpartition(":")[2].partition("/")
    entity = {each.kind: each for each in (ROLE, USER, GROUP)}.get(kind)
    if entity is None or not arn.startswith("arn:"):
        raise invalid_input(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    record = await entity.load(records, path.rpartition("/")[2])
    if record.body["Arn"] != arn:
        raise no_such_entity(entity.absent.format(kind=kind, name=path))
    return entity, record


async def policies_of(records: RecordReader, entity: Entity, record: Record) -> Policies:
    """Return what speaks for an entity. Each policy's source is the id that the simulator gives it."""
    identity = await _own_policies(records, entity, record)
    if entity is USER:
        for name in record.body.get("Groups", []):
            identity += await _own_policies(records, GROUP, await GROUP.load(records, name))
    bounds = record.body.get("PermissionsBoundary")
    return Policies(identity, boundary=None if bounds is None else [await _managed_policy(records, bounds)])


async def _own_policies(records: RecordReader, entity: Entity, record: Record) -> list[Policy]:
    owner = f"{entity.kind}_{name_of(entity, record)}"
    inline = record.body.get("Policies", {})
    own = [Policy.parse(document, f"{owner}_{name}") for name, document in inline.items()]
    return own + [await _managed_policy(records, arn) for arn in record.body.get("Attached", [])]


async def _managed_policy(records: RecordReader, arn: str) -> Policy:
    policy = await find_policy(records, arn)
    document = policy.body["Versions"][policy.body["DefaultVersionId"]]["Document"]
    return Policy.parse(document, policy.body["PolicyName"])
