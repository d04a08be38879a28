"""The main job, in plain boto3: CSV in S3 → built-in XGBoost → endpoint → predictions. Nothing of Clary's is imported.

Run it with `make demo`, or `clary run -- python examples/train_and_deploy.py`. It would run against AWS as well.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import numpy as np
from botocore.exceptions import ClientError
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import train_test_split

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "num_round": "100",
    "max_depth": "3",
    "eta": "0.1",
}

timings: dict[str, float] = {}


@contextmanager
def step(name: str) -> Iterator[None]:
    print(f"\n\033[1m{name}\033[0m", flush=True)
    begin = time.perf_counter()
    yield
    timings[name] = time.perf_counter() - begin


def as_csv(features: np.ndarray, labels: np.ndarray | None = None) -> str:
    columns = features if labels is None else np.column_stack([labels, features])
    return "\n".join(",".join(f"{value:g}" for value in row) for row in columns)


def role_arn() -> str:
    identity = boto3.client("sts").get_caller_identity()["Arn"]
    name = identity.split("/")[1] if ":assumed-role/" in identity else "ClaryExecutionRole"
    return str(boto3.client("iam").get_role(RoleName=name)["Role"]["Arn"])


def follow_log(job: str) -> None:
    """Print the job's log as it is written, until the job has ended and its log is read to the end."""
    sagemaker, logs = boto3.client("sagemaker"), boto3.client("logs")
    group, token, ended = "/aws/sagemaker/TrainingJobs", None, False
    while True:
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            streams = []
        for stream in streams[:1]:
            more: dict[str, str] = {"nextToken": token} if token else {}
            page = logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True, **more
            )
            token = page["nextForwardToken"]
            for event in page["events"]:
                print("  ", event["message"].replace("#011", "\t"), flush=True)
        if ended:
            return
        ended = sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] not in {
            "InProgress",
            "Stopping",
        }
        time.sleep(0.05)


def main() -> int:
    suffix = f"{int(time.time())}-{os.getpid()}"
    bucket, job, endpoint = f"demo-{suffix}", f"demo-xgboost-{suffix}", f"demo-endpoint-{suffix}"
    s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
    runtime = boto3.client("sagemaker-runtime")

    data = load_breast_cancer()
    x_train, x_test, y_train, y_test = train_test_split(data.data, data.target, test_size=0.3, random_state=0)
    print(f"Breast cancer (scikit-learn): {len(x_train)} rows to train on, {len(x_test)} to test")

    with step("1. Put the data into S3"):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key="train/train.csv", Body=as_csv(x_train, y_train))
        s3.put_object(Bucket=bucket, Key="validation/validation.csv", Body=as_csv(x_test, y_test))
        print(f"   s3://{bucket}/train/train.csv, s3://{bucket}/validation/validation.csv")

    with step("2. Train the built-in XGBoost"):
        channels = [
            {
                "ChannelName": name,
                "ContentType": "text/csv",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/"}},
            }
            for name in ("train", "validation")
        ]
        sagemaker.create_training_job(
            TrainingJobName=job,
            RoleArn=role_arn(),
            AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            HyperParameters=HYPERPARAMETERS,
            InputDataConfig=channels,
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 600},
        )
        follow_log(job)
        description = sagemaker.describe_training_job(TrainingJobName=job)
        print(f"   {description['TrainingJobStatus']}: {description.get('FailureReason', '')}")
        if description["TrainingJobStatus"] != "Completed":
            return 1
        for metric in description["FinalMetricDataList"]:
            print(f"   {metric['MetricName']} = {metric['Value']:.4f}")
        print(f"   {description['ModelArtifacts']['S3ModelArtifacts']}")

    with step("3. Deploy an endpoint"):
        container = {"Image": IMAGE, "ModelDataUrl": description["ModelArtifacts"]["S3ModelArtifacts"]}
        sagemaker.create_model(ModelName=job, PrimaryContainer=container, ExecutionRoleArn=role_arn())
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": job,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=endpoint, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint)
        waiter = sagemaker.get_waiter("endpoint_in_service")
        waiter.wait(EndpointName=endpoint, WaiterConfig={"Delay": 0.05, "MaxAttempts": 1200})
        print(f"   {endpoint} is InService")

    with step("4. Invoke it"):
        answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType="text/csv", Body=as_csv(x_test))
        scores = np.array(
            [float(score) for score in answer["Body"].read().decode().replace("\n", ",").split(",") if score]
        )
        predicted = (scores > 0.5).astype(int)
        print(f"   {len(scores)} predictions; the first five: {', '.join(f'{score:.3f}' for score in scores[:5])}")

    matrix = confusion_matrix(y_test, predicted)
    print("\n\033[1mOn the test rows\033[0m")
    print("                 predicted 0  predicted 1")
    for label, row in enumerate(matrix):
        print(f"      actual {label} {row[0]:12d} {row[1]:12d}")
    print(f"   AUC {roc_auc_score(y_test, scores):.4f}   F1 {f1_score(y_test, predicted):.4f}", end="   ")
    print(f"precision {precision_score(y_test, predicted):.4f}   recall {recall_score(y_test, predicted):.4f}")

    with step("5. Clean up"):
        sagemaker.delete_endpoint(EndpointName=endpoint)
        sagemaker.delete_endpoint_config(EndpointConfigName=endpoint)
        sagemaker.delete_model(ModelName=job)
        print("   endpoint, configuration and model deleted; the bucket and the training job stay for you to look at")

    print("\n\033[1mTime\033[0m")
    for name, seconds in timings.items():
        print(f"   {seconds:7.2f} s  {name}")
    print('\nWhere to look next: start a server on the same data (`clary up`); in a shell with `eval "$(clary env)"`:')
    print(f"   aws s3 ls --recursive s3://{bucket}")
    print(f"   aws sagemaker describe-training-job --training-job-name {job}")
    print("   aws logs tail /aws/sagemaker/TrainingJobs --since 1h")
    print("The same job with the SageMaker SDK v2 and v3 and with the AWS CLI stands in examples/.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
