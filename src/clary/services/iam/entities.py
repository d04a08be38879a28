"""Roles, users, groups and instance profiles: what they have in common as named records of one account.

The record's key is the name in lower case, since names that differ only in case are one name to IAM. Its body is
spelled as AWS describes the entity, and further holds `Policies` (inline documents by name) and `Attached` (ARNs).
"""

import secrets
from dataclasses import dataclass, replace
from typing import Any

from clary.services._base.context import Context
from clary.services._base.credentials import GLOBAL_REGION, USER_KIND
from clary.services.iam.errors import already_exists, no_such_entity, unmodifiable
from clary.state.database import Conflict
from clary.state.records import Query, Record
from clary.state.store import RecordReader, RecordWriter, Store

SERVICE_ROLE_PATH = "/aws-service-role/"

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_READ_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Entity:
    """One kind of entity.

    `kind` is the kind of its records and the noun of its ARN, `title` begins AWS's member names (`RoleName`, `RoleId`),
    `prefix` its unique ids. Quotas: characters of all inline policies together, white space not counted.
    """

    kind: str
    title: str
    prefix: str
    inline_quota: int = 0
    absent: str = "The {kind} with name {name} cannot be found."
    taken: str = "{title} with name {name} already exists."

    @property
    def name_member(self) -> str:
        """The member that names it in requests and answers."""
        return f"{self.title}Name"

    async def load(self, records: RecordReader, name: str) -> Record:
        """Return the record.

        Raises:
            AwsError: NoSuchEntity.
        """
        record = await records.get(self.kind, name.lower())
        if record is None:
            raise no_such_entity(self.absent.format(kind=self.kind, name=name))
        return record

    async def insert(self, records: RecordWriter, ctx: Context, req: dict[str, Any], body: dict[str, Any]) -> Record:
        """Add an entity with the name and path of a request, a fresh unique id, its ARN, and `body` besides.

        Raises:
            AwsError: EntityAlreadyExists.
        """
        name, path = req[self.name_member], req.get("Path", "/")
        identity = {
            "Path": path,
            self.name_member: name,
            f"{self.title}Id": unique_id(self.prefix),
            "Arn": ctx.arn("iam", f"{self.kind}{path}{name}", region=""),
        }
        record = Record(name.lower(), identity | body, "", ctx.now(), ctx.now())
        await self.store(records, record)
        return record

    async def store(self, records: RecordWriter, record: Record) -> None:
        """Add a record that is complete.

        Raises:
            AwsError: EntityAlreadyExists.
        """
        try:
            await records.insert(self.kind, record)
        except Conflict:
            raise already_exists(self.taken.format(title=self.title, name=record.body[self.name_member])) from None

    async def change(self, records: RecordWriter, ctx: Context, record: Record, **members: Any) -> Record:
        """Replace members of the body; a value of None removes the member.

        Raises:
            AwsError: UnmodifiableEntity for a service-linked role.
        """
        if record.body["Path"].startswith(SERVICE_ROLE_PATH):
            raise unmodifiable(record.body["RoleName"])
        body = {name: value for name, value in (record.body | members).items() if value is not None}
        return await records.update(self.kind, replace(record, body=body, modified=ctx.now()))

    async def rename(self, records: RecordWriter, ctx: Context, record: Record, req: dict[str, Any]) -> Record:
        """Give the entity the `New…Name` and `NewPath` of a request; its unique id stays.

        Raises:
            AwsError: EntityAlreadyExists.
        """
        name = req.get(f"New{self.name_member}", record.body[self.name_member])
        path = req.get("NewPath", record.body["Path"])
        arn = ctx.arn("iam", f"{self.kind}{path}{name}", region="")
        body = record.body | {self.name_member: name, "Path": path, "Arn": arn}
        renamed = replace(record, key=name.lower(), body=body, modified=ctx.now())
        if renamed.key == record.key:
            return await records.update(self.kind, renamed)
        await self.store(records, replace(renamed, version=1))
        await records.delete(self.kind, record.key)
        return renamed


ROLE = Entity("role", "Role", "AROA", inline_quota=10240)
USER = Entity(USER_KIND, "User", "AIDA", inline_quota=2048)
GROUP = Entity("group", "Group", "AGPA", inline_quota=5120)
INSTANCE_PROFILE = Entity(
    "instance-profile",
    "InstanceProfile",
    "AIPA",
    absent="Instance Profile {name} cannot be found.",
    taken="Instance Profile {name} already exists.",
)


def account_records(ctx: Context) -> Store:
    """Return IAM's records of the caller's account: one scope, whatever region the request was signed for."""
    return ctx.platform.context("iam", f"{ctx.account}/{GLOBAL_REGION}", ctx.principal).state


async def every(records: RecordReader, kind: str, *, parent: str | None = None) -> list[Record]:
    """Return all records of a kind, in the order of their keys."""
    found: list[Record] = []
    query = Query(limit=_READ_AT_ONCE, parent=parent)
    while True:
        page = await records.list(kind, query)
        found += page.records
        if page.cursor is None:
            return found
        query = replace(query, cursor=page.cursor)


def unique_id(prefix: str) -> str:
    """Return a fresh id of 21 characters: what tells an entity from a later one of the same name."""
    return prefix + "".join(secrets.choice(_ID_LETTERS) for _ in range(21 - len(prefix)))
