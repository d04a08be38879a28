import io
import tarfile
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from tests.services.sagemaker.conftest import IMAGE, Lab, poll


@pytest.fixture(scope="session")
def endpoint(lab: Lab, model: str) -> Iterator[str]:
    """Return the name of an endpoint that several tests invoke."""
    lab.create_model("served", model)
    lab.create_config("served", "served")
    assert lab.deploy("served", "served")["EndpointStatus"] == "InService"
    yield "served"
    lab.delete("served")


def test_endpoint_answers_from_the_model(lab: Lab, endpoint: str) -> None:
    answer = lab.invoke(endpoint, "0.9,0.8,0.1\n-0.9,-0.8,0.1\n")
    high, low = (float(each) for each in answer["Body"].read().decode().replace("\n", ",").strip(",").split(","))
    assert low < 0.5 < high
    assert answer["ContentType"].startswith("text/csv")
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_endpoint_streams_its_answer(lab: Lab, endpoint: str) -> None:
    answer = lab.runtime.invoke_endpoint_with_response_stream(
        EndpointName=endpoint, ContentType="text/csv", Body="0.9,0.8,0.1"
    )
    parts = [event["PayloadPart"]["Bytes"] for event in answer["Body"]]
    assert float(b"".join(parts)) > 0.5
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_describe_endpoint_shows_what_is_deployed(lab: Lab, endpoint: str) -> None:
    described = lab.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointArn"] == "arn:aws:sagemaker:us-east-1:000000000000:endpoint/served"
    assert described["EndpointConfigName"] == "served"
    (variant,) = described["ProductionVariants"]
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (1.0, 1.0)
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 1)
    listed = lab.sagemaker.list_endpoints(NameContains="served", StatusEquals="InService")["Endpoints"]
    assert [each["EndpointName"] for each in listed] == ["served"]


def test_endpoint_log_has_a_stream_for_each_instance(lab: Lab, endpoint: str) -> None:
    streams = lab.logs.describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/served")["logStreams"]
    (stream,) = [each["logStreamName"] for each in streams]
    variant, _, instance = stream.partition("/")
    assert (variant, instance[:2], len(instance)) == ("AllTraffic", "i-", 19)


@pytest.mark.parametrize(
    ("content_type", "body", "status"), [("application/pdf", "x", 415), ("text/csv", "not,a,number", 400)]
)
def test_invoke_endpoint_model_refuses(lab: Lab, endpoint: str, content_type: str, body: str, status: int) -> None:
    with pytest.raises(ClientError, match=f"Received client error \\({status}\\) from primary with message") as caught:
        lab.invoke(endpoint, body, ContentType=content_type)
    response = caught.value.response
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] in response["Error"]["Message"]
    assert response["LogStreamArn"].endswith("log-group:/aws/sagemaker/Endpoints/served")


def test_invoke_endpoint_that_does_not_exist(lab: Lab) -> None:
    with pytest.raises(ClientError) as caught:
        lab.invoke("nowhere")
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "ValidationError",
        "Endpoint nowhere of account 000000000000 not found.",
    )


def test_invoke_endpoint_refuses_a_target_model(lab: Lab, endpoint: str) -> None:
    with pytest.raises(ClientError, match="not a multi-model endpoint"):
        lab.invoke(endpoint, TargetModel="other.tar.gz")


def test_create_endpoint_errors(lab: Lab, endpoint: str) -> None:
    with pytest.raises(ClientError, match=r'Cannot create already existing endpoint "arn:.*:endpoint/served".'):
        lab.sagemaker.create_endpoint(EndpointName="served", EndpointConfigName="served")
    with pytest.raises(ClientError, match=r'Could not find endpoint configuration "arn:.*:endpoint-config/none".'):
        lab.sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="none")
    for operation in ("describe_endpoint", "delete_endpoint"):
        with pytest.raises(ClientError, match=r'Could not find endpoint "arn:.*:endpoint/none".'):
            getattr(lab.sagemaker, operation)(EndpointName="none")


def test_endpoint_outlives_its_model_and_configuration(lab: Lab, model: str) -> None:
    lab.create_model("orphan", model)
    lab.create_config("orphan", "orphan")
    lab.deploy("orphan", "orphan")
    lab.sagemaker.delete_model(ModelName="orphan")
    lab.sagemaker.delete_endpoint_config(EndpointConfigName="orphan")
    assert lab.invoke("orphan")["InvokedProductionVariant"] == "AllTraffic"
    lab.delete("orphan")


def test_endpoint_with_a_broken_model_fails(lab: Lab) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        info = tarfile.TarInfo("xgboost-model")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"junk"))
    lab.s3.put_object(Bucket="lab", Key="broken.tar.gz", Body=data.getvalue())
    lab.create_model("broken", "s3://lab/broken.tar.gz")
    lab.create_config("broken", "broken")
    described = lab.deploy("broken", "broken")
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    with pytest.raises(ClientError, match="Its status is Failed") as caught:
        lab.invoke("broken")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    lab.delete("broken")


def test_endpoint_with_data_that_is_no_archive_fails(lab: Lab) -> None:
    lab.s3.put_object(Bucket="lab", Key="text.tar.gz", Body=b"not an archive")
    lab.create_model("text", "s3://lab/text.tar.gz")
    lab.create_config("text", "text")
    described = lab.deploy("text", "text")
    assert described["EndpointStatus"] == "Failed"
    assert "Failed to extract model data archive" in described["FailureReason"]
    lab.delete("text")


def test_endpoint_without_network_answers(lab: Lab, model: str) -> None:
    container = {"Image": IMAGE, "ModelDataUrl": model}
    lab.sagemaker.create_model(
        ModelName="isolated", PrimaryContainer=container, ExecutionRoleArn=lab.role, EnableNetworkIsolation=True
    )
    lab.create_config("isolated", "isolated")
    lab.deploy("isolated", "isolated")
    assert lab.invoke("isolated")["InvokedProductionVariant"] == "AllTraffic"
    lab.delete("isolated")


def test_model_without_compression_is_served(lab: Lab) -> None:
    lab.train("unpacked", OutputDataConfig={"S3OutputPath": "s3://lab/out", "CompressionType": "NONE"})
    prefix = {"S3Uri": "s3://lab/out/unpacked/output/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    container = {"Image": IMAGE, "ModelDataSource": {"S3DataSource": prefix}}
    lab.sagemaker.create_model(ModelName="unpacked", PrimaryContainer=container, ExecutionRoleArn=lab.role)
    lab.create_config("unpacked", "unpacked")
    lab.deploy("unpacked", "unpacked")
    assert float(lab.invoke("unpacked")["Body"].read()) > 0.5
    lab.delete("unpacked")


@pytest.mark.parametrize(("megabytes", "status"), [(10, 400), (26, 413)])
def test_invoke_endpoint_body_limit(lab: Lab, endpoint: str, megabytes: int, status: int) -> None:
    with pytest.raises(ClientError) as caught:
        lab.invoke(endpoint, "x" * (megabytes * 1_048_576))
    response = caught.value.response
    assert response.get("OriginalStatusCode", response["ResponseMetadata"]["HTTPStatusCode"]) == status


def test_update_endpoint_moves_to_new_variants(lab: Lab, model: str) -> None:
    lab.create_model("moving", model)
    lab.create_config("moving-1", "moving")
    lab.create_config("moving-2", "moving", VariantName="Green")
    lab.deploy("moving", "moving-1")
    lab.sagemaker.update_endpoint(EndpointName="moving", EndpointConfigName="moving-2")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        lab.sagemaker.delete_endpoint(EndpointName="moving")
    described = poll(
        lambda: lab.sagemaker.describe_endpoint(EndpointName="moving"),
        lambda seen: seen["EndpointStatus"] != "Updating",
    )
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "moving-2")
    assert lab.invoke("moving")["InvokedProductionVariant"] == "Green"
    lab.delete("moving")


def test_update_endpoint_that_fails_leaves_it_as_it_was(lab: Lab, model: str) -> None:
    lab.create_model("steady", model)
    lab.create_config("steady-1", "steady")
    lab.deploy("steady", "steady-1")
    lab.s3.put_object(Bucket="lab", Key="steady.tar.gz", Body=b"not an archive")
    lab.create_model("unsteady", "s3://lab/steady.tar.gz")
    lab.create_config("steady-2", "unsteady")
    lab.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName="steady-2")
    described = lab.settled("steady")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "steady-1")
    assert "Failed to extract model data archive" in described["FailureReason"]
    assert lab.invoke("steady")["InvokedProductionVariant"] == "AllTraffic"
    lab.delete("steady")


def test_variants_share_the_traffic_by_weight(lab: Lab, model: str) -> None:
    lab.create_model("shared", model)
    variant = {"ModelName": "shared", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    variants = [
        {**variant, "VariantName": "A", "InitialVariantWeight": 1.0},
        {**variant, "VariantName": "B", "InitialVariantWeight": 0.0},
    ]
    lab.sagemaker.create_endpoint_config(EndpointConfigName="shared", ProductionVariants=variants)
    lab.deploy("shared", "shared")
    assert {lab.invoke("shared")["InvokedProductionVariant"] for _ in range(10)} == {"A"}
    assert lab.invoke("shared", TargetVariant="B")["InvokedProductionVariant"] == "B"
    with pytest.raises(ClientError, match="Variant C not found"):
        lab.invoke("shared", TargetVariant="C")
    weights = [{"VariantName": "A", "DesiredWeight": 0.0}, {"VariantName": "B", "DesiredWeight": 1.0}]
    lab.sagemaker.update_endpoint_weights_and_capacities(EndpointName="shared", DesiredWeightsAndCapacities=weights)
    described = lab.settled("shared")
    assert [each["CurrentWeight"] for each in described["ProductionVariants"]] == [0.0, 1.0]
    assert {lab.invoke("shared")["InvokedProductionVariant"] for _ in range(10)} == {"B"}
    lab.delete("shared")


def test_endpoint_scales_to_more_instances(lab: Lab, model: str) -> None:
    lab.create_model("scaled", model)
    lab.create_config("scaled", "scaled", InitialInstanceCount=2)
    described = lab.deploy("scaled", "scaled")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    streams = lab.logs.describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/scaled")["logStreams"]
    assert len(streams) == 2
    capacity = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 1}]
    lab.sagemaker.update_endpoint_weights_and_capacities(EndpointName="scaled", DesiredWeightsAndCapacities=capacity)
    described = lab.settled("scaled")
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    lab.invoke("scaled")
    lab.delete("scaled")
