"""Where a service departs on the wire from what its protocol and its model say. Data only."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Quirks:
    """One service's departures; the defaults are those of a service that has none."""

    #: The root element of a response's XML, by operation, where it is not the output's own name.
    roots: dict[str, str] = field(default_factory=dict)
    #: Operations whose only member is the root element itself.
    bare: frozenset[str] = frozenset()
    #: Namespace of the response's XML, where the model has none.
    xml_namespace: str | None = None
    #: The code of an input that breaks a constraint of the model: that of AWS's framework by default.
    invalid_code: str = "ValidationException"
    #: How the service answers one: as the framework does, naming the first only, or as a schema of XML does.
    validation: Literal["framework", "terse", "schema"] = "framework"
    #: Shapes whose values the service checks itself, because it answers codes of their own.
    unchecked: frozenset[str] = frozenset()
    #: The largest body that is read whole, in bytes.
    body_limit: int = 16 * 2**20
    #: The code that the query protocol had for an error, by the error's shape.
    query_codes: dict[str, str] = field(default_factory=dict)


S3 = Quirks(
    roots={
        "CompleteMultipartUpload": "CompleteMultipartUploadResult",
        "CreateMultipartUpload": "InitiateMultipartUploadResult",
        "DeleteObjects": "DeleteResult",
        "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
        "GetBucketAcl": "AccessControlPolicy",
        "GetBucketCors": "CORSConfiguration",
        "GetBucketLifecycle": "LifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
        "GetBucketLocation": "LocationConstraint",
        "GetBucketLogging": "BucketLoggingStatus",
        "GetBucketNotificationConfiguration": "NotificationConfiguration",
        "GetBucketRequestPayment": "RequestPaymentConfiguration",
        "GetBucketTagging": "Tagging",
        "GetBucketVersioning": "VersioningConfiguration",
        "GetBucketWebsite": "WebsiteConfiguration",
        "GetObjectAcl": "AccessControlPolicy",
        "GetObjectAttributes": "GetObjectAttributesResponse",
        "GetObjectTagging": "Tagging",
        "ListBucketAnalyticsConfigurations": "ListBucketAnalyticsConfigurationResult",
        "ListBucketIntelligentTieringConfigurations": "ListBucketIntelligentTieringConfigurationsOutput",
        "ListBucketInventoryConfigurations": "ListInventoryConfigurationsResult",
        "ListBucketMetricsConfigurations": "ListMetricsConfigurationsResult",
        "ListBuckets": "ListAllMyBucketsResult",
        "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
        "ListMultipartUploads": "ListMultipartUploadsResult",
        "ListObjectVersions": "ListVersionsResult",
        "ListObjects": "ListBucketResult",
        "ListObjectsV2": "ListBucketResult",
        "ListParts": "ListPartsResult",
    },
    bare=frozenset({"GetBucketLocation"}),
    xml_namespace="http://s3.amazonaws.com/doc/2006-03-01/",
    invalid_code="InvalidArgument",
    validation="schema",
    unchecked=frozenset(
        {
            "BucketLocationConstraint",
            "ChecksumAlgorithm",
            "ChecksumMode",
            "CopySource",
            "EncodingType",
            "RequestPayer",
            "StorageClass",
        }
    ),
)

#: The namespace of SQS's codes from the days of its query protocol.
SQS = "AWS.SimpleQueueService."

QUIRKS: dict[str, Quirks] = {
    "athena": Quirks(invalid_code="InvalidRequestException"),
    "cloudwatch": Quirks(invalid_code="ValidationError"),
    "ecr": Quirks(invalid_code="InvalidParameterException", validation="terse"),
    "iam": Quirks(invalid_code="ValidationError"),
    # A function's code comes in the request: 50 MB as base64.
    "lambda": Quirks(body_limit=72 * 2**20),
    "lex-models": Quirks(invalid_code="BadRequestException"),
    "lex-runtime": Quirks(invalid_code="BadRequestException"),
    "logs": Quirks(invalid_code="InvalidParameterException"),
    # An image of 15 MB as base64.
    "rekognition": Quirks(body_limit=24 * 2**20),
    "s3": S3,
    "sagemaker-featurestore-runtime": Quirks(invalid_code="ValidationError"),
    "sagemaker-runtime": Quirks(invalid_code="ValidationError"),
    "sesv2": Quirks(invalid_code="BadRequestException"),
    "sns": Quirks(invalid_code="ValidationError"),
    "sts": Quirks(invalid_code="ValidationError"),
    "transcribe": Quirks(invalid_code="BadRequestException"),
    "sqs": Quirks(
        invalid_code="InvalidParameterValue",
        query_codes={
            "BatchEntryIdsNotDistinct": f"{SQS}BatchEntryIdsNotDistinct",
            "BatchRequestTooLong": f"{SQS}BatchRequestTooLong",
            "EmptyBatchRequest": f"{SQS}EmptyBatchRequest",
            "InvalidBatchEntryId": f"{SQS}InvalidBatchEntryId",
            "MessageNotInflight": f"{SQS}MessageNotInflight",
            "PurgeQueueInProgress": f"{SQS}PurgeQueueInProgress",
            "QueueDeletedRecently": f"{SQS}QueueDeletedRecently",
            "QueueDoesNotExist": f"{SQS}NonExistentQueue",
            "QueueNameExists": "QueueAlreadyExists",
            "TooManyEntriesInBatchRequest": f"{SQS}TooManyEntriesInBatchRequest",
            "UnsupportedOperation": f"{SQS}UnsupportedOperation",
        },
    ),
}
NONE = Quirks()


def quirks_of(service: str) -> Quirks:
    """Return a service's departures."""
    return QUIRKS.get(service, NONE)
