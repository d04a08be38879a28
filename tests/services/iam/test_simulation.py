"""The simulator asks the evaluator with the policies that IAM keeps."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.services.iam.conftest import allowing

OBJECT = "arn:aws:s3:::data/a.csv"


def decisions(answer: dict[str, Any]) -> dict[str, str]:
    return {each["EvalActionName"]: each["EvalDecision"] for each in answer["EvaluationResults"]}


def test_simulate_principal_policy_of_a_user_in_a_group(iam: Any, user: str, policy: str) -> None:
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName=user)
    iam.attach_group_policy(GroupName="team", PolicyArn=policy)
    deny = allowing("s3:PutObject").replace("Allow", "Deny")
    iam.put_user_policy(UserName=user, PolicyName="no", PolicyDocument=deny)
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions, ResourceArns=[OBJECT])
    assert decisions(answer) == {
        "s3:GetObject": "allowed",
        "s3:PutObject": "explicitDeny",
        "s3:ListBucket": "implicitDeny",
    }
    matched = {each["EvalActionName"]: each["MatchedStatements"] for each in answer["EvaluationResults"]}
    assert [each["SourcePolicyId"] for each in matched["s3:PutObject"]] == ["user_ada_no"]


def test_simulate_principal_policy_within_a_boundary(iam: Any, role: str, policy: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject", "s3:PutObject"])
    assert decisions(answer) == {"s3:GetObject": "allowed", "s3:PutObject": "implicitDeny"}
    detail = answer["EvaluationResults"][1]["PermissionsBoundaryDecisionDetail"]
    assert detail == {"AllowedByPermissionsBoundary": False}


def test_simulate_principal_policy_follows_the_default_version(iam: Any, role: str, policy: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=allowing("sqs:*"), SetAsDefault=True)
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    answer = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject", "sqs:SendMessage"])
    assert decisions(answer) == {"s3:GetObject": "implicitDeny", "sqs:SendMessage": "allowed"}


def test_simulate_custom_policy_with_context(iam: Any) -> None:
    document = allowing("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    query: dict[str, Any] = {"PolicyInputList": [document], "ActionNames": ["s3:GetObject"]}
    without = iam.simulate_custom_policy(**query)["EvaluationResults"][0]
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["aws:sourceip"])
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.1.1"], "ContextKeyType": "ip"}
    assert decisions(iam.simulate_custom_policy(**query, ContextEntries=[entry])) == {"s3:GetObject": "allowed"}


def test_simulate_custom_policy_with_a_resource_policy(iam: Any) -> None:
    caller = "arn:aws:iam::000000000000:user/ada"
    statement = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "s3:*", "Resource": "*"}
    answer = iam.simulate_custom_policy(
        PolicyInputList=[allowing("sqs:*")],
        ActionNames=["s3:GetObject"],
        ResourceArns=[OBJECT],
        ResourcePolicy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        CallerArn=caller,
    )
    assert decisions(answer) == {"s3:GetObject": "allowed"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"PolicyInputList": ["{"]},
        {"ResourcePolicy": "[]"},
        {"ResourcePolicy": '{"Statement": [{"Effect": "Allow"}]}'},
        {"CallerArn": "x"},
        {"ResourceOwner": "nobody"},
    ],
)
def test_simulate_custom_policy_with_wrong_input(iam: Any, wrong: dict[str, Any]) -> None:
    query: dict[str, Any] = {"PolicyInputList": [allowing("s3:*")], "ActionNames": ["s3:GetObject"]} | wrong
    with pytest.raises(ClientError) as caught:
        iam.simulate_custom_policy(**query)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_context_keys(iam: Any, user: str) -> None:
    document = allowing("s3:*", Condition={"Bool": {"aws:SecureTransport": "true"}, "Null": {"s3:prefix": "true"}})
    keys = ["aws:securetransport", "s3:prefix"]
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"] == keys
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    arn = iam.get_user(UserName=user)["User"]["Arn"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == keys


def test_simulate_principal_policy_of_nobody(iam: Any) -> None:
    for arn, code in (("arn:aws:iam::000000000000:user/no", "NoSuchEntity"), ("arn:aws:s3:::bucket/x", "InvalidInput")):
        with pytest.raises(ClientError, match=code):
            iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=["s3:GetObject"])
