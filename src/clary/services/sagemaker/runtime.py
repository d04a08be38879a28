"""InvokeEndpoint: from the request to the model and back, with as little in between as can be."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from clary.jobs.hosts import HostRequest, HostTimeout, HostUnavailable
from clary.services._base.context import Context, Platform
from clary.services._base.service import Service
from clary.services.sagemaker.execution_role import own_context
from clary.services.sagemaker.models import Document, Endpoint
from clary.services.sagemaker.routing import Route, Routing, Target
from clary.wire.errors import AwsError

#: Bytes of a request's body, as AWS has it since 2025.
_LARGEST_BODY = 25 * 1_048_576
#: How long an invocation waits for an endpoint that is in service and whose server is just starting again.
_RESUME_SECONDS = 60.0
#: Members of the request that the container gets as headers.
_HEADERS = (
    ("ContentType", "content-type"),
    ("Accept", "accept"),
    ("CustomAttributes", "x-amzn-sagemaker-custom-attributes"),
    ("InferenceId", "x-amzn-sagemaker-inference-id"),
)
_ANSWER_HEADERS = {"content-type": "ContentType", "x-amzn-sagemaker-custom-attributes": "CustomAttributes"}
_REFUSED = ("TargetContainerHostname", "InferenceComponentName", "SessionId", "EnableExplanations", "PrefixAwareId")


class SageMakerRuntime(Service):
    """What invokes endpoints."""

    name = "sagemaker-runtime"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._routing = platform.shared(Routing)
        self._hosts = platform.hosts

    async def invoke_endpoint(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Send one request to the model, chosen by weight among the endpoint's variants unless TargetVariant says."""
        target = await self._target(ctx, req)
        request = await _host_request(req)
        try:
            response = await self._hosts.invoke(target.host, request)
        except HostUnavailable as error:
            raise _unavailable(error) from error
        except HostTimeout as error:
            raise _timed_out(ctx, req) from error
        if response.status >= 400:
            raise _model_error(ctx, req, response.status, response.body.decode(errors="replace"))
        return {"Body": response.body, **_described(target, response.headers)}

    async def invoke_endpoint_with_response_stream(self, ctx: Context, req: dict[str, Any]) -> Document:
        """Like InvokeEndpoint, but the model's answer is passed on as it comes."""
        target = await self._target(ctx, req)
        try:
            stream = await self._hosts.open_stream(target.host, await _host_request(req))
            if stream.status >= 400:
                body = b"".join([chunk async for chunk in stream])
                raise _model_error(ctx, req, stream.status, body.decode(errors="replace"))
        except HostUnavailable as error:
            raise _unavailable(error) from error
        except HostTimeout as error:
            raise _timed_out(ctx, req) from error
        return {"Body": _events(stream), **_described(target, stream.headers)}

    async def _target(self, ctx: Context, req: dict[str, Any]) -> Target:
        """Return where the request goes.

        Raises:
            AwsError: no such endpoint, none in service, no such variant, or a header for what Clary does not have.
        """
        route = self._routing.get((ctx.account, ctx.region, req["EndpointName"])) or await self._resumed(ctx, req)
        if "TargetModel" in req:
            name = req["EndpointName"]
            raise _invalid(f"Endpoint {name} is not a multi-model endpoint and does not support target model header.")
        for member in _REFUSED:
            if member in req:
                raise _invalid(f"{member} is not supported by Clary yet. Remove it from the request.")
        if "TargetVariant" not in req:
            return route.choose()
        target = route.named(req["TargetVariant"])
        if target is None:
            raise _invalid(f"Variant {req['TargetVariant']} not found for endpoint {req['EndpointName']}.")
        return target

    async def _resumed(self, ctx: Context, req: dict[str, Any]) -> Route:
        """Return the route of an endpoint that is in service and not in the table: the server has just started."""
        name = req["EndpointName"]
        record = await own_context(self.platform, ctx.scope).state.get(Endpoint.KIND, name)
        not_found = f"Endpoint {name} of account {ctx.account} not found."
        if record is None:
            raise _invalid(not_found)
        endpoint = Endpoint.from_record(record)
        if endpoint.serving and endpoint.status in {"InService", "Updating"}:
            route = await self._routing.wait((ctx.account, ctx.region, name), _RESUME_SECONDS)
            if route is not None:
                return route
        raise _invalid(
            f"{not_found} Its status is {endpoint.status}: it answers while DescribeEndpoint says InService."
        )


async def _host_request(req: dict[str, Any]) -> HostRequest:
    body = req["Body"]
    if not isinstance(body, bytes):
        body = await body.read(_LARGEST_BODY)
    elif len(body) > _LARGEST_BODY:
        raise AwsError("413", f"HTTP content length exceeded {_LARGEST_BODY} bytes.", 413)
    return HostRequest(body, [(header, req[member]) for member, header in _HEADERS if member in req])


def _described(target: Target, headers: Sequence[tuple[str, str]]) -> Document:
    """Return the members of the answer that are not its body."""
    answer = {"InvokedProductionVariant": target.variant}
    for name, value in headers:
        if name in _ANSWER_HEADERS:
            answer[_ANSWER_HEADERS[name]] = value
    return answer


async def _events(body: AsyncIterator[bytes]) -> AsyncIterator[Document]:
    try:
        async for chunk in body:
            yield {"PayloadPart": {"Bytes": chunk}}
    except (HostUnavailable, HostTimeout) as error:
        text = f"The model's answer broke off: {error}"
        yield {"ModelStreamError": {"Message": text, "ErrorCode": "StreamBroken"}}


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def _unavailable(error: HostUnavailable) -> AwsError:
    text = f"The endpoint cannot take the request now ({error}). Please try again."
    return AwsError("ServiceUnavailable", text, 503)


def _timed_out(ctx: Context, req: dict[str, Any]) -> AwsError:
    text = (
        "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
        "each container in Amazon CloudWatch, resolve the issue, and try again."
    )
    return _model_error(ctx, req, 0, text)


def _model_error(ctx: Context, req: dict[str, Any], status: int, message: str) -> AwsError:
    group = f"/aws/sagemaker/Endpoints/{req['EndpointName']}"
    console = f"https://{ctx.region}.console.aws.amazon.com/cloudwatch/home?region={ctx.region}"
    whose = "client" if 400 <= status < 500 else "server"
    text = (
        f'Received {whose} error ({status}) from primary with message "{message}". See '
        f"{console}#logEventViewer:group={group} in account {ctx.account} for more information."
    )
    return AwsError(
        "ModelError",
        text,
        424,
        OriginalStatusCode=status,
        OriginalMessage=message,
        LogStreamArn=ctx.arn("logs", f"log-group:{group}"),
    )
