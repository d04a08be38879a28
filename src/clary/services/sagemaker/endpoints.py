"""Operations on endpoints. What keeps them up is in `endpoint_run.py`."""

import secrets
from contextlib import suppress
from dataclasses import replace
from typing import Any

from clary.services._base.context import Context
from clary.services.sagemaker.endpoint_changes import EndpointChanges
from clary.services.sagemaker.endpoint_configs import variants_of
from clary.services.sagemaker.errors import (
    already_exists,
    could_not_find,
    endpoint_in_progress,
    not_supported,
    validation,
)
from clary.services.sagemaker.listing import list_page
from clary.services.sagemaker.models import Document, Endpoint, Variant
from clary.services.sagemaker.tags import tags_of, write_tags
from clary.state.database import Conflict
from clary.state.store import RecordReader, RecordWriter

#: The kind of the queue's jobs that keep endpoints up: one for each endpoint, for as long as that exists.
ENDPOINT = "sagemaker.endpoint"


class Endpoints:
    """Create, describe, list, update and delete endpoints."""

    async def create_endpoint(self, ctx: Context, req: dict[str, Any]) -> Document:
        """The endpoint keeps what it deploys: its configuration and models can be deleted once this has answered."""
        _check_deployment(req)
        name, tags, now = req["EndpointName"], tags_of(req), ctx.now()
        arn = ctx.arn("sagemaker", f"endpoint/{name}")
        async with ctx.state.write() as writer:
            endpoint = Endpoint(
                name=name,
                arn=arn,
                status="Creating",
                created=now,
                modified=now,
                version=1,
                config=req["EndpointConfigName"],
                wanted_config=req["EndpointConfigName"],
                wanted=await variants_of(ctx, writer, req["EndpointConfigName"], _new_revision()),
            )
            try:
                await writer.insert(endpoint.KIND, endpoint.to_record())
                await ctx.platform.queue.enqueue(writer.sql, ENDPOINT, scope=ctx.scope, key=name)
            except Conflict as conflict:
                raise already_exists("endpoint", arn) from conflict
            await write_tags(writer, arn, tags, now)
        return {"EndpointArn": arn}

    async def describe_endpoint(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Describe an endpoint."""
        return (await load_endpoint(ctx, ctx.state, req["EndpointName"])).describe()

    async def list_endpoints(self, ctx: Context, req: dict[str, Any]) -> Document:
        """List endpoints."""
        endpoints, token = await list_page(ctx, Endpoint, req)
        return {"Endpoints": [endpoint.summary() for endpoint in endpoints], **token}

    async def update_endpoint(self, ctx: Context, req: dict[str, Any]) -> Document:
        """The new variants are deployed beside the old ones, which answer until then; all traffic moves at once."""
        _check_deployment(req)
        async with ctx.state.write() as writer:
            endpoint = await _changeable(ctx, writer, req["EndpointName"])
            wanted = await variants_of(ctx, writer, req["EndpointConfigName"], _new_revision())
            if req.get("RetainAllVariantProperties"):
                excluded = {each["VariantPropertyType"] for each in req.get("ExcludeRetainedVariantProperties", ())}
                wanted = tuple(_retained(variant, endpoint.serving, excluded) for variant in wanted)
            await _update(ctx, writer, endpoint, wanted, req["EndpointConfigName"])
        return {"EndpointArn": endpoint.arn}

    async def update_endpoint_weights_and_capacities(self, ctx: Context, req: dict[str, Any]) -> Document:
        """The variants stay as they are deployed, but for their instance counts and their shares of the traffic."""
        async with ctx.state.write() as writer:
            endpoint = await _changeable(ctx, writer, req["EndpointName"])
            changes = {change["VariantName"]: change for change in req["DesiredWeightsAndCapacities"]}
            names = {variant.name for variant in endpoint.serving}
            for unknown in changes.keys() - names:
                raise validation(
                    f'The variant name(s) "{unknown}" is/are not present within endpoint "{endpoint.arn}".'
                )
            wanted = tuple(_resized(variant, changes.get(variant.name, {})) for variant in endpoint.serving)
            await _update(ctx, writer, endpoint, wanted, endpoint.config)
        return {"EndpointArn": endpoint.arn}

    async def delete_endpoint(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Deleting an endpoint that is being deleted changes nothing."""
        async with ctx.state.write() as writer:
            endpoint = await load_endpoint(ctx, writer, req["EndpointName"])
            if endpoint.status == "Deleting":
                return {}
            if endpoint.in_progress:
                raise endpoint_in_progress(endpoint.arn)
            deleting = replace(endpoint, status="Deleting", modified=ctx.now())
            await writer.update(endpoint.KIND, deleting.to_record())
            await _ensure_job(ctx, writer, endpoint)
            await ctx.platform.queue.request_stop(writer.sql, ENDPOINT, scope=ctx.scope, key=endpoint.name)
        return {}


async def load_endpoint(ctx: Context, reader: RecordReader, name: str) -> Endpoint:
    """Return the endpoint.

    Raises:
        AwsError: there is none of that name.
    """
    record = await reader.get(Endpoint.KIND, name)
    if record is None:
        raise could_not_find("endpoint", ctx.arn("sagemaker", f"endpoint/{name}"))
    return Endpoint.from_record(record)


async def _changeable(ctx: Context, reader: RecordReader, name: str) -> Endpoint:
    endpoint = await load_endpoint(ctx, reader, name)
    if endpoint.in_progress:
        raise endpoint_in_progress(endpoint.arn)
    return endpoint


async def _update(
    ctx: Context, writer: RecordWriter, endpoint: Endpoint, wanted: tuple[Variant, ...], config: str
) -> None:
    """Record what the endpoint is to be, and wake its job."""
    updating = replace(
        endpoint, status="Updating", wanted=wanted, wanted_config=config, failure_reason=None, modified=ctx.now()
    )
    await writer.update(endpoint.KIND, updating.to_record())
    await _ensure_job(ctx, writer, endpoint)
    changes = ctx.platform.shared(EndpointChanges)
    writer.sql.on_commit(lambda: changes.tell(ctx.scope, endpoint.name))


async def _ensure_job(ctx: Context, writer: RecordWriter, endpoint: Endpoint) -> None:
    """Give the endpoint a job when it has none any more: one that the queue gave up."""
    with suppress(Conflict):
        await ctx.platform.queue.enqueue(writer.sql, ENDPOINT, scope=ctx.scope, key=endpoint.name)


def _retained(variant: Variant, serving: tuple[Variant, ...], excluded: set[str]) -> Variant:
    """Return the variant with the weight and the instance count of the one that it replaces."""
    for old in serving:
        if old.name == variant.name:
            weight = variant.weight if "DesiredWeight" in excluded else old.weight
            count = variant.instance_count if "DesiredInstanceCount" in excluded else old.instance_count
            return replace(variant, weight=weight, instance_count=count)
    return variant


def _resized(variant: Variant, change: Document) -> Variant:
    if "ServerlessUpdateConfig" in change:
        raise not_supported("ServerlessUpdateConfig")
    if change.get("DesiredInstanceCount") == 0:
        raise not_supported(f"Scaling to 0 instances (variant {variant.name!r})")
    return replace(
        variant,
        weight=change.get("DesiredWeight", variant.weight),
        instance_count=change.get("DesiredInstanceCount", variant.instance_count),
    )


def _check_deployment(req: Document) -> None:
    deployment = req.get("DeploymentConfig", {})
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"})
    if routing["Type"] != "ALL_AT_ONCE":
        raise not_supported(f"The TrafficRoutingConfiguration {routing['Type']}")
    for member in ("RollingUpdatePolicy", "AutoRollbackConfiguration"):
        if deployment.get(member):
            raise not_supported(f"DeploymentConfig.{member}")


def _new_revision() -> str:
    return secrets.token_hex(5)
