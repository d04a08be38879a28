"""The catalog: what it knows without a model, what a model says, and which protocol a request speaks."""

import subprocess
import sys

import pytest

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.directory import Entry
from clary.wire.types import HttpRequest

CATALOG = Catalog()


@pytest.mark.parametrize("name", CATALOG.services())
def test_directory_says_what_the_model_says(name: str) -> None:
    model = CATALOG.service(name)
    assert CATALOG.directory[name] == Entry(model.endpoint_prefix, model.signing_name, model.target_prefix)


def test_service_out_of_scope_is_refused() -> None:
    with pytest.raises(KeyError):
        CATALOG.service("dynamodb")


def test_catalog_is_light_until_a_model_is_asked_for() -> None:
    code = "import sys, clary.wire.catalog as c; c.Catalog(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"botocore.loaders", "botocore.model", "botocore.session", "ssl", "http.client"} & {*loaded}


def test_methods_are_named_as_boto3_names_them() -> None:
    assert CATALOG.methods("efs")["describe_file_systems"] == "DescribeFileSystems"
    operation = CATALOG.operation_for_method("s3", "list_objects_v2")
    assert (operation.service, operation.name, operation.method) == ("s3", "ListObjectsV2", "list_objects_v2")


def test_operation_compiles_once() -> None:
    assert CATALOG.operation("sts", "AssumeRole") is CATALOG.operation_for_method("sts", "assume_role")


@pytest.mark.parametrize(
    ("headers", "content_type"),
    [
        ({"smithy-protocol": "rpc-v2-cbor"}, "application/cbor"),
        ({"x-amz-target": "GraniteServiceVersion20100801.ListMetrics"}, "application/x-amz-json-1.0"),
        ({"content-type": "application/x-www-form-urlencoded"}, "text/xml"),
    ],
)
def test_operation_answers_in_the_protocol_of_the_request(headers: dict[str, str], content_type: str) -> None:
    request = HttpRequest("POST", "/", "", headers, WholeBody())
    response = CATALOG.operation("cloudwatch", "ListMetrics", request).serialize({}, "id")
    assert dict(response.headers)["Content-Type"] == content_type


def test_streaming_members_are_known() -> None:
    put, get = CATALOG.operation("s3", "PutObject"), CATALOG.operation("s3", "GetObject")
    invoke = CATALOG.operation("sagemaker-runtime", "InvokeEndpoint")
    assert (put.streaming_input, put.streaming_output) == ("Body", None)
    assert (get.streaming_input, get.streaming_output) == (None, "Body")
    assert (invoke.streaming_input, invoke.streaming_output) == (None, "Body")
    assert CATALOG.operation("logs", "StartLiveTail").streaming_output == "responseStream"


def test_operations_without_a_signature_are_marked() -> None:
    operations = CATALOG.service("sts").operations
    assert operations["AssumeRoleWithWebIdentity"].unsigned
    assert not operations["AssumeRole"].unsigned
