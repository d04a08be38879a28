"""Operations on models: what CreateModel names is an image and the artefact that it serves."""

from collections.abc import Iterator
from typing import Any

from clary.services._base.context import Context
from clary.services.sagemaker import execution_role, images
from clary.services.sagemaker.errors import already_exists, could_not_find, not_supported, validation
from clary.services.sagemaker.listing import list_page
from clary.services.sagemaker.model_data import check_data, data_of
from clary.services.sagemaker.models import Document, Model
from clary.services.sagemaker.tags import tags_of, write_tags
from clary.state.database import Conflict
from clary.state.store import RecordReader


class InferenceModels:
    """Create, describe, list and delete models."""

    async def create_model(self, ctx: Context, req: dict[str, Any]) -> Document:
        """The image and the artefact are looked up at once: a model that could not be deployed is not created."""
        container = _checked(req)
        tags = tags_of(req)
        role = await execution_role.assume(ctx.platform, ctx.scope, req["ExecutionRoleArn"])
        data = data_of(container)
        if data is not None:
            await check_data(role.client("s3"), data)
        now = ctx.now()
        request = {"EnableNetworkIsolation": False, **req}
        request.pop("Tags", None)
        arn = ctx.arn("sagemaker", f"model/{req['ModelName']}")
        model = Model(req["ModelName"], arn, "", now, now, 1, request)
        async with ctx.state.write() as writer:
            try:
                await writer.insert(model.KIND, model.to_record())
            except Conflict as conflict:
                raise already_exists("model", arn) from conflict
            await write_tags(writer, arn, tags, now)
        return {"ModelArn": arn}

    async def describe_model(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Describe a model."""
        return (await load_model(ctx, ctx.state, req["ModelName"])).describe()

    async def list_models(self, ctx: Context, req: dict[str, Any]) -> Document:
        """List models."""
        models, token = await list_page(ctx, Model, req)
        return {"Models": [model.summary() for model in models], **token}

    async def delete_model(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Endpoints that serve the model go on: each has its own copy. The artefact stays in S3."""
        async with ctx.state.write() as writer:
            model = await load_model(ctx, writer, req["ModelName"])
            await writer.delete(model.KIND, model.name)
            await write_tags(writer, model.arn, {}, ctx.now())
        return {}


async def load_model(ctx: Context, reader: RecordReader, name: str) -> Model:
    """Return the model.

    Raises:
        AwsError: there is none of that name.
    """
    record = await reader.get(Model.KIND, name)
    if record is None:
        raise could_not_find("model", ctx.arn("sagemaker", f"model/{name}"))
    return Model.from_record(record)


def container_of(request: Document) -> Document:
    """Return the container of a model that was created."""
    container: Document = request["PrimaryContainer"] if "PrimaryContainer" in request else request["Containers"][0]
    return container


def _checked(req: Document) -> Document:
    """Return the model's only container.

    Raises:
        AwsError: a combination that AWS refuses, or a feature that Clary does not have yet, named.
    """
    if ("PrimaryContainer" in req) == bool(req.get("Containers")):
        raise validation("Exactly one of PrimaryContainer and Containers must be given.")
    if "ExecutionRoleArn" not in req:
        raise validation("ExecutionRoleArn must be given.")
    for feature in _unsupported(req):
        raise not_supported(feature)
    container = container_of(req)
    if "Image" not in container:
        raise validation("The container definition must have an Image.")
    images.resolve(container["Image"])
    data = data_of(container)
    if data is not None and (data["S3DataType"], data["CompressionType"]) == ("S3Prefix", "Gzip"):
        raise validation("CompressionType Gzip needs an S3DataType of S3Object: it names one archive.")
    return container


def _unsupported(req: Document) -> Iterator[str]:
    """Yield what the request asks for and Clary would have to ignore."""
    if req.get("VpcConfig"):
        yield "VpcConfig"
    if len(req.get("Containers", ())) > 1:
        yield "An inference pipeline (more than one container)"
    container = container_of(req)
    if container.get("Mode") == "MultiModel":
        yield "A multi-model container (Mode MultiModel)"
    if container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc":
        yield "ImageConfig.RepositoryAccessMode Vpc"
    for member in ("ModelPackageName", "AdditionalModelDataSources", "ContainerMetricsConfig"):
        if container.get(member):
            yield f"The container's {member}"
