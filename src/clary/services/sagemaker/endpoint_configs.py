"""Operations on endpoint configurations: which models an endpoint serves, on how many instances, with what weights."""

from collections.abc import Iterator
from typing import Any

from clary.services._base.context import Context
from clary.services.sagemaker.errors import already_exists, could_not_find, not_supported, validation
from clary.services.sagemaker.inference_models import container_of, load_model
from clary.services.sagemaker.listing import list_page
from clary.services.sagemaker.model_data import data_of
from clary.services.sagemaker.models import Document, EndpointConfig, Variant
from clary.services.sagemaker.tags import tags_of, write_tags
from clary.services.sagemaker.training_checks import is_accelerated
from clary.state.database import Conflict
from clary.state.store import RecordReader

NOUN = "endpoint configuration"
_START_SECONDS = 600


class EndpointConfigs:
    """Create, describe, list and delete endpoint configurations."""

    async def create_endpoint_config(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Approximate: KMS keys, volume sizes and the routing strategy are recorded; requests go to the least busy."""
        _check(req)
        tags, now = tags_of(req), ctx.now()
        request = {"EnableNetworkIsolation": False, **req}
        request.pop("Tags", None)
        request["ProductionVariants"] = [{"InitialVariantWeight": 1.0, **each} for each in req["ProductionVariants"]]
        arn = ctx.arn("sagemaker", f"endpoint-config/{req['EndpointConfigName']}")
        config = EndpointConfig(req["EndpointConfigName"], arn, "", now, now, 1, request)
        async with ctx.state.write() as writer:
            for variant in request["ProductionVariants"]:
                await load_model(ctx, writer, variant["ModelName"])
            try:
                await writer.insert(config.KIND, config.to_record())
            except Conflict as conflict:
                raise already_exists(NOUN, arn) from conflict
            await write_tags(writer, arn, tags, now)
        return {"EndpointConfigArn": arn}

    async def describe_endpoint_config(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Describe an endpoint configuration."""
        return (await load_endpoint_config(ctx, ctx.state, req["EndpointConfigName"])).describe()

    async def list_endpoint_configs(self, ctx: Context, req: dict[str, Any]) -> Document:
        """List endpoint configurations."""
        configs, token = await list_page(ctx, EndpointConfig, req)
        return {"EndpointConfigs": [config.summary() for config in configs], **token}

    async def delete_endpoint_config(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Endpoints made from it go on."""
        async with ctx.state.write() as writer:
            config = await load_endpoint_config(ctx, writer, req["EndpointConfigName"])
            await writer.delete(config.KIND, config.name)
            await write_tags(writer, config.arn, {}, ctx.now())
        return {}


async def load_endpoint_config(ctx: Context, reader: RecordReader, name: str) -> EndpointConfig:
    """Return the endpoint configuration.

    Raises:
        AwsError: there is none of that name.
    """
    record = await reader.get(EndpointConfig.KIND, name)
    if record is None:
        raise could_not_find(NOUN, ctx.arn("sagemaker", f"endpoint-config/{name}"))
    return EndpointConfig.from_record(record)


async def variants_of(ctx: Context, reader: RecordReader, name: str, revision: str) -> tuple[Variant, ...]:
    """Return the variants that an endpoint of this configuration deploys; `revision` tells them from earlier ones.

    Raises:
        AwsError: the configuration or one of its models is not there any more.
    """
    config = await load_endpoint_config(ctx, reader, name)
    variants = []
    for number, wanted in enumerate(config.request["ProductionVariants"]):
        model = (await load_model(ctx, reader, wanted["ModelName"])).request
        container = container_of(model)
        variants.append(
            Variant(
                name=wanted["VariantName"],
                image=container["Image"],
                instance_count=wanted["InitialInstanceCount"],
                weight=wanted["InitialVariantWeight"],
                role_arn=model["ExecutionRoleArn"],
                environment=container.get("Environment", {}),
                data=data_of(container),
                isolated=model["EnableNetworkIsolation"] or config.request["EnableNetworkIsolation"],
                start_seconds=wanted.get("ContainerStartupHealthCheckTimeoutInSeconds", _START_SECONDS),
                revision=f"{revision}{number:x}",
            )
        )
    return tuple(variants)


def _check(req: Document) -> None:
    for feature in _unsupported(req):
        raise not_supported(feature)
    names = [variant["VariantName"] for variant in req["ProductionVariants"]]
    for variant in req["ProductionVariants"]:
        name = variant["VariantName"]
        if names.count(name) > 1:
            raise validation(f"Duplicate variant name {name!r}. The names of production variants must be unique.")
        for member in ("InstanceType", "InitialInstanceCount"):
            if member not in variant:
                raise validation(f"The production variant {name!r} must have {member}.")
    if not sum(variant.get("InitialVariantWeight", 1.0) for variant in req["ProductionVariants"]):
        raise validation("At least one production variant must have an InitialVariantWeight above 0.")


def _unsupported(req: Document) -> Iterator[str]:
    """Yield what the request asks for and Clary would have to ignore."""
    for member in (
        "AsyncInferenceConfig",
        "CrossRegionTrafficConfig",
        "ExecutionRoleArn",
        "ExplainerConfig",
        "MetricsConfig",
        "ShadowProductionVariants",
        "VpcConfig",
    ):
        if req.get(member):
            yield member
    if req.get("DataCaptureConfig", {}).get("EnableCapture"):
        yield "DataCaptureConfig.EnableCapture"
    for variant in req["ProductionVariants"]:
        name = variant["VariantName"]
        if "ModelName" not in variant:
            yield f"A production variant without a ModelName ({name!r})"
        for member in (
            "AcceleratorPartitionLayouts",
            "AcceleratorType",
            "CapacityReservationConfig",
            "CoreDumpConfig",
            "EnableSSMAccess",
            "InstancePools",
            "ManagedInstanceScaling",
            "ServerlessConfig",
        ):
            if variant.get(member):
                yield f"{member} of the production variant {name!r}"
        if is_accelerated(variant.get("InstanceType", "")):
            yield f"The instance type {variant['InstanceType']}, which has an accelerator,"
