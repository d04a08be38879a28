"""Validation: AWS's codes and texts, all violations at once, and nothing for a good input."""

from typing import Any

import pytest

from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError

CATALOG = Catalog()
ROLE = "arn:aws:iam::123456789012:role/Role"


def refusal(service: str, operation: str, params: dict[str, Any]) -> AwsError:
    with pytest.raises(AwsError) as caught:
        CATALOG.operation(service, operation).validate(params)
    return caught.value


def texts(service: str, operation: str, params: dict[str, Any]) -> list[str]:
    """Return the violations that the error lists, its count checked."""
    head, _, tail = refusal(service, operation, params).message.partition(" detected: ")
    found = tail.split("; ")
    assert head == ("1 validation error" if len(found) == 1 else f"{len(found)} validation errors")
    return found


def test_validate_lets_a_good_input_pass() -> None:
    tags = [{"Key": "Größe", "Value": ""}]
    params = {"ModelName": "m-1", "ExecutionRoleArn": ROLE, "Tags": tags, "Containers": [{"Image": "image"}]}
    CATALOG.operation("sagemaker", "CreateModel").validate(params)


def test_validate_lists_every_violation_of_a_value() -> None:
    start = f"Value '{'a_' * 40}' at 'modelName' failed to satisfy constraint: Member must "
    assert texts("sagemaker", "CreateModel", {"ModelName": "a_" * 40}) == [
        f"{start}have length less than or equal to 63",
        f"{start}satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?",
    ]


def test_validate_names_missing_members_by_their_path() -> None:
    params = {"StreamName": "s", "Records": [{"Data": b""}, {"PartitionKey": "k"}]}
    assert texts("kinesis", "PutRecords", params) == [
        "Value null at 'records.2.member.data' failed to satisfy constraint: Member must not be null"
    ]


def test_validate_treats_none_as_missing() -> None:
    found = texts("kinesis", "PutRecord", {"StreamName": "s", "Data": None, "PartitionKey": "k"})
    assert found == ["Value null at 'data' failed to satisfy constraint: Member must not be null"]


@pytest.mark.parametrize(("count", "text"), [(0, "greater than or equal to 1"), (10001, "less than or equal to 10000")])
def test_validate_names_a_range(count: int, text: str) -> None:
    found = texts("kinesis", "ListShards", {"StreamName": "s", "MaxResults": count})
    assert found == [f"Value '{count}' at 'maxResults' failed to satisfy constraint: Member must have value {text}"]


def test_validate_names_the_values_of_an_enumeration() -> None:
    found = texts("polly", "DescribeVoices", {"Engine": "steam"})
    assert found == [
        "Value 'steam' at 'engine' failed to satisfy constraint: "
        "Member must satisfy enum value set: [standard, neural, long-form, generative]"
    ]


def test_validate_shows_a_blob_as_java_does() -> None:
    found = texts("rekognition", "DetectFaces", {"Image": {"Bytes": b""}})
    assert found == [
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'image.bytes' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    ]


def test_validate_hides_a_sensitive_value() -> None:
    found = texts("secretsmanager", "CreateSecret", {"Name": "n", "SecretString": "x" * 65537})
    assert found[0].startswith("Value at 'secretString' failed to satisfy constraint: Member must have length less")


def test_validate_lists_the_constraints_of_elements() -> None:
    found = texts("kinesis", "AddTagsToStream", {"StreamName": "s", "Tags": {"": "v"}})
    assert found[0].startswith(
        "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: ["
    )
    found = texts("kinesis", "RemoveTagsFromStream", {"StreamName": "s", "TagKeys": ["a", ""]})
    assert found[0].startswith(
        "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: ["
    )


def test_validate_cuts_an_endless_value() -> None:
    error = refusal("kinesis", "PutRecord", {"StreamName": "x" * 10**6, "Data": b"", "PartitionKey": "k"})
    assert len(error.message) < 3000


@pytest.mark.parametrize(
    ("service", "operation", "params", "code"),
    [
        ("logs", "CreateLogGroup", {"logGroupName": "a b"}, "InvalidParameterException"),
        ("iam", "CreateUser", {"UserName": "a b"}, "ValidationError"),
        ("sts", "AssumeRole", {"RoleArn": ROLE, "RoleSessionName": "a b"}, "ValidationError"),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": "no", "Code": {}}, "ValidationException"),
        ("transcribe", "GetTranscriptionJob", {"TranscriptionJobName": "a b"}, "BadRequestException"),
        ("athena", "GetQueryExecution", {}, "InvalidRequestException"),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "a_b", "Body": b""}, "ValidationError"),
    ],
)
def test_validate_raises_the_code_of_the_service(
    service: str, operation: str, params: dict[str, Any], code: str
) -> None:
    assert refusal(service, operation, params).code == code


def test_ecr_names_the_first_violation_only() -> None:
    error = refusal("ecr", "CreateRepository", {"repositoryName": "x"})
    constraint = "'must have length greater than or equal to 2'"
    expected = f"Invalid parameter at 'repositoryName' failed to satisfy constraint: {constraint}"
    assert (error.code, error.message) == ("InvalidParameterException", expected)


def test_s3_body_that_breaks_its_schema_is_malformed() -> None:
    error = refusal("s3", "PutBucketVersioning", {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}})
    assert error.code == "MalformedXML"
    assert refusal("s3", "DeleteObjects", {"Bucket": "b"}).code == "MalformedXML"


def test_validate_bounds_what_holds_itself() -> None:
    nested: dict[str, Any] = {}
    for _ in range(150):
        nested = {"Configurations": [nested]}
    operation = CATALOG.operation("emr", "RunJobFlow")
    operation.validate({"Name": "n", "Instances": {}, "Configurations": [nested]})
