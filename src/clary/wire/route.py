"""Which service and operation a request is for.

In two steps, so that an error of the second can be worded as the service words it: `locate` finds the service and reads
the head alone; `resolve` finds the operation and may read a form's body.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from clary.wire.catalog import Catalog
from clary.wire.claim import Claim, parameters
from clary.wire.errors import AwsError
from clary.wire.host import REGION, Address, read_host, service_prefixes
from clary.wire.model import ServiceModel
from clary.wire.protocol import CBOR, JSON, QUERY, protocol_of
from clary.wire.tree import Tree
from clary.wire.types import HttpRequest, Route

#: Longest form that is read to find its action, in bytes.
FORM = 10 * 1024 * 1024
ACTION = re.compile(rb"(?:^|&)Action=([^&]*)")
#: Further services that S3 credentials may be scoped to.
S3_SCOPES = ("s3express", "s3-object-lambda", "s3-outposts")
FORM_TYPE = "application/x-www-form-urlencoded"
RPC_PATH = re.compile(r"/service/(?P<service>[^/]+)/operation/(?P<operation>[^/]+)")


@dataclass(frozen=True, slots=True)
class Target:
    """A service, by botocore's name, and where a request puts it.

    `region` is named by the host or the credential, None where neither names one (s3cmd signs for `US`, which is none).
    `path` is the path with the bucket in front, where the request has that in its host (virtual-host S3), else None.
    """

    service: str
    region: str | None
    path: str | None = None


class Router:
    """Finds services by the directory, operations by the models, each of which loads when first asked for.

    `domains` are the names under which this server is reached, below which S3 buckets may stand.
    """

    def __init__(self, catalog: Catalog, domains: Sequence[str] = ("localhost",)) -> None:
        self._catalog = catalog
        self._targets = {entry.target_prefix: name for name, entry in catalog.directory.items() if entry.target_prefix}
        self._signing: dict[str, list[str]] = {}
        self._prefixes: dict[str, list[str]] = {}
        for name, entry in catalog.directory.items():
            self._signing.setdefault(entry.signing_name, []).append(name)
            self._prefixes.setdefault(entry.endpoint_prefix, []).append(name)
        self._signing |= {name: ["s3"] for name in S3_SCOPES}
        self._trees: dict[str, Tree] = {}
        self._read_host = lru_cache(maxsize=1024)(lambda host: read_host(host, tuple(domains)))

    def locate(self, request: HttpRequest, claim: Claim | None) -> Target:
        """Return the request's service. Without any sign of another one it is S3.

        Raises:
            AwsError: the request is for a service that we do not speak for.
        """
        address: Address = self._read_host(request.headers.get("host", ""))
        region = address.region or (claim.region if claim is not None and REGION.fullmatch(claim.region) else None)
        service = self._service(request, claim, address)
        if service == "s3" and address.bucket is not None:
            return Target("s3", region, f"/{address.bucket}{request.path}")
        return Target(service, region)

    async def resolve(self, request: HttpRequest, target: Target) -> Route:
        """Return the request's operation.

        Raises:
            AwsError: the service has no such operation.
        """
        model = self._catalog.service(target.service)
        protocol = protocol_of(model, request)
        if protocol == JSON:
            operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        elif protocol == CBOR:
            match = RPC_PATH.search(request.path)
            operation = match["operation"] if match else ""
        elif protocol == QUERY:
            operation = await _action(request, model)
        else:
            operation = self._rest_operation(request, target)
        if operation not in model.operations:
            raise AwsError("UnknownOperationException", f"The service has no operation '{operation}'.", 404)
        return Route(target.service, operation, target.region, target.path)

    def _service(self, request: HttpRequest, claim: Claim | None, address: Address) -> str:
        headers = request.headers
        if "x-amz-target" in headers:
            service = self._targets.get(headers["x-amz-target"].rpartition(".")[0])
            if service is not None:
                return service
        if "smithy-protocol" in headers:
            match = RPC_PATH.search(request.path)
            service = self._targets.get(match["service"]) if match else None
            if service is not None:
                return service
        candidates: list[str] | None = None
        if address.prefix:
            found = (self._prefixes.get(prefix) for prefix in service_prefixes(address.prefix))
            candidates = next(filter(None, found), None)
        if candidates is None and claim is not None:
            candidates = self._signing.get(claim.service)
        if candidates is None:
            if claim is not None and claim.service:
                raise AwsError("NotImplemented", f"Clary does not speak for the service '{claim.service}'.", 501)
            # Of the services that speak in forms, only STS takes requests without a signature.
            form = headers.get("content-type", "").startswith(FORM_TYPE) or "Action=" in request.query
            return "sts" if claim is None and form and not address.bucket else "s3"
        return candidates[0] if len(candidates) == 1 else self._tell_apart(candidates, request)

    def _tell_apart(self, candidates: list[str], request: HttpRequest) -> str:
        """Return which of the services that share a name has the request's path."""
        rest = [name for name in reversed(candidates) if self._catalog.directory[name].target_prefix is None]
        # Backwards, so that a runtime comes before what it shares its name with (it has the most requests, and the
        # others then need not be loaded), and Lex V2 before V1, with which it has some requests in common.
        for exact in (True, False):
            for name in rest:
                tree = self._tree(name)
                if tree.find(request.method, request.path, request.query, request.headers, exact=exact):
                    return name
        return candidates[0]

    def _tree(self, service: str) -> Tree:
        tree = self._trees.get(service)
        if tree is None:
            tree = self._trees[service] = Tree(self._catalog.service(service))
        return tree

    def _rest_operation(self, request: HttpRequest, target: Target) -> str:
        path = target.path or request.path
        operation = self._tree(target.service).find(request.method, path, request.query, request.headers)
        if operation is not None:
            return operation
        if target.service == "s3":
            kind = "SERVICE" if path == "/" else "OBJECT" if path.strip("/").count("/") else "BUCKET"
            text = "The specified method is not allowed against this resource."
            raise AwsError("MethodNotAllowed", text, 405, Method=request.method, ResourceType=kind)
        raise AwsError("UnknownOperationException", f"There is nothing to {request.method} at {path}.", 404)


async def _action(request: HttpRequest, model: ServiceModel) -> str:
    """Return the action that a form, or the query of a GET, names."""
    match = ACTION.search(await request.body.read(FORM)) if request.method == "POST" else None
    action = match[1].decode("latin-1") if match else parameters(request.query).get("Action", "")
    if not action:
        raise AwsError("MissingAction", "The request is missing an action or a required parameter.", 400)
    if action not in model.operations:
        raise AwsError("InvalidAction", f"Could not find operation {action} for version {model.api_version}", 400)
    return action
