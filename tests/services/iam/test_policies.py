"""Managed policies, their versions, and who they are attached to."""

import json
from typing import Any

from tests.services.iam.conftest import allowing
from tests.services.refusal import refused

SAGEMAKER = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"


def test_create_policy_then_get_it(iam: Any) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    created = iam.create_policy(
        PolicyName="Read", Path="/p/", PolicyDocument=allowing("s3:Get*"), Description="reads", Tags=tags
    )["Policy"]
    assert created["Arn"] == "arn:aws:iam::000000000000:policy/p/Read"
    assert (created["DefaultVersionId"], created["AttachmentCount"]) == ("v1", 0)
    got = iam.get_policy(PolicyArn=created["Arn"])["Policy"]
    assert got == created | {"Description": "reads"}
    version = iam.get_policy_version(PolicyArn=created["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(allowing("s3:Get*"))


def test_create_policy_twice(iam: Any, policy: str) -> None:
    answer = refused(iam.create_policy, PolicyName="Read", PolicyDocument=allowing("s3:*"))
    assert answer == ("EntityAlreadyExists", "A policy called Read already exists. Duplicate names are not allowed.")


def test_create_policy_over_the_size(iam: Any) -> None:
    document = allowing("s3:*", "arn:aws:s3:::" + "x" * 6144)
    answer = refused(iam.create_policy, PolicyName="Large", PolicyDocument=document)
    assert answer == ("LimitExceeded", "Cannot exceed quota for PolicySize: 6144")


def test_policy_that_is_not_there(iam: Any, role: str) -> None:
    arn = "arn:aws:iam::000000000000:policy/Nothing"
    assert refused(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", f"Policy {arn} was not found.")
    answer = refused(iam.attach_role_policy, RoleName=role, PolicyArn=arn)
    assert answer == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    answer = refused(iam.attach_role_policy, RoleName=role, PolicyArn="arn:aws:iam::aws:policy/Nothing")
    assert answer[0] == "NoSuchEntity"


def test_aws_managed_policy(iam: Any) -> None:
    policy = iam.get_policy(PolicyArn=SAGEMAKER)["Policy"]
    assert (policy["PolicyName"], policy["AttachmentCount"]) == ("AmazonSageMakerFullAccess", 1)
    assert policy == iam.get_policy(PolicyArn=SAGEMAKER)["Policy"]
    document = iam.get_policy_version(PolicyArn=SAGEMAKER, VersionId="v1")["PolicyVersion"]["Document"]
    assert "sagemaker:*" in document["Statement"][0]["Action"]
    assert refused(iam.delete_policy, PolicyArn=SAGEMAKER)[0] == "AccessDenied"
    assert refused(iam.tag_policy, PolicyArn=SAGEMAKER, Tags=[{"Key": "a", "Value": "b"}])[0] == "AccessDenied"


def test_list_policies_by_scope_use_and_path(iam: Any, role: str, policy: str) -> None:
    def names(**query: Any) -> list[str]:
        pages = iam.get_paginator("list_policies").paginate(**query, PaginationConfig={"PageSize": 7})
        return [each["PolicyName"] for page in pages for each in page["Policies"]]

    assert names(Scope="Local") == ["Read"]
    assert {"Read", "AdministratorAccess"} < set(names())
    assert "Read" not in names(Scope="AWS")
    assert "AWSGlueServiceRole" in names(PathPrefix="/service-role/")
    assert "AdministratorAccess" not in names(PathPrefix="/service-role/")
    assert set(names(OnlyAttached=True)) == {"AmazonSageMakerFullAccess", "AmazonS3FullAccess"}
    iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy)
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["Read"]


def test_versions(iam: Any, policy: str) -> None:
    for number in range(2, 6):
        made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=allowing(f"s3:Get{number}"))
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
    answer = refused(iam.create_policy_version, PolicyArn=policy, PolicyDocument=allowing("s3:*"))
    assert answer[0] == "LimitExceeded"
    iam.set_default_policy_version(PolicyArn=policy, VersionId="v3")
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == "v3"
    assert refused(iam.delete_policy_version, PolicyArn=policy, VersionId="v3") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    iam.delete_policy_version(PolicyArn=policy, VersionId="v5")
    made = iam.create_policy_version(PolicyArn=policy, PolicyDocument=allowing("s3:*"), SetAsDefault=True)
    assert made["PolicyVersion"]["VersionId"] == "v6", "numbers are not used again"
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=policy, PaginationConfig={"PageSize": 2})
    versions = [(each["VersionId"], each["IsDefaultVersion"]) for page in pages for each in page["Versions"]]
    assert versions == [("v6", True), ("v4", False), ("v3", False), ("v2", False), ("v1", False)]
    missing = refused(iam.get_policy_version, PolicyArn=policy, VersionId="v5")
    assert missing == ("NoSuchEntity", f"Policy {policy} version v5 does not exist or is not attachable.")


def test_attach_twice_counts_once(iam: Any, role: str, policy: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["AttachmentCount"] == 1
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    answer = refused(iam.detach_role_policy, RoleName=role, PolicyArn=policy)
    assert answer == ("NoSuchEntity", f"Policy {policy} was not found.")


def test_attach_over_the_quota(iam: Any, role: str) -> None:
    arns = [each["Arn"] for each in iam.list_policies(Scope="AWS", MaxItems=11)["Policies"]]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    answer = refused(iam.attach_role_policy, RoleName=role, PolicyArn=arns[10])
    assert answer == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")


def test_list_attached_policies_by_path(iam: Any, role: str, policy: str) -> None:
    glue = "arn:aws:iam::aws:policy/service-role/AWSGlueServiceRole"
    for arn in (policy, glue):
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=role, PathPrefix="/service-role/")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSGlueServiceRole", "PolicyArn": glue}]


def test_list_entities_for_policy(iam: Any, role: str, user: str, policy: str) -> None:
    iam.create_group(GroupName="team")
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.attach_user_policy(UserName=user, PolicyArn=policy)
    iam.attach_group_policy(GroupName="team", PolicyArn=policy)
    found = iam.list_entities_for_policy(PolicyArn=policy)
    assert [each["RoleName"] for each in found["PolicyRoles"]] == [role]
    assert [each["UserName"] for each in found["PolicyUsers"]] == [user]
    assert [each["GroupName"] for each in found["PolicyGroups"]] == ["team"]
    pages = list(iam.get_paginator("list_entities_for_policy").paginate(PolicyArn=policy, MaxItems=1))
    assert len(pages) == 3
    users = iam.list_entities_for_policy(PolicyArn=policy, EntityFilter="User")
    assert (len(users["PolicyUsers"]), users["PolicyRoles"]) == (1, [])


def test_delete_policy_waits_until_nobody_uses_it(iam: Any, role: str, policy: str) -> None:
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=allowing("s3:*"))
    answer = refused(iam.delete_policy, PolicyArn=policy)
    assert answer == ("DeleteConflict", "Cannot delete a policy attached to entities.")
    iam.detach_role_policy(RoleName=role, PolicyArn=policy)
    assert refused(iam.delete_policy, PolicyArn=policy)[1].startswith("This policy has more than one version.")
    iam.delete_policy_version(PolicyArn=policy, VersionId="v2")
    iam.delete_policy(PolicyArn=policy)
    assert refused(iam.get_policy, PolicyArn=policy)[0] == "NoSuchEntity"


def test_policy_tags(iam: Any, policy: str) -> None:
    iam.tag_policy(PolicyArn=policy, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=policy, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=policy)["Tags"] == [{"Key": "b", "Value": "2"}]
