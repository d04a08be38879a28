from dataclasses import replace

from clary.services.sagemaker.models import Endpoint, TrainingJob, Variant

JOB = TrainingJob(
    name="job",
    arn="arn:aws:sagemaker:us-east-1:123456789012:training-job/job",
    status="InProgress",
    created=100.0,
    modified=100.0,
    version=1,
    request={"TrainingJobName": "job"},
    artifacts="s3://b/job/output/model.tar.gz",
)
VARIANT = Variant("a", "image", 1, 1.0, "role", {}, None, isolated=False, start_seconds=600, revision="r1")


def test_moved_walks_the_transitions() -> None:
    job = JOB.moved("Starting", "Starting the training job", 100.0)
    job = job.moved("Starting", "Preparing the instances for training", 101.0)
    job = job.moved("Downloading", "Downloading input data", 102.0).moved("Completed", "Training job completed", 103.0)
    assert job.transitions == [
        {
            "Status": "Starting",
            "StartTime": 100.0,
            "EndTime": 102.0,
            "StatusMessage": "Preparing the instances for training",
        },
        {"Status": "Downloading", "StartTime": 102.0, "EndTime": 103.0, "StatusMessage": "Downloading input data"},
        {"Status": "Completed", "StartTime": 103.0, "EndTime": 103.0, "StatusMessage": "Training job completed"},
    ]
    assert (job.status, job.secondary_status, job.ended) == ("Completed", "Completed", True)


def test_moved_to_max_runtime_exceeded_is_stopped() -> None:
    job = JOB.moved("MaxRuntimeExceeded", "Training job runtime exceeded MaxRuntimeInSeconds provided", 105.0)
    assert (job.status, job.secondary_status) == ("Stopped", "MaxRuntimeExceeded")


def test_describe_bills_from_start_to_end() -> None:
    job = replace(JOB, started=101.0).moved("Completed", "Training job completed", 107.4)
    described = job.describe()
    assert described["TrainingStartTime"] == 101.0
    assert described["TrainingTimeInSeconds"] == described["BillableTimeInSeconds"] == 6


def test_training_job_survives_its_record() -> None:
    job = JOB.moved("Failed", "Training job failed", 101.0)
    assert TrainingJob.from_record(job.to_record()) == job


def test_endpoint_survives_its_record() -> None:
    endpoint = Endpoint(
        name="e",
        arn="arn",
        status="Updating",
        created=1.0,
        modified=2.0,
        version=3,
        config="c1",
        wanted_config="c2",
        wanted=(replace(VARIANT, weight=2.0, revision="r2"),),
        serving=(VARIANT,),
        deployed=1.5,
    )
    assert Endpoint.from_record(endpoint.to_record()) == endpoint
    assert endpoint.describe()["ProductionVariants"][0]["CurrentWeight"] == 1.0
    assert endpoint.describe()["ProductionVariants"][0]["DesiredWeight"] == 2.0
