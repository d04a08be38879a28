"""The way of a request, from its bytes to the bytes of its answer: one visible, ordered list of steps."""

import logging
from contextlib import suppress

import orjson

from clary import __version__
from clary.identity import Identity
from clary.platform import Services
from clary.services._base.context import new_id
from clary.state.database import Unavailable
from clary.wire.catalog import Catalog
from clary.wire.claim import read_claim
from clary.wire.errors import AwsError
from clary.wire.operation import Operation
from clary.wire.route import Router, Target
from clary.wire.types import HttpRequest, HttpResponse

log = logging.getLogger(__name__)

INTERNAL = "We encountered an internal error. Please try again."
UNAVAILABLE = "The request has failed due to a temporary failure of the server."


class Gateway:
    """Answers requests: which operation, who asks, what is asked, may they, the work, the answer."""

    def __init__(self, catalog: Catalog, services: Services, identity: Identity, region: str) -> None:
        self._catalog = catalog
        self._services = services
        self._identity = identity
        self._region = region
        self._router = Router(catalog)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request: a client's mistake with an error, a fault of ours with a 500 and a line in the log."""
        if request.path.startswith("/_clary/"):
            return self._own(request)
        response = await self._answer(request)
        if "origin" in request.headers and request.method != "OPTIONS":
            await self._share(request, response)
        return response

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        request_id = new_id()
        operation: Operation | None = None
        try:
            claim = read_claim(request)
            target = self._router.locate(request, claim)
            if request.method == "OPTIONS" and (answer := await self._preflight(request, target)) is not None:
                return answer
            if claim is None and (answer := await self._form(request, target)) is not None:
                return answer
            route = await self._router.resolve(request, target)
            operation = self._catalog.operation(route.service, route.operation, request)
            principal, request = await self._identity.authenticate(request, claim, operation, route.path)
            params = await operation.parse(request, route.path)
            scope = f"{principal.account}/{route.region or self._region}"
            ctx = self._services.context(route.service, scope, principal, request_id, request)
            result = await self._services.call(ctx, operation, params)
            return operation.serialize(result, request_id)
        except AwsError as error:
            return self._refuse(request, operation, error, request_id)
        except Unavailable as error:
            # A full disk, say: no fault of the code's, so no traceback.
            log.warning("%s %s was not kept: %s (request %s)", request.method, request.path, error, request_id)
            return self._refuse(request, operation, AwsError("ServiceUnavailable", UNAVAILABLE, 503), request_id)
        except Exception:
            log.exception("%s %s failed (request %s)", request.method, request.path, request_id)
            return self._refuse(request, operation, AwsError("InternalFailure", INTERNAL, 500), request_id)

    async def _preflight(self, request: HttpRequest, target: Target) -> HttpResponse | None:
        """Answer a browser that asks what a page of another origin may do."""
        service = await self._services.get(target.service)
        return None if service is None else await service.preflight(request, target.path or request.path)

    async def _form(self, request: HttpRequest, target: Target) -> HttpResponse | None:
        """Answer a form whose fields carry the signature."""
        if request.method != "POST" or not request.headers.get("content-type", "").startswith("multipart/form-data"):
            return None
        service = await self._services.get(target.service)
        if service is None:
            return None
        region = target.region or self._region
        return await service.form(request, target.path or request.path, region, self._identity.identify)

    async def _share(self, request: HttpRequest, response: HttpResponse) -> None:
        """Let a page of another origin read the response, where the service says that it may."""
        with suppress(AwsError):
            target = self._router.locate(request, read_claim(request))
            if (service := await self._services.get(target.service)) is not None:
                await service.share(request, target.path or request.path, response)

    def _refuse(
        self, request: HttpRequest, operation: Operation | None, error: AwsError, request_id: str
    ) -> HttpResponse:
        if operation is not None:
            return operation.serialize_error(error, request_id)
        # What names no operation is answered in the protocol that it seems to speak.
        json = "json" in request.headers.get("content-type", "") or "x-amz-target" in request.headers
        return self._catalog.codec("sagemaker" if json else "s3").serialize_error(error, request_id)

    def _own(self, request: HttpRequest) -> HttpResponse:
        """Answer what is Clary's own, not AWS's."""
        if request.path != "/_clary/health" or request.method not in {"GET", "HEAD"}:
            return HttpResponse(404)
        body = orjson.dumps({"status": "ok", "version": __version__, "region": self._region})
        return HttpResponse(200, [("Content-Type", "application/json")], body)
