"""What a training container finds: `/opt/ml/input/config/*.json` and its environment.

Source: "How Amazon SageMaker AI Provides Training Information" in the developer guide.
"""

import json
from typing import Any

from clary.services.sagemaker.models import Document, TrainingJob

HOST = "algo-1"
_GROUP = "homogeneousCluster"
#: Differs from AWS: `eth0` there; the loopback is the interface that every machine and every sandbox has.
_NETWORK_INTERFACE = "lo"


def config_files(job: TrainingJob) -> dict[str, Any]:
    """Return the documents that stand below `/opt/ml/input/config`, by the names of their files."""
    return {
        "hyperparameters.json": job.request.get("HyperParameters", {}),
        "inputdataconfig.json": _input_data(job.request),
        "resourceconfig.json": _resources(job.request["ResourceConfig"]),
    }


def environment(job: TrainingJob, algorithm: str, region: str) -> dict[str, str]:
    """Return the environment, credentials apart. The request's own variables come first, AWS's cannot be replaced."""
    channels = [channel["ChannelName"] for channel in job.request.get("InputDataConfig", ())]
    hyperparameters = job.request.get("HyperParameters", {})
    return {
        **job.request.get("Environment", {}),
        **{f"SM_CHANNEL_{name.upper()}": f"/opt/ml/input/data/{name}" for name in channels},
        **{f"SM_HP_{name.upper()}": value for name, value in hyperparameters.items()},
        "SM_CHANNELS": json.dumps(channels),
        "SM_CURRENT_HOST": HOST,
        "SM_HOSTS": json.dumps([HOST]),
        "SM_HPS": json.dumps(hyperparameters),
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_INPUT_DATA_CONFIG": json.dumps(_input_data(job.request)),
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_NETWORK_INTERFACE_NAME": _NETWORK_INTERFACE,
        "SM_NUM_GPUS": "0",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_RESOURCE_CONFIG": json.dumps(_resources(job.request["ResourceConfig"])),
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "AWS_REGION": region,
        "CLARY_ALGORITHM": algorithm,
    }


def _input_data(request: Document) -> dict[str, Any]:
    return {channel["ChannelName"]: _channel(channel) for channel in request.get("InputDataConfig", ())}


def _channel(channel: Document) -> dict[str, str]:
    """Return one channel. Its files are there whatever the mode, so FastFile reads as File, as it does on AWS."""
    described = {
        "TrainingInputMode": "File",
        "S3DistributionType": channel["DataSource"]["S3DataSource"]["S3DataDistributionType"],
        "RecordWrapperType": channel["RecordWrapperType"],
    }
    return described | ({"ContentType": channel["ContentType"]} if "ContentType" in channel else {})


def _resources(resources: Document) -> dict[str, Any]:
    groups = resources.get("InstanceGroups") or [{"InstanceGroupName": _GROUP, **resources}]
    group = groups[0]
    return {
        "current_host": HOST,
        "current_instance_type": group["InstanceType"],
        "current_group_name": group["InstanceGroupName"],
        "hosts": [HOST],
        "instance_groups": [
            {
                "instance_group_name": group["InstanceGroupName"],
                "instance_type": group["InstanceType"],
                "hosts": [HOST],
            }
        ],
        "network_interface_name": _NETWORK_INTERFACE,
    }
