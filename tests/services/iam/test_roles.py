"""Roles, their inline policies, boundaries and tags."""

import json
from typing import Any

import pytest
from tests.services.iam.conftest import TRUST, allowing
from tests.services.refusal import refused

from clary.testing import FakeClock

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_execution_role_is_there_at_first_start(iam: Any) -> None:
    role = iam.get_role(RoleName="ClaryExecutionRole")["Role"]
    assert role["Arn"] == "arn:aws:iam::000000000000:role/service-role/ClaryExecutionRole"
    assert "sagemaker.amazonaws.com" in role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
    attached = iam.list_attached_role_policies(RoleName="ClaryExecutionRole")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AmazonS3FullAccess", "AmazonSageMakerFullAccess"]


def test_create_role_then_get_it(iam: Any, clock: FakeClock) -> None:
    created = iam.create_role(
        RoleName="Trainer",
        Path="/deep/",
        AssumeRolePolicyDocument=TRUST,
        Description="trains",
        MaxSessionDuration=7200,
        PermissionsBoundary=ADMIN,
        Tags=[{"Key": "team", "Value": "ml"}],
    )["Role"]
    got = iam.get_role(RoleName="Trainer")["Role"]
    assert created == got
    assert got["Arn"] == "arn:aws:iam::000000000000:role/deep/Trainer"
    assert got["RoleId"].startswith("AROA")
    assert len(got["RoleId"]) == 21
    assert abs(got["CreateDate"].timestamp() - clock.now()) < 60
    assert got["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert (got["Description"], got["MaxSessionDuration"]) == ("trains", 7200)
    assert got["PermissionsBoundary"] == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ADMIN}
    assert got["Tags"] == [{"Key": "team", "Value": "ml"}]


def test_create_role_twice_whatever_the_case(iam: Any, role: str) -> None:
    answer = refused(iam.create_role, RoleName="TRAINER", AssumeRolePolicyDocument=TRUST)
    assert answer == ("EntityAlreadyExists", "Role with name TRAINER already exists.")


def test_get_role_that_is_not_there(iam: Any) -> None:
    assert refused(iam.get_role, RoleName="No") == ("NoSuchEntity", "The role with name No cannot be found.")


def test_role_is_the_same_from_every_region(client: Any, role: str) -> None:
    assert client("iam", region_name="eu-west-1").get_role(RoleName=role)["Role"]["RoleName"] == role


def test_list_roles_pages_and_narrows_by_path(iam: Any) -> None:
    for name in ("c", "a", "b"):
        iam.create_role(RoleName=name, Path="/team/", AssumeRolePolicyDocument=TRUST)
    pages = list(iam.get_paginator("list_roles").paginate(PathPrefix="/team/", PaginationConfig={"PageSize": 2}))
    assert [[role["RoleName"] for role in page["Roles"]] for page in pages] == [["a", "b"], ["c"]]
    assert [page["IsTruncated"] for page in pages] == [True, False]


@pytest.mark.parametrize("marker", ["x", "W10=", "eyJhIjogMX0=", "WyJ1c2VycyIsICJhIl0="])
def test_list_roles_marker_of_another_list(iam: Any, marker: str) -> None:
    assert refused(iam.list_roles, Marker=marker)[0] == "ValidationError"


def test_update_role(iam: Any, role: str) -> None:
    iam.update_role(RoleName=role, Description="new", MaxSessionDuration=3601)
    iam.update_role(RoleName=role, Description="newer")
    got = iam.get_role(RoleName=role)["Role"]
    assert (got["Description"], got["MaxSessionDuration"]) == ("newer", 3601)
    assert iam.update_role_description(RoleName=role, Description="newest")["Role"]["Description"] == "newest"


def test_update_assume_role_policy(iam: Any, role: str) -> None:
    document = TRUST.replace("sagemaker", "glue")
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    assert iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] == json.loads(document)


def test_delete_role_waits_until_nothing_hangs_on_it(iam: Any, role: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=ADMIN)
    iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=allowing("s3:*"))
    iam.create_instance_profile(InstanceProfileName="box")
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName=role)
    assert refused(iam.delete_role, RoleName=role) == (
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    )
    iam.remove_role_from_instance_profile(InstanceProfileName="box", RoleName=role)
    assert refused(iam.delete_role, RoleName=role) == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    iam.detach_role_policy(RoleName=role, PolicyArn=ADMIN)
    answer = refused(iam.delete_role, RoleName=role)
    assert answer == ("DeleteConflict", "Cannot delete entity, must delete policies first.")
    iam.delete_role_policy(RoleName=role, PolicyName="p")
    iam.delete_role(RoleName=role)
    assert refused(iam.delete_role, RoleName=role)[0] == "NoSuchEntity"


def test_inline_policies(iam: Any, role: str) -> None:
    document = allowing("s3:GetObject", "arn:aws:s3:::b/100%25 +ü")
    for name in ("b", "a", "c"):
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
    iam.delete_role_policy(RoleName=role, PolicyName="c")
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["a", "b"]
    assert iam.get_role_policy(RoleName=role, PolicyName="a")["PolicyDocument"] == json.loads(document)
    missing = ("NoSuchEntity", "The role policy with name c cannot be found.")
    assert refused(iam.get_role_policy, RoleName=role, PolicyName="c") == missing
    assert refused(iam.delete_role_policy, RoleName=role, PolicyName="c") == missing


def test_inline_policies_share_a_quota(iam: Any, role: str) -> None:
    large = allowing("s3:GetObject", "arn:aws:s3:::" + "x" * 6000)
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=large)
    answer = refused(iam.put_role_policy, RoleName=role, PolicyName="two", PolicyDocument=large)
    assert answer == ("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role Trainer")
    iam.put_role_policy(RoleName=role, PolicyName="one", PolicyDocument=large)


def test_tags(iam: Any, role: str) -> None:
    iam.tag_role(RoleName=role, Tags=[{"Key": "team", "Value": "ml"}, {"Key": "cost", "Value": "1"}])
    iam.tag_role(RoleName=role, Tags=[{"Key": "TEAM", "Value": "data"}])
    iam.untag_role(RoleName=role, TagKeys=["cost", "none"])
    assert iam.list_role_tags(RoleName=role)["Tags"] == [{"Key": "TEAM", "Value": "data"}]
    twice = [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]
    assert refused(iam.tag_role, RoleName=role, Tags=twice)[0] == "InvalidInput"
    assert refused(iam.tag_role, RoleName=role, Tags=[{"Key": "aws:x", "Value": ""}])[0] == "InvalidInput"
    iam.tag_role(RoleName=role, Tags=[{"Key": str(number), "Value": ""} for number in range(49)])
    assert refused(iam.tag_role, RoleName=role, Tags=[{"Key": "more", "Value": ""}])[0] == "LimitExceeded"


def test_permissions_boundary(iam: Any, role: str, policy: str) -> None:
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=ADMIN)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["PermissionsBoundaryUsageCount"] == 0
    iam.delete_role_permissions_boundary(RoleName=role)
    assert "PermissionsBoundary" not in iam.get_role(RoleName=role)["Role"]
    assert refused(iam.delete_role_permissions_boundary, RoleName=role)[0] == "NoSuchEntity"
    missing = {"RoleName": role, "PermissionsBoundary": policy + "x"}
    assert refused(iam.put_role_permissions_boundary, **missing)[0] == "NoSuchEntity"


def test_service_linked_role(iam: Any) -> None:
    service = "sagemaker.application-autoscaling.amazonaws.com"
    role = iam.create_service_linked_role(AWSServiceName=service)["Role"]
    assert role["RoleName"] == "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    assert role["Path"] == f"/aws-service-role/{service}/"
    assert refused(iam.create_service_linked_role, AWSServiceName=service)[0] == "InvalidInput"
    assert refused(iam.create_service_linked_role, AWSServiceName="nonsense")[0] == "InvalidInput"
    assert refused(iam.delete_role, RoleName=role["RoleName"])[0] == "UnmodifiableEntity"
    assert refused(iam.tag_role, RoleName=role["RoleName"], Tags=[{"Key": "a", "Value": ""}])[0] == "UnmodifiableEntity"
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert refused(iam.get_role, RoleName=role["RoleName"])[0] == "NoSuchEntity"


def test_instance_profile(iam: Any, role: str) -> None:
    created = iam.create_instance_profile(InstanceProfileName="box", Path="/p/", Tags=[{"Key": "a", "Value": "b"}])
    assert created["InstanceProfile"]["Arn"] == "arn:aws:iam::000000000000:instance-profile/p/box"
    assert refused(iam.create_instance_profile, InstanceProfileName="box") == (
        "EntityAlreadyExists",
        "Instance Profile box already exists.",
    )
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName=role)
    again = {"InstanceProfileName": "box", "RoleName": role}
    assert refused(iam.add_role_to_instance_profile, **again) == (
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    assert iam.get_instance_profile(InstanceProfileName="box")["InstanceProfile"]["Roles"][0]["RoleName"] == role
    listed = iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
    assert [each["InstanceProfileName"] for each in listed] == ["box"]
    assert len(iam.list_instance_profiles(PathPrefix="/p/")["InstanceProfiles"]) == 1
    assert refused(iam.delete_instance_profile, InstanceProfileName="box")[0] == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="box", RoleName=role)
    iam.delete_instance_profile(InstanceProfileName="box")
    answer = refused(iam.get_instance_profile, InstanceProfileName="box")
    assert answer == ("NoSuchEntity", "Instance Profile box cannot be found.")
