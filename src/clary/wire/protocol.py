"""Which of a service's protocols a request speaks."""

from clary.wire.model import ServiceModel
from clary.wire.types import HttpRequest

JSON = "json"
QUERY = "query"
REST_JSON = "rest-json"
REST_XML = "rest-xml"
CBOR = "smithy-rpc-v2-cbor"


def protocol_of(model: ServiceModel, request: HttpRequest | None) -> str:
    """Return botocore's name of the protocol; the service's first one when the request shows none of them."""
    protocols = model.protocols
    if request is None or len(protocols) == 1:
        return protocols[0]
    if "smithy-protocol" in request.headers:
        spoken = CBOR
    elif "x-amz-target" in request.headers:
        spoken = JSON
    else:
        spoken = QUERY
    return spoken if spoken in protocols else protocols[0]
