"""Every operation of every service in scope, as botocore sends it, goes where it belongs."""

from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.model import ListShape, Shape, StringShape, StructureShape

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.claim import read_claim
from clary.wire.directory import SERVICES
from clary.wire.errors import AwsError
from clary.wire.host import Address, read_host
from clary.wire.route import Router, Target
from clary.wire.tree import SHADOWED
from clary.wire.types import HttpRequest, Route

SESSION = boto3.Session("AKIDEXAMPLE", "secret", region_name="eu-west-1")
ROUTER = Router(Catalog())


class Sent(Exception):  # noqa: N818
    """Carries a request out of botocore when it would send it."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        self.request = request


def send(request: AWSPreparedRequest, **_: Any) -> None:
    raise Sent(request)


def sent(client: Any, operation: str, params: dict[str, Any]) -> HttpRequest:
    """Return what botocore would send."""
    client.meta.events.register("before-send", send)
    with pytest.raises(Sent) as caught:
        client._make_api_call(operation, params)
    return as_request(caught.value.request)


def as_request(prepared: AWSPreparedRequest) -> HttpRequest:
    url = urlsplit(prepared.url)
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in prepared.headers.items()
    }
    headers.setdefault("host", url.netloc)
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    return HttpRequest(
        prepared.method, url.path, url.query, headers, WholeBody(body if isinstance(body, bytes) else b"")
    )


TEXTS = {
    "Bucket": "a-bucket",
    "Key": "a key/b",
    "PredictEndpoint": "https://realtime.machinelearning.eu-west-1.amazonaws.com",
    "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/000000000000/q",
}
ARN = "arn:aws:kinesis:eu-west-1:000000000000"


def sample(shape: Shape, name: str = "") -> Any:
    """Return the least value that botocore takes for a shape."""
    least = shape.metadata.get("min") or 1
    if isinstance(shape, StructureShape):
        members = shape.required_members or [*shape.members][: shape.is_tagged_union]
        return {member: sample(shape.members[member], member) for member in members}
    if isinstance(shape, StringShape):
        kind = name.lower().removesuffix("arn")
        arn = f"{ARN}:{kind if kind in {'queue', 'channel'} else 'stream'}/s"
        text = TEXTS.get(name) or (arn if kind != name.lower() else "a-b")
        return shape.enum[0] if shape.enum else text.ljust(least, "x")
    if isinstance(shape, ListShape):
        return [sample(shape.member)] * (shape.metadata.get("min") or 0)
    values = {"map": {}, "blob": b"x" * least, "boolean": True, "timestamp": 0, "double": 1.0, "float": 1.0}
    return values.get(shape.type_name, least)


#: Lex V1 and V2 have these requests in common: where only the credential names the service, V2 takes them.
SHARED = {"ListTagsForResource", "StartImport", "TagResource", "UntagResource"}


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566"])
@pytest.mark.parametrize("service", sorted(SERVICES))
async def test_every_operation_goes_to_itself(service: str, endpoint: str | None) -> None:
    client = SESSION.client(service, endpoint_url=endpoint)
    for name in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(name)
        shared = service == "lex-models" and endpoint and name in SHARED
        if name in SHADOWED or model.has_event_stream_input or shared:
            continue
        request = sent(client, name, sample(model.input_shape) if model.input_shape else {})
        target = ROUTER.locate(request, read_claim(request))
        route = await ROUTER.resolve(request, target)
        assert (route.service, route.operation) == (service, name)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("s3.amazonaws.com", Address("s3")),
        ("s3.eu-west-1.amazonaws.com:443", Address("s3", "eu-west-1")),
        ("s3-eu-west-1.amazonaws.com", Address("s3", "eu-west-1")),
        ("s3-external-1.amazonaws.com", Address("s3")),
        ("my.bucket.s3.amazonaws.com", Address("s3", None, "my.bucket")),
        ("b.s3-eu-west-1.amazonaws.com", Address("s3", "eu-west-1", "b")),
        ("b.s3.dualstack.eu-west-1.amazonaws.com", Address("s3", "eu-west-1", "b")),
        ("b.s3-fips.us-gov-west-1.amazonaws.com", Address("s3", "us-gov-west-1", "b")),
        ("b.s3-accelerate.amazonaws.com", Address("s3", None, "b")),
        ("s3.s3.cn-north-1.amazonaws.com.cn", Address("s3", "cn-north-1", "s3")),
        ("runtime.sagemaker.us-east-1.amazonaws.com", Address("runtime.sagemaker", "us-east-1")),
        ("runtime-fips.sagemaker.us-east-1.amazonaws.com", Address("runtime.sagemaker", "us-east-1")),
        ("sts.amazonaws.com", Address("sts")),
        ("us-east-1.queue.amazonaws.com", Address("sqs", "us-east-1")),
        ("sqs.us-east-1.api.aws", Address("sqs", "us-east-1")),
        ("b.localhost:4566", Address(bucket="b")),
        ("b.s3.localhost:4566", Address("s3", None, "b")),
        ("my.b.s3.eu-west-1.localhost", Address("s3", "eu-west-1", "my.b")),
        ("sts.eu-west-1.localhost", Address("sts", "eu-west-1")),
        ("sync-localhost:4566", Address()),
        ("127.0.0.1:4566", Address()),
        ("[::1]:4566", Address()),
        ("b.clary.internal", Address(bucket="b")),
        ("evil-amazonaws.com", Address()),
        ("", Address()),
    ],
)
def test_read_host(host: str, address: Address) -> None:
    assert read_host(host, ("localhost", "clary.internal")) == address


@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize("options", [{"use_fips_endpoint": True}, {"use_dualstack_endpoint": True}, {}])
def test_host_names_the_service(service: str, options: dict[str, Any]) -> None:
    client = SESSION.client(service, region_name="us-east-1", config=Config(**options))
    request = HttpRequest("POST", "/", "", {"host": urlsplit(client.meta.endpoint_url).netloc}, WholeBody())
    found = ROUTER.locate(request, None)
    assert SERVICES[found.service].endpoint_prefix == SERVICES[service].endpoint_prefix


def get(path: str, host: str = "127.0.0.1", method: str = "GET", **headers: str) -> HttpRequest:
    path, _, query = path.partition("?")
    return HttpRequest(method, path, query, {"host": host, **headers}, WholeBody())


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/", "ListBuckets"),
        ("GET", "/b/", "ListObjects"),
        ("GET", "/b?list-type=2&prefix=a", "ListObjectsV2"),
        ("GET", "/b?list-type=1", "ListObjects"),
        ("GET", "/b//k", "GetObject"),
        ("GET", "/b/a/b/", "GetObject"),
        ("GET", "/b/WriteGetObjectResponse", "GetObject"),
        ("GET", "/b/k?x-id=GetObject", "GetObject"),
        ("GET", "/b/k?attributes", "GetObjectAttributes"),
        ("GET", "/b?metrics", "ListBucketMetricsConfigurations"),
        ("GET", "/b?metrics&id=1", "GetBucketMetricsConfiguration"),
        ("PUT", "/b/k?uploadId=u&partNumber=1", "UploadPart"),
        ("HEAD", "/b", "HeadBucket"),
        ("PUT", "/b?lifecycle", "PutBucketLifecycleConfiguration"),
    ],
)
async def test_s3_resources(method: str, path: str, operation: str) -> None:
    request = get(path, method=method)
    assert await ROUTER.resolve(request, ROUTER.locate(request, None)) == Route("s3", operation, None)


@pytest.mark.parametrize(("signed", "region"), [("eu-west-1", "eu-west-1"), ("US", None), ("", None)])
def test_region_is_the_one_that_was_signed_for(signed: str, region: str | None) -> None:
    authorization = f"AWS4-HMAC-SHA256 Credential=A/20260101/{signed}/s3/aws4_request, SignedHeaders=host, Signature=0"
    request = get("/", authorization=authorization)
    assert ROUTER.locate(request, read_claim(request)) == Target("s3", region)


async def test_virtual_host_puts_the_bucket_in_the_path() -> None:
    request = get("/k?acl", "b.s3.eu-west-1.amazonaws.com")
    route = await ROUTER.resolve(request, ROUTER.locate(request, None))
    assert route == Route("s3", "GetObjectAcl", "eu-west-1", "/b/k")


async def test_unknown_operations() -> None:
    wrong = [
        (get("/", method="PATCH"), "s3", "MethodNotAllowed"),
        (get("/nowhere"), "lambda", "UnknownOperationException"),
        (get("/", **{"x-amz-target": "SageMaker.Nothing"}), "sagemaker", "UnknownOperationException"),
        (get("/?Action=Nothing"), "sts", "InvalidAction"),
        (get("/"), "iam", "MissingAction"),
    ]
    for request, service, code in wrong:
        with pytest.raises(AwsError) as caught:
            await ROUTER.resolve(request, Target(service, None))
        assert caught.value.code == code


def test_service_out_of_scope_is_an_error_that_names_it() -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=K/20261122/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0"
    request = get("/", authorization=authorization)
    with pytest.raises(AwsError, match="'ec2'"):
        ROUTER.locate(request, read_claim(request))


async def test_unsigned_form_goes_to_sts() -> None:
    body = WholeBody(b"Version=2011-06-15&Action=AssumeRoleWithWebIdentity")
    request = get("/", method="POST", **{"content-type": "application/x-www-form-urlencoded"}).with_body(body)
    route = await ROUTER.resolve(request, ROUTER.locate(request, None))
    assert route == Route("sts", "AssumeRoleWithWebIdentity", None)
