"""Tags: on every resource, by its ARN."""

from typing import Any

from clary.services._base.context import Context
from clary.services.sagemaker.errors import could_not_find, training_job_not_found, validation
from clary.services.sagemaker.models import Document
from clary.state.records import Record
from clary.state.store import RecordReader, RecordWriter
from clary.wire.errors import AwsError

_KIND = "tags"
_MOST = 50
#: Resource types of ARNs -> the noun of the error for a missing one. The type is also the kind of its records.
_NOUNS = {"model": "model", "endpoint": "endpoint", "endpoint-config": "endpoint configuration"}


class Tags:
    """AddTags, ListTags, DeleteTags."""

    async def add_tags(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Add tags to a resource, replacing those with the same keys."""
        async with ctx.state.write() as writer:
            await _check_resource(ctx, writer, req["ResourceArn"])
            tags = await read_tags(writer, req["ResourceArn"])
            tags |= tags_of(req)
            await write_tags(writer, req["ResourceArn"], tags, ctx.now())
        return {"Tags": _described(tags)}

    async def list_tags(self, ctx: Context, req: dict[str, Any]) -> Document:
        """List a resource's tags. They fit one page, since a resource has 50 at most."""
        await _check_resource(ctx, ctx.state, req["ResourceArn"])
        return {"Tags": _described(await read_tags(ctx.state, req["ResourceArn"]))}

    async def delete_tags(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Remove tags by key. Keys that the resource does not have are passed over."""
        async with ctx.state.write() as writer:
            await _check_resource(ctx, writer, req["ResourceArn"])
            tags = await read_tags(writer, req["ResourceArn"])
            kept = {key: value for key, value in tags.items() if key not in req["TagKeys"]}
            await write_tags(writer, req["ResourceArn"], kept, ctx.now())
        return {}


def tags_of(req: Document) -> dict[str, str]:
    """Return the tags of a request.

    Raises:
        AwsError: a key stands there twice or is reserved.
    """
    tags: dict[str, str] = {}
    for tag in req.get("Tags", ()):
        if tag["Key"] in tags:
            raise validation(f"Duplicate tag key {tag['Key']!r}. Each key may be given once.")
        if tag["Key"].lower().startswith("aws:"):
            raise validation(f"The tag key {tag['Key']!r} is reserved: keys must not start with 'aws:'.")
        tags[tag["Key"]] = tag["Value"]
    return tags


async def read_tags(reader: RecordReader, arn: str) -> dict[str, str]:
    """Return the tags of a resource, oldest first."""
    record = await reader.get(_KIND, arn)
    return {} if record is None else dict(record.body)


async def write_tags(writer: RecordWriter, arn: str, tags: dict[str, str], now: float) -> None:
    """Set the tags of a resource; without any, nothing remains of them.

    Raises:
        AwsError: there are more than 50.
    """
    if len(tags) > _MOST:
        raise validation(f"A resource has at most {_MOST} tags; {arn} would have {len(tags)}.")
    await writer.delete(_KIND, arn)
    if tags:
        await writer.insert(_KIND, Record(arn, tags, "", now, now))


def _described(tags: dict[str, str]) -> list[Document]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


async def _check_resource(ctx: Context, reader: RecordReader, arn: str) -> None:
    if await _exists(ctx, reader, arn):
        return
    raise _missing(arn)


async def _exists(ctx: Context, reader: RecordReader, arn: str) -> bool:
    kind, _, name = arn.partition(f":{ctx.account}:")[2].partition("/")
    known = kind == "training-job" or kind in _NOUNS
    return known and arn == ctx.arn("sagemaker", f"{kind}/{name}") and await reader.get(kind, name) is not None


def _missing(arn: str) -> AwsError:
    noun = _NOUNS.get(arn.split(":")[5].partition("/")[0]) if arn.count(":") >= 5 else None
    return could_not_find(noun, arn) if noun else training_job_not_found()
