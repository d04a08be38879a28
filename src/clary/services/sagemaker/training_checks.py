"""What CreateTrainingJob refuses before anything is recorded, and the defaults that it fills in.

botocore's model has been checked already: what is here is what the model cannot say.
"""

from collections.abc import Iterator

from clary.services.sagemaker import images
from clary.services.sagemaker.errors import not_supported, validation
from clary.services.sagemaker.metrics import Metrics
from clary.services.sagemaker.models import Document
from clary.services.sagemaker.s3_uri import S3Uri

_DAY = 86_400
#: Instance families with accelerators.
_ACCELERATED = ("p2", "p3", "p4", "p5", "p6", "g4", "g5", "g6", "g7", "trn", "inf")


def checked(req: Document) -> Document:
    """Return the request as DescribeTrainingJob will echo it: without tags, with AWS's defaults.

    Raises:
        AwsError: a combination that AWS refuses, or a feature that Clary does not have yet, named.
    """
    for feature in _unsupported(req):
        raise not_supported(feature)
    _check_algorithm(req["AlgorithmSpecification"])
    _check_resources(req)
    S3Uri.parse(req["OutputDataConfig"]["S3OutputPath"])
    channels = [_checked_channel(channel) for channel in req.get("InputDataConfig", ())]
    names = [channel["ChannelName"] for channel in channels]
    for name in names:
        if names.count(name) > 1:
            raise validation(f"Duplicate channel name {name!r} in InputDataConfig. Channel names must be unique.")
    echoed = {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **req,
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **req["OutputDataConfig"]},
        "StoppingCondition": {"MaxRuntimeInSeconds": _DAY, **req.get("StoppingCondition", {})},
    }
    echoed.pop("Tags", None)
    return {**echoed, "InputDataConfig": channels} if channels else echoed


def is_accelerated(instance_type: str) -> bool:
    """Return whether instances of this type (`ml.p3.2xlarge`) have a GPU or another accelerator."""
    return instance_type.removeprefix("ml.").startswith(_ACCELERATED)


def _unsupported(req: Document) -> Iterator[str]:
    """Yield what the request asks for and Clary would have to ignore."""
    algorithm = req["AlgorithmSpecification"]
    for member in ("AlgorithmName", "ContainerEntrypoint", "ContainerArguments", "TrainingImageConfig"):
        if member in algorithm:
            yield f"AlgorithmSpecification.{member}"
    for member in (
        "VpcConfig",
        "CheckpointConfig",
        "DebugRuleConfigurations",
        "ProfilerRuleConfigurations",
        "TensorBoardOutputConfig",
        "ExperimentConfig",
        "ServerlessJobConfig",
        "MlflowConfig",
        "ModelPackageConfig",
    ):
        if req.get(member):
            yield member
    for member, switch in (
        ("RemoteDebugConfig", "EnableRemoteDebug"),
        ("SessionChainingConfig", "EnableSessionTagChaining"),
    ):
        if req.get(member, {}).get(switch):
            yield f"{member}.{switch}"
    for name in ("sagemaker_program", "sagemaker_submit_directory"):
        if name in req.get("HyperParameters", {}):
            yield f"Script mode (the hyperparameter {name})"
    if req.get("EnableManagedSpotTraining"):
        yield "Managed spot training (EnableManagedSpotTraining)"
    yield from _unsupported_resources(req.get("ResourceConfig", {}))


def _unsupported_resources(resources: Document) -> Iterator[str]:
    groups = resources.get("InstanceGroups", ())
    if resources.get("InstanceCount", 1) > 1 or sum(group["InstanceCount"] for group in groups) > 1:
        yield "Training on more than one instance"
    for instance_type in [resources.get("InstanceType", ""), *(group["InstanceType"] for group in groups)]:
        if is_accelerated(instance_type):
            yield f"The instance type {instance_type}, which has an accelerator,"
    for member in ("TrainingPlanArn", "InstancePlacementConfig", "InstancePreferences", "KeepAlivePeriodInSeconds"):
        if resources.get(member):
            yield f"ResourceConfig.{member}"


def _check_algorithm(algorithm: Document) -> None:
    if algorithm["TrainingInputMode"] == "Pipe":
        raise not_supported("Pipe mode (TrainingInputMode)")
    if "TrainingImage" not in algorithm:
        raise validation("Either TrainingImage or AlgorithmName must be given in AlgorithmSpecification.")
    images.resolve(algorithm["TrainingImage"])
    Metrics(algorithm.get("MetricDefinitions", ()))


def _check_resources(req: Document) -> None:
    resources = req.get("ResourceConfig")
    if not resources:
        raise validation("ResourceConfig must be given.")
    if not resources.get("InstanceGroups") and not (resources.get("InstanceType") and resources.get("InstanceCount")):
        raise validation("ResourceConfig needs InstanceType and an InstanceCount of at least 1, or InstanceGroups.")
    if resources.get("InstanceGroups") and ("InstanceType" in resources or "InstanceCount" in resources):
        raise validation("InstanceGroups cannot be given together with InstanceType and InstanceCount.")


def _checked_channel(channel: Document) -> Document:
    name, source = channel["ChannelName"], channel["DataSource"]
    if name in {".", ".."}:  # AWS's pattern lets them through, and a channel is a folder of its name
        raise validation(f"{name!r} cannot be the name of a channel.")
    if "S3DataSource" not in source:
        raise not_supported(f"A data source other than S3DataSource (channel {name!r})")
    if channel.get("InputMode") == "Pipe":
        raise not_supported(f"Pipe mode (InputMode of channel {name!r})")
    s3 = source["S3DataSource"]
    if s3["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
        raise not_supported(f"The S3DataType {s3['S3DataType']} (channel {name!r})")
    for member, plain in (("CompressionType", "None"), ("RecordWrapperType", "None")):
        if channel.get(member, plain) != plain:
            raise validation(f"{member} {channel[member]} of channel {name!r} can be used in Pipe input mode only.")
    S3Uri.parse(s3["S3Uri"])
    s3 = {"S3DataDistributionType": "FullyReplicated", **s3}
    return {"CompressionType": "None", "RecordWrapperType": "None", **channel, "DataSource": {"S3DataSource": s3}}
