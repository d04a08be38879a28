import gc
import io
import itertools
import json
import tarfile

import pytest
import xgboost
from botocore.exceptions import ClientError
from tests.services.sagemaker.conftest import IMAGE, Lab, make_csv, poll

ENDLESS = {"num_round": "1000000", "save_model_on_termination": "true"}


def refused(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_training_job_trains_and_leaves_a_model_that_xgboost_opens(lab: Lab) -> None:
    job = lab.train("trains", HyperParameters={"eval_metric": "auc"})
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed"
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://lab/out/trains/output/model.tar.gz"
    data = lab.s3.get_object(Bucket="lab", Key="out/trains/output/model.tar.gz")["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        model = tar.extractfile("xgboost-model")
        assert model
        booster = xgboost.Booster(model_file=bytearray(model.read()))
    assert booster.num_boosted_rounds() == 3


def test_training_job_walks_through_its_statuses(lab: Lab) -> None:
    job = lab.train("walks")
    transitions = job["SecondaryStatusTransitions"]
    assert [(each["Status"], each["StatusMessage"]) for each in transitions] == [
        ("Starting", "Preparing the instances for training"),
        ("Downloading", "Downloading input data"),
        ("Training", "Training image download completed. Training in progress."),
        ("Uploading", "Uploading generated training model"),
        ("Completed", "Training job completed"),
    ]
    for one, next_ in itertools.pairwise(transitions):
        assert one["EndTime"] == next_["StartTime"]
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"] == job["LastModifiedTime"]
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1


def test_training_job_log_and_metrics(lab: Lab) -> None:
    channels = [lab.channel("train", "s3://lab/data/train"), lab.channel("validation", "s3://lab/data/train/train.csv")]
    job = lab.train("logs", InputDataConfig=channels, HyperParameters={"eval_metric": "auc"})
    streams = lab.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="logs/", limit=1
    )["logStreams"]
    assert [stream["logStreamName"].rpartition("-")[0] for stream in streams] == ["logs/algo-1"]
    rounds = [line for line in lab.log_lines("/aws/sagemaker/TrainingJobs", "logs/") if "#011" in line]
    assert len(rounds) == 3
    metrics = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert metrics.keys() == {"train:auc", "validation:auc"}
    assert f"train-auc:{metrics['train:auc']:.5f}" in rounds[-1]


def test_metric_definitions_find_metrics(lab: Lab) -> None:
    definitions = [{"Name": "rows", "Regex": r"Train matrix has (\d+) rows"}]
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": definitions}
    job = lab.train("defines", AlgorithmSpecification=algorithm)
    assert ("rows", 200.0) in {(each["MetricName"], each["Value"]) for each in job["FinalMetricDataList"]}


def test_describe_echoes_the_request(lab: Lab) -> None:
    job = lab.train("echoes", Environment={"A": "b"}, EnableNetworkIsolation=True)
    assert job["TrainingJobStatus"] == "Completed"
    assert job["HyperParameters"] == {"objective": "binary:logistic", "num_round": "3"}
    assert job["Environment"] == {"A": "b"}
    assert job["EnableNetworkIsolation"] is True
    assert job["TrainingJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:training-job/echoes"


def test_fast_file_mode_trains_as_file_mode_does(lab: Lab) -> None:
    algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "FastFile"}
    assert lab.train("fastfile", AlgorithmSpecification=algorithm)["TrainingJobStatus"] == "Completed"


def test_manifest_names_the_objects(lab: Lab) -> None:
    manifest = [{"prefix": "s3://lab/data/"}, "train/train.csv"]
    lab.s3.put_object(Bucket="lab", Key="manifest.json", Body=json.dumps(manifest))
    channel = lab.channel("train", "s3://lab/manifest.json", S3DataType="ManifestFile")
    assert lab.train("manifest", InputDataConfig=[channel])["TrainingJobStatus"] == "Completed"


def test_manifest_that_nests_deeply_is_named(lab: Lab) -> None:
    lab.s3.put_object(Bucket="lab", Key="deep.json", Body="[" * 100_000)
    channel = lab.channel("train", "s3://lab/deep.json", S3DataType="ManifestFile")
    job = lab.train("deep-manifest", InputDataConfig=[channel])
    assert "The manifest s3://lab/deep.json is not valid" in job["FailureReason"]


def test_prefix_of_many_objects_trains_on_all(lab: Lab) -> None:
    for number in range(12):
        lab.s3.put_object(Bucket="lab", Key=f"many/part-{number}.csv", Body=make_csv(20))
    channel = lab.channel("train", "s3://lab/many/part-")
    assert lab.train("many", InputDataConfig=[channel])["TrainingJobStatus"] == "Completed"
    assert any("240 rows" in line for line in lab.log_lines("/aws/sagemaker/TrainingJobs", "many/"))


def test_output_without_compression_is_files(lab: Lab) -> None:
    output = {"S3OutputPath": "s3://lab/plain", "CompressionType": "NONE"}
    job = lab.train("plain", OutputDataConfig=output)
    assert job["ModelArtifacts"]["S3ModelArtifacts"] == "s3://lab/plain/plain/output/model/"
    keys = [each["Key"] for each in lab.s3.list_objects_v2(Bucket="lab", Prefix="plain/")["Contents"]]
    assert keys == ["plain/plain/output/model/xgboost-model"]


def test_create_training_job_same_name_is_in_use(lab: Lab) -> None:
    lab.train("twice")
    with pytest.raises(ClientError) as caught:
        lab.sagemaker.create_training_job(**lab.request("twice"))
    assert refused(caught) == (
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name already "
        "exists (arn:aws:sagemaker:us-east-1:000000000000:training-job/twice)",
    )


def test_create_training_job_role_that_does_not_exist(lab: Lab) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    with pytest.raises(ClientError) as caught:
        lab.sagemaker.create_training_job(**lab.request("roleless", RoleArn=role))
    code, message = refused(caught)
    assert code == "ValidationException"
    assert message.startswith(f"Could not assume role {role}. Please ensure that the role exists")


def test_create_training_job_role_of_another_account(lab: Lab) -> None:
    with pytest.raises(ClientError, match="Cross-account pass role is not allowed"):
        lab.sagemaker.create_training_job(**lab.request("foreign", RoleArn="arn:aws:iam::123456789012:role/lab"))


def test_create_training_job_unknown_image(lab: Lab) -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File"}
    with pytest.raises(ClientError, match="Cannot find repository: mine in registry ID: 123456789012"):
        lab.sagemaker.create_training_job(**lab.request("imageless", AlgorithmSpecification=algorithm))


@pytest.mark.parametrize(
    ("name", "uri", "why"),
    [
        ("no-bucket", "s3://not-there-at-all/x", "The specified bucket does not exist"),
        ("no-objects", "s3://lab/nothing/here", "that objects exist under that S3 prefix"),
    ],
)
def test_missing_input_fails_the_job(lab: Lab, name: str, uri: str, why: str) -> None:
    job = lab.train(name, InputDataConfig=[lab.channel("train", uri)])
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Failed"
    assert f'ClientError: Data download failed:No S3 objects found under S3 URL "{uri}"' in job["FailureReason"]
    assert why in job["FailureReason"]
    assert job["SecondaryStatusTransitions"][-1]["StatusMessage"] == "Training job failed"


def test_key_that_leads_out_of_the_folder_fails_the_job(lab: Lab) -> None:
    lab.s3.put_object(Bucket="lab", Key="evil/x/../../../../../tmp/clary-was-here", Body=b"1,2\n")
    job = lab.train("evil", InputDataConfig=[lab.channel("train", "s3://lab/evil/")])
    assert "has an illegal char sub-sequence '/../' in it" in job["FailureReason"]


def test_key_that_is_a_file_and_a_folder_fails_the_job(lab: Lab) -> None:
    for key in ("both/a", "both/a/b"):
        lab.s3.put_object(Bucket="lab", Key=key, Body=b"1,2\n")
    job = lab.train("both", InputDataConfig=[lab.channel("train", "s3://lab/both/")])
    assert job["FailureReason"].startswith("ClientError: Data download failed:Failed to write s3://lab/both/a")


def test_malformed_csv_names_file_and_line(lab: Lab) -> None:
    lab.s3.put_object(Bucket="lab", Key="bad/rows.csv", Body="1,0.5,0.5\n0,0.1,0.2\n1,oops,0.3\n")
    job = lab.train("malformed", InputDataConfig=[lab.channel("train", "s3://lab/bad/")])
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError:")
    assert "rows.csv" in job["FailureReason"]
    assert "line 3" in job["FailureReason"]
    assert job["FailureReason"].endswith(", exit code: 1")


@pytest.mark.parametrize(
    ("name", "hyperparameters", "named"),
    [("unknown-hp", {"max_dept": "3"}, "max_dept"), ("range-hp", {"eta": "7"}, "eta")],
)
def test_bad_hyperparameter_is_named(lab: Lab, name: str, hyperparameters: dict[str, str], named: str) -> None:
    job = lab.train(name, HyperParameters=hyperparameters)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError:")
    assert named in job["FailureReason"]


def test_missing_output_bucket_fails_the_job(lab: Lab) -> None:
    job = lab.train("nowhere", OutputDataConfig={"S3OutputPath": "s3://not-there-at-all/out"})
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")


def test_stop_training_job_stops_and_keeps_the_model(lab: Lab) -> None:
    lab.sagemaker.create_training_job(**lab.request("stops", HyperParameters=ENDLESS))
    poll(lambda: rounds_of(lab, "stops"), bool)
    lab.sagemaker.stop_training_job(TrainingJobName="stops")
    lab.sagemaker.stop_training_job(TrainingJobName="stops")
    job = lab.ended("stops")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Stopped"
    assert [each["Status"] for each in job["SecondaryStatusTransitions"]][-3:] == ["Stopping", "Uploading", "Stopped"]
    assert "FailureReason" not in job
    lab.s3.head_object(Bucket="lab", Key="out/stops/output/model.tar.gz")


def rounds_of(lab: Lab, name: str) -> list[str]:
    try:
        return [line for line in lab.log_lines("/aws/sagemaker/TrainingJobs", f"{name}/") if "#011" in line]
    except ClientError:
        return []


def test_training_job_that_runs_too_long_is_stopped(lab: Lab) -> None:
    job = lab.train("late", HyperParameters=ENDLESS, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_stop_while_downloading_leaves_no_word_in_the_log(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(20):
        lab.s3.put_object(Bucket="lab", Key=f"slow/{number}", Body=make_csv(1000))
    channel = lab.channel("train", "s3://lab/slow/")
    lab.sagemaker.create_training_job(**lab.request("stops-early", InputDataConfig=[channel]))
    lab.sagemaker.stop_training_job(TrainingJobName="stops-early")
    assert lab.ended("stops-early")["TrainingJobStatus"] == "Stopped"
    gc.collect()
    assert caplog.text == ""


def test_stop_training_job_that_has_ended(lab: Lab) -> None:
    lab.train("over")
    with pytest.raises(ClientError) as caught:
        lab.sagemaker.stop_training_job(TrainingJobName="over")
    assert refused(caught) == (
        "ValidationException",
        "The request was rejected because the training job is in status Completed.",
    )


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job", "delete_training_job"])
def test_training_job_that_does_not_exist(lab: Lab, operation: str) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(lab.sagemaker, operation)(TrainingJobName="never")
    assert refused(caught) == ("ValidationException", "Requested resource not found.")


def test_delete_training_job_frees_its_name(lab: Lab) -> None:
    lab.train("again")
    lab.sagemaker.delete_training_job(TrainingJobName="again")
    assert lab.train("again")["TrainingJobStatus"] == "Completed"


def test_delete_training_job_that_runs_is_refused(lab: Lab) -> None:
    lab.sagemaker.create_training_job(**lab.request("busy", HyperParameters=ENDLESS))
    with pytest.raises(ClientError, match="terminal state") as caught:
        lab.sagemaker.delete_training_job(TrainingJobName="busy")
    assert refused(caught)[0] == "ResourceInUse"
    lab.sagemaker.stop_training_job(TrainingJobName="busy")
    assert lab.ended("busy")["TrainingJobStatus"] == "Stopped"


def test_list_training_jobs_filters_sorts_and_pages(lab: Lab) -> None:
    names = [f"list-{letter}" for letter in "abc"]
    for name in names:
        lab.train(name)
    lab.train("list-d", HyperParameters={"eta": "7"})
    paginator = lab.sagemaker.get_paginator("list_training_jobs")

    def listed(**filters: object) -> list[str]:
        pages = paginator.paginate(NameContains="list-", PaginationConfig={"PageSize": 2}, **filters)
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    assert listed() == [*names, "list-d"]
    assert listed(SortOrder="Descending", SortBy="Name") == ["list-d", *reversed(names)]
    assert listed(StatusEquals="Failed") == ["list-d"]
    assert listed(StatusEquals="InProgress") == []
    second = lab.sagemaker.describe_training_job(TrainingJobName="list-b")
    assert listed(CreationTimeAfter=second["CreationTime"]) == ["list-c", "list-d"]
    assert listed(LastModifiedTimeBefore=second["LastModifiedTime"]) == ["list-a"]
    assert listed(WarmPoolStatusEquals="Available") == []


def test_list_training_jobs_refuses_a_token_of_another_listing(lab: Lab) -> None:
    lab.train("token-a")
    lab.train("token-b")
    page = lab.sagemaker.list_training_jobs(NameContains="token-", MaxResults=1)
    with pytest.raises(ClientError, match="Invalid NextToken"):
        lab.sagemaker.list_training_jobs(SortBy="Name", NextToken=page["NextToken"])
