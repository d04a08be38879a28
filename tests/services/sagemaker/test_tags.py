import pytest
from botocore.exceptions import ClientError
from tests.services.sagemaker.conftest import Lab


def tags(lab: Lab, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in lab.sagemaker.list_tags(ResourceArn=arn)["Tags"]}


def test_tags_of_every_resource(lab: Lab, model: str) -> None:
    lab.train("tagged", Tags=[{"Key": "team", "Value": "a"}])
    job = "arn:aws:sagemaker:us-east-1:000000000000:training-job/tagged"
    other = lab.create_model("tagged-model", model)
    assert (tags(lab, job), tags(lab, other)) == ({"team": "a"}, {})
    for arn in (job, other):
        answer = lab.sagemaker.add_tags(
            ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "x", "Value": ""}]
        )
        assert {tag["Key"] for tag in answer["Tags"]} == {"team", "x"}
        assert tags(lab, arn) == {"team": "b", "x": ""}
        lab.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["x", "absent"])
        assert tags(lab, arn) == {"team": "b"}


def test_tags_go_with_their_resource(lab: Lab, model: str) -> None:
    arn = lab.create_model("tagged-twice", model)
    lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])
    lab.sagemaker.delete_model(ModelName="tagged-twice")
    lab.create_model("tagged-twice", model)
    assert tags(lab, arn) == {}


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("arn:aws:sagemaker:us-east-1:000000000000:training-job/none", "Requested resource not found."),
        ("arn:aws:sagemaker:us-east-1:000000000000:model/none", "Could not find model"),
        ("arn:aws:sagemaker:eu-west-1:000000000000:model/none", "Could not find model"),
        ("arn:aws:sagemaker:us-east-1:000000000000:nonsense", "Requested resource not found."),
    ],
)
def test_tags_of_what_does_not_exist(lab: Lab, arn: str, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "k", "Value": "v"}])


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}], "Duplicate tag key"),
        ([{"Key": "aws:k", "Value": "1"}], "reserved"),
    ],
)
def test_tags_that_aws_refuses(lab: Lab, model: str, given: list[dict[str, str]], why: str) -> None:
    with pytest.raises(ClientError, match=why):
        lab.sagemaker.create_training_job(**lab.request("never-tagged", Tags=given))


def test_fifty_tags_are_the_most(lab: Lab, model: str) -> None:
    arn = lab.create_model("many-tags", model)
    lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    with pytest.raises(ClientError, match="at most 50 tags"):
        lab.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])
    assert len(tags(lab, arn)) == 50
