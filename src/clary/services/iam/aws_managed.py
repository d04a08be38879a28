"""AWS's own managed policies, known by their ARNs.

Differs from AWS: the documents are approximations written for Clary. They allow what the policy's name promises, in
fewer and broader statements than AWS's; their ids and dates are made up. A policy that is not in this table does not
exist here.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from clary.state.records import Record

#: 2015-02-06, the day on which AWS published most of them.
_PUBLISHED = 1423247000.0

Statement = dict[str, Any]


def _allow(*actions: str, on: str | list[str] = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_PASS_ROLE = {"StringLike": {"iam:PassedToService": "*.amazonaws.com"}}

_SERVICES = (
    *("application-autoscaling", "athena", "autoscaling", "cloudformation", "cloudtrail", "cloudwatch", "comprehend"),
    *("dynamodb", "ec2", "ecr", "elasticmapreduce", "events", "firehose", "forecast", "glue", "iam", "kinesis"),
    *("kinesisanalytics", "kms", "lambda", "lex", "logs", "personalize", "polly", "rekognition", "s3", "sagemaker"),
    *(
        "scheduler",
        "secretsmanager",
        "sns",
        "sqs",
        "ssm",
        "states",
        "sts",
        "tag",
        "textract",
        "transcribe",
        "translate",
    ),
)

#: Statements by path and name.
_POLICIES: dict[str, list[Statement]] = {
    "/AdministratorAccess": [_allow("*")],
    "/PowerUserAccess": [
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        _allow("iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles", "account:ListRegions"),
    ],
    "/ReadOnlyAccess": [
        _allow(*(f"{service}:{verb}*" for service in _SERVICES for verb in ("Get", "List", "Describe", "BatchGet"))),
        _allow("dynamodb:Query", "dynamodb:Scan", "logs:FilterLogEvents", "sagemaker:Search"),
    ],
    "/IAMFullAccess": [_allow("iam:*", "organizations:Describe*", "organizations:List*")],
    "/IAMReadOnlyAccess": [_allow("iam:Get*", "iam:List*", "iam:Simulate*", "iam:Generate*")],
    "/AmazonS3FullAccess": [_allow("s3:*", "s3-object-lambda:*")],
    "/AmazonS3ReadOnlyAccess": [_allow("s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*")],
    "/AmazonSageMakerFullAccess": [
        _allow("sagemaker:*", "sagemaker-geospatial:*"),
        _allow(
            "application-autoscaling:*",
            "athena:*",
            "cloudwatch:*",
            "cognito-idp:*",
            "ec2:CreateNetworkInterface*",
            "ec2:DeleteNetworkInterface*",
            "ec2:Describe*",
            "ecr:*",
            "elasticfilesystem:Describe*",
            "events:*",
            "fsx:DescribeFileSystems",
            "glue:*",
            "kms:DescribeKey",
            "kms:ListAliases",
            "lambda:InvokeFunction",
            "lambda:ListFunctions",
            "logs:*",
            "redshift-data:*",
            "secretsmanager:*",
            "sns:*",
            "states:*",
            "tag:GetResources",
        ),
        _allow("s3:GetBucketLocation", "s3:ListBucket", "s3:ListAllMyBuckets", "s3:CreateBucket", "s3:GetBucketCors"),
        _allow(
            "s3:GetObject*",
            "s3:PutObject*",
            "s3:DeleteObject*",
            "s3:AbortMultipartUpload",
            on=["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*Sagemaker*", "arn:aws:s3:::*sagemaker*"],
        ),
        _allow("iam:PassRole", on="arn:aws:iam::*:role/*", Condition=_PASS_ROLE),
        _allow("iam:GetRole", "iam:ListRoles", "iam:CreateServiceLinkedRole"),
    ],
    "/AmazonSageMakerReadOnly": [
        _allow("sagemaker:Describe*", "sagemaker:List*", "sagemaker:Get*", "sagemaker:Search")
    ],
    "/AmazonSageMakerFeatureStoreAccess": [
        _allow("s3:PutObject", "s3:GetBucketAcl", "s3:PutObjectAcl", on="arn:aws:s3:::*sagemaker*"),
        _allow("glue:GetTable", "glue:UpdateTable"),
    ],
    "/AmazonSageMakerPipelinesIntegrations": [
        _allow("lambda:*", "sqs:*", "events:*", "elasticmapreduce:*"),
        _allow("iam:PassRole", Condition=_PASS_ROLE),
    ],
    "/CloudWatchFullAccess": [_allow("cloudwatch:*", "logs:*", "sns:*", "autoscaling:Describe*")],
    "/CloudWatchReadOnlyAccess": [
        _allow(
            "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "logs:Get*", "logs:Describe*", "logs:Filter*"
        )
    ],
    "/CloudWatchLogsFullAccess": [_allow("logs:*", "cloudwatch:GenerateQuery")],
    "/CloudWatchLogsReadOnlyAccess": [
        _allow("logs:Describe*", "logs:Get*", "logs:List*", "logs:StartQuery", "logs:StopQuery", "logs:FilterLogEvents")
    ],
    "/AmazonEC2ContainerRegistryFullAccess": [_allow("ecr:*", "cloudtrail:LookupEvents")],
    "/AmazonEC2ContainerRegistryPowerUser": [
        _allow(
            "ecr:Get*",
            "ecr:List*",
            "ecr:Describe*",
            "ecr:Batch*",
            "ecr:*LayerUpload",
            "ecr:UploadLayerPart",
            "ecr:PutImage",
        )
    ],
    "/AmazonEC2ContainerRegistryReadOnly": [
        _allow("ecr:Get*", "ecr:List*", "ecr:Describe*", "ecr:BatchGetImage", "ecr:BatchCheck*")
    ],
    "/AWSLambda_FullAccess": [
        _allow(
            "lambda:*",
            "logs:Describe*",
            "logs:FilterLogEvents",
            "states:Describe*",
            "states:List*",
            "iam:GetRole",
            "iam:ListRoles",
        ),
        _allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}),
    ],
    "/service-role/AWSLambdaBasicExecutionRole": [_allow(*_LOGS)],
    "/service-role/AWSLambdaKinesisExecutionRole": [
        _allow("kinesis:Describe*", "kinesis:Get*", "kinesis:List*", "kinesis:SubscribeToShard", *_LOGS)
    ],
    "/service-role/AWSLambdaSQSQueueExecutionRole": [
        _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOGS)
    ],
    "/service-role/AWSLambdaDynamoDBExecutionRole": [
        _allow(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            *_LOGS,
        )
    ],
    "/service-role/AWSLambdaRole": [_allow("lambda:InvokeFunction")],
    "/AWSStepFunctionsFullAccess": [_allow("states:*")],
    "/AWSStepFunctionsReadOnlyAccess": [_allow("states:List*", "states:Describe*", "states:Get*")],
    "/service-role/AWSGlueServiceRole": [
        _allow(
            "glue:*",
            "s3:GetBucketLocation",
            "s3:ListBucket",
            "s3:ListAllMyBuckets",
            "s3:GetBucketAcl",
            "cloudwatch:PutMetricData",
        ),
        _allow("s3:GetObject", "s3:PutObject", "s3:DeleteObject", on="arn:aws:s3:::aws-glue-*"),
        _allow(*_LOGS, on="arn:aws:logs:*:*:*:/aws-glue/*"),
    ],
    "/AWSGlueConsoleFullAccess": [
        _allow("glue:*", "s3:List*", "s3:Get*", "logs:GetLogEvents", "iam:ListRoles", "iam:PassRole")
    ],
    "/AmazonAthenaFullAccess": [
        _allow("athena:*", "glue:*Database*", "glue:*Table*", "glue:*Partition*", "glue:GetCatalogs"),
        _allow(
            "s3:GetBucketLocation",
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
            "s3:CreateBucket",
            on="arn:aws:s3:::aws-athena-query-results-*",
        ),
    ],
    "/AmazonKinesisFullAccess": [_allow("kinesis:*")],
    "/AmazonKinesisReadOnlyAccess": [_allow("kinesis:Get*", "kinesis:List*", "kinesis:Describe*")],
    "/AmazonKinesisFirehoseFullAccess": [_allow("firehose:*")],
    "/AmazonKinesisAnalyticsFullAccess": [
        _allow("kinesisanalytics:*", "kinesis:List*", "kinesis:Describe*", "firehose:List*", "logs:*", "iam:PassRole")
    ],
    "/AmazonDynamoDBFullAccess": [
        _allow("dynamodb:*", "dax:*", "application-autoscaling:*", "cloudwatch:*Alarm*", "iam:GetRole", "iam:ListRoles")
    ],
    "/AmazonDynamoDBReadOnlyAccess": [
        _allow(
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:Get*",
            "dynamodb:List*",
            "dynamodb:Query",
            "dynamodb:Scan",
        )
    ],
    "/AmazonSNSFullAccess": [_allow("sns:*")],
    "/AmazonSQSFullAccess": [_allow("sqs:*")],
    "/AmazonEventBridgeFullAccess": [_allow("events:*", "schemas:*", "scheduler:*", "pipes:*")],
    "/AmazonElasticMapReduceFullAccess": [
        _allow("elasticmapreduce:*", "s3:*", "ec2:*", "cloudwatch:*", "iam:PassRole")
    ],
    "/AmazonEC2FullAccess": [_allow("ec2:*", "elasticloadbalancing:*", "cloudwatch:*", "autoscaling:*")],
    "/AmazonRedshiftDataFullAccess": [_allow("redshift-data:*", "redshift:GetClusterCredentials*")],
    "/AmazonRekognitionFullAccess": [_allow("rekognition:*")],
    "/AmazonPollyFullAccess": [_allow("polly:*")],
    "/AmazonTranscribeFullAccess": [_allow("transcribe:*"), _allow("s3:GetObject", on="arn:aws:s3:::*transcribe*")],
    "/AmazonTextractFullAccess": [_allow("textract:*")],
    "/AmazonLexFullAccess": [
        _allow("lex:*", "polly:DescribeVoices", "polly:SynthesizeSpeech", "lambda:GetPolicy", "lambda:ListFunctions")
    ],
    "/AmazonAugmentedAIFullAccess": [
        _allow("sagemaker:*HumanLoop*", "sagemaker:*FlowDefinition*", "sagemaker:*HumanTaskUi*")
    ],
    "/ComprehendFullAccess": [
        _allow(
            "comprehend:*",
            "s3:GetBucketLocation",
            "s3:ListAllMyBuckets",
            "s3:ListBucket",
            "iam:GetRole",
            "iam:ListRoles",
        )
    ],
    "/ComprehendReadOnly": [
        _allow("comprehend:Detect*", "comprehend:BatchDetect*", "comprehend:Describe*", "comprehend:List*")
    ],
    "/TranslateFullAccess": [
        _allow(
            "translate:*",
            "comprehend:DetectDominantLanguage",
            "cloudwatch:Get*",
            "s3:ListAllMyBuckets",
            "s3:ListBucket",
        )
    ],
    "/TranslateReadOnly": [
        _allow(
            "translate:Translate*",
            "translate:Get*",
            "translate:List*",
            "translate:Describe*",
            "comprehend:DetectDominantLanguage",
        )
    ],
    "/service-role/AmazonPersonalizeFullAccess": [
        _allow("personalize:*", "cloudwatch:PutMetricData", "cloudwatch:ListMetrics"),
        _allow(
            "s3:GetObject",
            "s3:PutObject",
            "s3:ListBucket",
            on=["arn:aws:s3:::*Personalize*", "arn:aws:s3:::*personalize*"],
        ),
    ],
    "/AmazonForecastFullAccess": [
        _allow("forecast:*"),
        _allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "forecast.amazonaws.com"}}),
    ],
    "/AmazonBedrockFullAccess": [_allow("bedrock:*")],
    "/SecretsManagerReadWrite": [
        _allow("secretsmanager:*", "kms:DescribeKey", "kms:ListAliases", "kms:ListKeys", "tag:GetResources")
    ],
    "/AWSKeyManagementServicePowerUser": [
        _allow(
            "kms:CreateAlias",
            "kms:CreateKey",
            "kms:DeleteAlias",
            "kms:Describe*",
            "kms:Get*",
            "kms:List*",
            "kms:*tagResource",
        )
    ],
    "/AmazonSSMFullAccess": [_allow("ssm:*", "cloudwatch:PutMetricData", "logs:*")],
    "/AWSCloudFormationFullAccess": [_allow("cloudformation:*")],
    "/AWSCloudTrail_FullAccess": [
        _allow("cloudtrail:*", "s3:CreateBucket", "s3:PutBucketPolicy", "s3:ListAllMyBuckets", "logs:CreateLogGroup")
    ],
}


class _AwsManaged(Mapping[str, Record]):
    """The table as records by ARN, in the form of the account's own policies. Each is built when it is asked for."""

    def __getitem__(self, arn: str) -> Record:
        prefix, separator, resource = arn.partition(":policy/")
        if prefix != "arn:aws:iam::aws" or not separator:
            raise KeyError(arn)
        path, _, name = f"/{resource}".rpartition("/")
        document = {"Version": "2012-10-17", "Statement": _POLICIES[f"/{resource}"]}
        body = {
            "PolicyName": name,
            "PolicyId": "ANPA" + hashlib.sha256(arn.encode()).hexdigest()[:17].upper(),
            "Arn": arn,
            "Path": f"{path}/",
            "Description": f"Provides what {name} says, as Clary approximates it.",
            "DefaultVersionId": "v1",
            "Versions": {"v1": {"Document": json.dumps(document), "CreateDate": _PUBLISHED}},
        }
        return Record(arn, body, "", _PUBLISHED, _PUBLISHED)

    def __iter__(self) -> Iterator[str]:
        return (f"arn:aws:iam::aws:policy{path}" for path in _POLICIES)

    def __len__(self) -> int:
        return len(_POLICIES)


AWS_MANAGED: Mapping[str, Record] = _AwsManaged()
