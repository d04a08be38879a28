"""Where a service departs on the wire from what its protocol and its model say. Data only."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Quirks:
    """One service's departures; the defaults are those of a service that has none."""

    #: The root element of a response's XML, by operation, where it is not the output's own name.
    roots: dict[str, str] = field(default_factory=dict)
    #: Operations whose only member is the root element itself.
    bare: frozenset[str] = frozenset()
    #: Namespace of the response's XML, where the model has none.
    xml_namespace: str | None = None
    #: The code of an input that breaks a constraint of the model.
    invalid_code: str = "ValidationException"
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
    unchecked=frozenset({"BucketLocationConstraint", "StorageClass"}),
)

#: The namespace of SQS's codes from the days of its query protocol.
SQS = "AWS.SimpleQueueService."

QUIRKS: dict[str, Quirks] = {
    "s3": S3,
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
