"""The services that Clary speaks for: what a request can name them by, before any model is loaded.

A copy of four fields of botocore's models, so that finding a request's service costs nothing at start-up; a test holds
it equal to the models.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """How requests name a service.

    `endpoint_prefix` begins its host name (`runtime.sagemaker`), `signing_name` stands in the credential scope, and
    `target_prefix` before the operation in `X-Amz-Target` and in the path of rpc-v2-cbor, None where it has neither.
    """

    endpoint_prefix: str
    signing_name: str
    target_prefix: str | None = None


#: By botocore's directory name.
SERVICES: dict[str, Entry] = {
    "application-autoscaling": Entry("application-autoscaling", "application-autoscaling", "AnyScaleFrontendService"),
    "athena": Entry("athena", "athena", "AmazonAthena"),
    "cloudtrail": Entry("cloudtrail", "cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"),
    "cloudwatch": Entry("monitoring", "monitoring", "GraniteServiceVersion20100801"),
    "comprehend": Entry("comprehend", "comprehend", "Comprehend_20171127"),
    "comprehendmedical": Entry("comprehendmedical", "comprehendmedical", "ComprehendMedical_20181030"),
    "ecr": Entry("api.ecr", "ecr", "AmazonEC2ContainerRegistry_V20150921"),
    "efs": Entry("elasticfilesystem", "elasticfilesystem"),
    "emr": Entry("elasticmapreduce", "elasticmapreduce", "ElasticMapReduce"),
    "events": Entry("events", "events", "AWSEvents"),
    "firehose": Entry("firehose", "firehose", "Firehose_20150804"),
    "forecast": Entry("forecast", "forecast", "AmazonForecast"),
    "forecastquery": Entry("forecastquery", "forecast", "AmazonForecastRuntime"),
    "fsx": Entry("fsx", "fsx", "AWSSimbaAPIService_v20180301"),
    "glue": Entry("glue", "glue", "AWSGlue"),
    "iam": Entry("iam", "iam"),
    "kinesis": Entry("kinesis", "kinesis", "Kinesis_20131202"),
    "kinesis-video-archived-media": Entry("kinesisvideo", "kinesisvideo"),
    "kinesis-video-media": Entry("kinesisvideo", "kinesisvideo"),
    "kinesisanalytics": Entry("kinesisanalytics", "kinesisanalytics", "KinesisAnalytics_20150814"),
    "kinesisanalyticsv2": Entry("kinesisanalytics", "kinesisanalytics", "KinesisAnalytics_20180523"),
    "kinesisvideo": Entry("kinesisvideo", "kinesisvideo"),
    "kms": Entry("kms", "kms", "TrentService"),
    "lambda": Entry("lambda", "lambda"),
    "lex-models": Entry("models.lex", "lex"),
    "lex-runtime": Entry("runtime.lex", "lex"),
    "lexv2-models": Entry("models-v2-lex", "lex"),
    "lexv2-runtime": Entry("runtime-v2-lex", "lex"),
    "logs": Entry("logs", "logs", "Logs_20140328"),
    "machinelearning": Entry("machinelearning", "machinelearning", "AmazonML_20141212"),
    "marketplace-catalog": Entry("catalog.marketplace", "aws-marketplace"),
    "mturk": Entry("mturk-requester", "mturk-requester", "MTurkRequesterServiceV20170117"),
    "polly": Entry("polly", "polly"),
    "pricing": Entry("api.pricing", "pricing", "AWSPriceListService"),
    "quicksight": Entry("quicksight", "quicksight"),
    "rekognition": Entry("rekognition", "rekognition", "RekognitionService"),
    "resourcegroupstaggingapi": Entry("tagging", "tagging", "ResourceGroupsTaggingAPI_20170126"),
    "s3": Entry("s3", "s3"),
    "sagemaker": Entry("api.sagemaker", "sagemaker", "SageMaker"),
    "sagemaker-a2i-runtime": Entry("a2i-runtime.sagemaker", "sagemaker"),
    "sagemaker-featurestore-runtime": Entry("featurestore-runtime.sagemaker", "sagemaker"),
    "sagemaker-metrics": Entry("metrics.sagemaker", "sagemaker"),
    "sagemaker-runtime": Entry("runtime.sagemaker", "sagemaker"),
    "secretsmanager": Entry("secretsmanager", "secretsmanager", "secretsmanager"),
    "service-quotas": Entry("servicequotas", "servicequotas", "ServiceQuotasV20190624"),
    "sesv2": Entry("email", "ses"),
    "sns": Entry("sns", "sns"),
    "sqs": Entry("sqs", "sqs", "AmazonSQS"),
    "stepfunctions": Entry("states", "states", "AWSStepFunctions"),
    "sts": Entry("sts", "sts"),
    "transcribe": Entry("transcribe", "transcribe", "Transcribe"),
    "translate": Entry("translate", "translate", "AWSShineFrontendService_20170701"),
}
