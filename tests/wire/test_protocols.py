"""What the oracle does not see: headers, statuses, roots and forms that botocore's parsers pass over."""

from datetime import UTC, datetime
from typing import Any

import pytest

from clary.wire.body import WholeBody
from clary.wire.catalog import Catalog
from clary.wire.errors import AwsError
from clary.wire.timestamps import epoch, http_date, iso8601, iso8601_millis, read
from clary.wire.types import HttpRequest, HttpResponse

CATALOG = Catalog()
S3 = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def serialize(service: str, operation: str, result: dict[str, Any]) -> HttpResponse:
    return CATALOG.operation(service, operation).serialize(result, "the-id")


def fail(service: str, operation: str, error: AwsError) -> HttpResponse:
    return CATALOG.operation(service, operation).serialize_error(error, "the-id")


def text(response: HttpResponse) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


async def parse(service: str, operation: str, method: str, path: str, **rest: Any) -> dict[str, Any]:
    body = WholeBody(rest.get("body", b""))
    request = HttpRequest(method, path, rest.get("query", ""), rest.get("headers", {}), body)
    return await CATALOG.operation(service, operation).parse(request, rest.get("moved"))


def test_s3_error_has_no_wrapper_and_tells_the_ids() -> None:
    response = fail("s3", "GetObject", AwsError("NoSuchKey", "Not <here>", Key="a&b", Resource=None))
    host_id = dict(response.headers)["x-amz-id-2"]
    assert (response.status, dict(response.headers)["x-amz-request-id"]) == (404, "the-id")
    assert text(response) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>Not &lt;here&gt;</Message>'
        f"<Key>a&amp;b</Key><RequestId>the-id</RequestId><HostId>{host_id}</HostId></Error>"
    )


def test_error_to_a_head_request_has_no_body() -> None:
    response = fail("s3", "HeadObject", AwsError("404", "Not Found", 404))
    assert (response.status, response.body) == (404, b"")


def test_not_modified_has_no_body() -> None:
    response = fail("s3", "GetObject", AwsError("NotModified", "Not Modified", 304, headers=[("ETag", '"x"')]))
    assert (response.status, response.body) == (304, b"")
    assert ("ETag", '"x"') in response.headers


@pytest.mark.parametrize(
    ("operation", "result", "expected"),
    [
        ("ListBuckets", {"Buckets": []}, f"<ListAllMyBucketsResult {S3}><Buckets></Buckets></ListAllMyBucketsResult>"),
        (
            "GetBucketLocation",
            {"LocationConstraint": "eu-west-1"},
            f"<LocationConstraint {S3}>eu-west-1</LocationConstraint>",
        ),
        ("GetBucketLocation", {"LocationConstraint": None}, f"<LocationConstraint {S3}/>"),
        ("GetBucketVersioning", {}, f"<VersioningConfiguration {S3}></VersioningConfiguration>"),
        (
            "CopyObject",
            {"CopyObjectResult": {"LastModified": 0.5}},
            f"<CopyObjectResult {S3}><LastModified>1970-01-01T00:00:00.500Z</LastModified></CopyObjectResult>",
        ),
        (
            "GetBucketAcl",
            {"Grants": [{"Grantee": {"Type": "CanonicalUser", "ID": "i"}}]},
            f'<AccessControlPolicy {S3}><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            ' xsi:type="CanonicalUser"><ID>i</ID></Grantee></Grant></AccessControlList></AccessControlPolicy>',
        ),
        (
            "ListObjectsV2",
            {"Contents": [{"Key": "a\x01\r<"}]},
            f"<ListBucketResult {S3}><Contents><Key>a&#x1;&#xd;&lt;</Key></Contents></ListBucketResult>",
        ),
    ],
)
def test_s3_bodies_have_the_form_of_s3(operation: str, result: dict[str, Any], expected: str) -> None:
    assert text(serialize("s3", operation, result)) == f'<?xml version="1.0" encoding="UTF-8"?>\n{expected}'


def test_headers_take_one_line_of_ascii() -> None:
    result = {"ContentType": "a\r\nX-Evil: b", "Metadata": {"name": "Größe"}, "LastModified": 0.9, "ContentLength": 0}
    headers = dict(serialize("s3", "GetObject", result).headers)
    assert headers["Content-Type"] == "a X-Evil: b"
    assert headers["x-amz-meta-name"] == "=?UTF-8?B?R3LDtsOfZQ==?="
    assert headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"


def test_member_that_the_model_does_not_name_is_our_fault() -> None:
    for service, operation in [
        ("s3", "ListBuckets"),
        ("s3", "GetObject"),
        ("sts", "AssumeRole"),
        ("kinesis", "PutRecord"),
    ]:
        with pytest.raises(KeyError, match="Wrong"):
            serialize(service, operation, {"Wrong": 1})
    for service, operation in [("s3", "DeleteBucket"), ("iam", "DeleteUser"), ("sagemaker", "DeleteModel")]:
        with pytest.raises(KeyError, match="Wrong"):
            serialize(service, operation, {"Wrong": 1})


def test_members_that_are_none_are_left_out() -> None:
    assert text(serialize("kinesis", "PutRecord", {"ShardId": "s", "SequenceNumber": None})) == '{"ShardId":"s"}'


def test_query_error_says_who_is_to_blame() -> None:
    sender = text(fail("iam", "GetUser", AwsError("NoSuchEntityException", "None")))
    assert "<Type>Sender</Type><Code>NoSuchEntity</Code><Message>None</Message>" in sender
    assert "<Type>Receiver</Type>" in text(fail("iam", "GetUser", AwsError("Broken", "Ours", 500)))


def test_error_has_the_status_of_the_model() -> None:
    assert fail("iam", "GetUser", AwsError("NoSuchEntity", "None")).status == 404
    assert fail("kinesis", "PutRecord", AwsError("Other", "text", 418)).status == 418


def test_rest_json_error_puts_members_where_the_model_has_them() -> None:
    error = AwsError("TooManyRequestsException", "Slow down", retryAfterSeconds="5", Reason="CallerRateLimitExceeded")
    response = fail("lambda", "Invoke", error)
    headers = dict(response.headers)
    assert (response.status, headers["x-amzn-ErrorType"], headers["Retry-After"]) == (
        429,
        "TooManyRequestsException",
        "5",
    )
    assert text(response) == '{"message":"Slow down","Reason":"CallerRateLimitExceeded"}'


def test_service_that_spoke_query_tells_its_old_code() -> None:
    response = fail("sqs", "GetQueueUrl", AwsError("QueueDoesNotExist", "None"))
    assert dict(response.headers)["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert text(response) == '{"__type":"QueueDoesNotExist","message":"None"}'


async def test_parse_takes_the_path_that_the_caller_moved() -> None:
    params = await parse("s3", "GetObject", "GET", "/key", moved="/bucket//a/../b%2Fc+d/", query="x-id=GetObject")
    assert params == {"Bucket": "bucket", "Key": "/a/../b/c+d/"}


@pytest.mark.parametrize("path", ["/bucket", "/bucket/"])
async def test_parse_takes_a_slash_at_the_end(path: str) -> None:
    query = "list-type=2&prefix=a+b%2B&max-keys=5&delimiter="
    expected = {"Bucket": "bucket", "Prefix": "a b+", "MaxKeys": 5, "Delimiter": ""}
    assert await parse("s3", "ListObjectsV2", "GET", path, query=query) == expected


async def test_parse_path_that_names_nothing_is_an_unknown_operation() -> None:
    with pytest.raises(AwsError) as caught:
        await parse("lambda", "GetFunction", "GET", "/2015-03-31/functions/")
    assert (caught.value.code, caught.value.status) == ("UnknownOperationException", 404)


async def test_parse_reads_lists_in_headers() -> None:
    headers = {"x-amz-object-attributes": 'ETag, "a, \\"b\\"" ,Checksum', "x-amz-max-parts": "7"}
    params = await parse("s3", "GetObjectAttributes", "GET", "/b/k", headers=headers)
    assert params["ObjectAttributes"] == ["ETag", 'a, "b"', "Checksum"]
    assert params["MaxParts"] == 7


async def test_parse_reads_headers_that_a_presigned_url_carries() -> None:
    query = "X-Amz-Signature=s&x-amz-acl=private&X-Amz-Meta-Name=v%20w&x-amz-tagging=a"
    params = await parse("s3", "PutObject", "PUT", "/b/k", query=query, headers={"x-amz-tagging": "b"})
    assert (params["ACL"], params["Metadata"], params["Tagging"]) == ("private", {"name": "v w"}, "b")
    assert "ACL" not in await parse("s3", "PutObject", "PUT", "/b/k", query="x-amz-acl=private")


async def test_parse_fills_in_a_missing_token() -> None:
    first = await parse("athena", "StartQueryExecution", "POST", "/", body=b'{"QueryString":"q"}')
    second = await parse("athena", "StartQueryExecution", "POST", "/", body=b'{"QueryString":"q"}')
    given = await parse("athena", "StartQueryExecution", "POST", "/", body=b'{"ClientRequestToken":"mine"}')
    assert first["ClientRequestToken"] != second["ClientRequestToken"]
    assert given == {"ClientRequestToken": "mine"}


async def test_parse_reads_a_query_in_the_query_string() -> None:
    query = "Action=AssumeRole&Version=2011-06-15&RoleArn=a%2Fb&Tags.member.2.Key=y&Tags.member.1.Key=x"
    expected = {"RoleArn": "a/b", "Tags": [{"Key": "x"}, {"Key": "y"}]}
    assert await parse("sts", "AssumeRole", "GET", "/", query=query) == expected


FORM = (
    b"Action=SendMessageBatch&QueueUrl=q&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=b"
    b"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value"
    b".StringListValue.1=s"
)


async def test_sqs_speaks_in_forms_too() -> None:
    request = HttpRequest("POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, WholeBody(FORM))
    operation = CATALOG.operation("sqs", "SendMessageBatch", request)
    entry = {"Id": "a", "MessageBody": "b", "MessageAttributes": {"n": {"StringListValues": ["s"]}}}
    assert await operation.parse(request) == {"QueueUrl": "q", "Entries": [entry]}
    assert text(operation.serialize({"Successful": [{"Id": "a"}]}, "the-id")) == (
        '<SendMessageBatchResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><SendMessageBatchResult>'
        "<SendMessageBatchResultEntry><Id>a</Id></SendMessageBatchResultEntry></SendMessageBatchResult>"
        "<ResponseMetadata><RequestId>the-id</RequestId></ResponseMetadata></SendMessageBatchResponse>"
    )
    error = text(operation.serialize_error(AwsError("QueueDoesNotExist", "None"), "the-id"))
    assert "<Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in error


async def test_parse_leaves_a_stream_unread() -> None:
    params = await parse("s3", "PutObject", "PUT", "/b/k", body=b"data", headers={"x-amz-meta-a-b": "c"})
    assert await params["Body"].read(10) == b"data"
    assert params["Metadata"] == {"a-b": "c"}


async def test_parse_takes_an_empty_body_for_a_required_one() -> None:
    assert await parse("sagemaker-runtime", "InvokeEndpoint", "POST", "/endpoints/e/invocations") == {
        "EndpointName": "e",
        "Body": b"",
    }


@pytest.mark.parametrize(
    "spelling",
    ["1794312000.5", "2026-11-10T12:00:00.5Z", "2026-11-10T13:00:00.500+01:00", "Tue, 10 Nov 2026 12:00:00.5 GMT"],
)
def test_times_are_read_in_every_spelling(spelling: str) -> None:
    assert read(spelling) == datetime(2026, 11, 10, 12, 0, 0, 500000, UTC).timestamp()


def test_times_are_written_in_every_spelling() -> None:
    at = datetime(2026, 11, 10, 12, 0, 0, 1000, UTC)
    assert (iso8601(at), iso8601(0), iso8601_millis(0)) == (
        "2026-11-10T12:00:00.001Z",
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.000Z",
    )
    assert http_date(-1) == "Wed, 31 Dec 1969 23:59:59 GMT"
    assert (epoch(5.0), epoch(at)) == (5, at.timestamp())


def test_part_of_an_object_is_partial_content() -> None:
    assert serialize("s3", "GetObject", {"Body": b"a", "ContentRange": "bytes 0-0/9"}).status == 206
    assert serialize("s3", "GetObject", {"Body": b"a", "ContentRange": None}).status == 200
