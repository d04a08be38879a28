"""Users, groups and access keys, and the account around them."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.services.iam.conftest import allowing
from tests.services.refusal import refused

S3 = "arn:aws:iam::aws:policy/AmazonS3FullAccess"


@pytest.fixture
def as_user(client: Callable[..., Any], iam: Any, user: str) -> Callable[[str], Any]:
    key = iam.create_access_key(UserName=user)["AccessKey"]

    def make(service: str) -> Any:
        secret = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        return client(service, **secret)

    return make


def test_user_signs_with_an_access_key(as_user: Callable[[str], Any], iam: Any, user: str) -> None:
    identity = as_user("sts").get_caller_identity()
    known = iam.get_user(UserName=user)["User"]
    assert (identity["Arn"], identity["UserId"]) == (known["Arn"], known["UserId"])
    assert known["Arn"] == "arn:aws:iam::000000000000:user/ada"
    assert as_user("iam").get_user()["User"]["UserName"] == "ada"


def test_inactive_or_deleted_key_signs_nothing(as_user: Callable[[str], Any], iam: Any, user: str) -> None:
    sts, key = as_user("sts"), iam.list_access_keys(UserName=user)["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.update_access_key(UserName=user, AccessKeyId=key, Status="Inactive")
    assert refused(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.update_access_key(UserName=user, AccessKeyId=key, Status="Active")
    assert sts.get_caller_identity()["Account"] == "000000000000"
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    assert refused(sts.get_caller_identity)[0] == "InvalidClientTokenId"


def test_access_keys_are_two_at_most(iam: Any, user: str) -> None:
    keys = {iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"] for _ in range(2)}
    answer = refused(iam.create_access_key, UserName=user)
    assert answer == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    assert {key["AccessKeyId"] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]} == keys
    foreign = {"UserName": user, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}
    answer = refused(iam.delete_access_key, **foreign)
    assert answer == ("NoSuchEntity", "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.")


def test_access_key_of_a_renamed_user_goes_on(as_user: Callable[[str], Any], iam: Any, user: str) -> None:
    sts = as_user("sts")
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName=user)
    iam.update_user(UserName=user, NewUserName="Grace", NewPath="/navy/")
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:user/navy/Grace"
    assert len(iam.list_access_keys(UserName="Grace")["AccessKeyMetadata"]) == 1
    assert iam.get_group(GroupName="team")["Users"][0]["UserName"] == "Grace"
    assert refused(iam.get_user, UserName=user)[0] == "NoSuchEntity"


def test_update_user_to_a_name_that_is_taken(iam: Any, user: str) -> None:
    iam.create_user(UserName="grace")
    assert refused(iam.update_user, UserName=user, NewUserName="Grace")[0] == "EntityAlreadyExists"
    iam.update_user(UserName=user, NewUserName="Ada")
    assert iam.get_user(UserName="Ada")["User"]["UserName"] == "Ada"


def test_get_user_of_root(iam: Any) -> None:
    assert iam.get_user()["User"]["Arn"] == "arn:aws:iam::000000000000:root"
    answer = refused(iam.list_access_keys)
    assert answer == ("ValidationError", "Must specify userName when calling with non-User credentials")


def test_user_with_tags_policies_and_boundary(iam: Any) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    iam.create_user(UserName="ada", Path="/p/", Tags=tags, PermissionsBoundary=S3)
    iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=allowing("s3:*"))
    got = iam.get_user(UserName="ada")["User"]
    assert (got["Tags"], got["PermissionsBoundary"]["PermissionsBoundaryArn"]) == (tags, S3)
    assert [user["UserName"] for user in iam.list_users(PathPrefix="/p/")["Users"]] == ["ada"]
    assert iam.list_user_tags(UserName="ada")["Tags"] == tags
    assert iam.list_user_policies(UserName="ada")["PolicyNames"] == ["p"]
    large = allowing("s3:*", "arn:aws:s3:::" + "x" * 2048)
    assert refused(iam.put_user_policy, UserName="ada", PolicyName="q", PolicyDocument=large)[0] == "LimitExceeded"


def test_delete_user_waits_until_nothing_hangs_on_it(iam: Any, user: str) -> None:
    key = iam.create_access_key(UserName=user)["AccessKey"]["AccessKeyId"]
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName=user)
    answer = refused(iam.delete_user, UserName=user)
    assert answer == ("DeleteConflict", "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(UserName=user, AccessKeyId=key)
    answer = refused(iam.delete_user, UserName=user)
    assert answer == ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    iam.remove_user_from_group(GroupName="team", UserName=user)
    iam.delete_user(UserName=user)
    answer = refused(iam.get_user, UserName=user)
    assert answer == ("NoSuchEntity", "The user with name ada cannot be found.")


def test_group_and_its_members(iam: Any, user: str) -> None:
    iam.create_group(GroupName="team", Path="/p/")
    iam.create_user(UserName="bob")
    for name in (user, "bob", user):
        iam.add_user_to_group(GroupName="team", UserName=name)
    pages = iam.get_paginator("get_group").paginate(GroupName="team", PaginationConfig={"PageSize": 1})
    assert [page["Users"][0]["UserName"] for page in pages] == ["ada", "bob"]
    iam.update_group(GroupName="team", NewGroupName="crew")
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName=user)["Groups"]] == ["crew"]
    assert refused(iam.delete_group, GroupName="crew")[0] == "DeleteConflict"
    for name in (user, "bob"):
        iam.remove_user_from_group(GroupName="crew", UserName=name)
    assert refused(iam.remove_user_from_group, GroupName="crew", UserName="bob")[0] == "NoSuchEntity"
    iam.put_group_policy(GroupName="crew", PolicyName="p", PolicyDocument=allowing("s3:*"))
    assert refused(iam.delete_group, GroupName="crew")[0] == "DeleteConflict"
    iam.delete_group_policy(GroupName="crew", PolicyName="p")
    iam.delete_group(GroupName="crew")
    assert iam.list_groups()["Groups"] == []


def test_account_alias(iam: Any) -> None:
    iam.create_account_alias(AccountAlias="one")
    iam.create_account_alias(AccountAlias="two")
    assert iam.list_account_aliases()["AccountAliases"] == ["two"]
    assert refused(iam.delete_account_alias, AccountAlias="one")[0] == "NoSuchEntity"
    iam.delete_account_alias(AccountAlias="two")
    assert iam.list_account_aliases()["AccountAliases"] == []


def test_account_summary_counts(iam: Any, user: str, policy: str) -> None:
    summary = iam.get_account_summary()["SummaryMap"]
    assert [summary[name] for name in ("Users", "Roles", "Policies", "Groups")] == [1, 1, 1, 0]
    assert (summary["PolicyVersionsInUse"], summary["AccessKeysPerUserQuota"]) == (2, 2)


def test_account_authorization_details(iam: Any, user: str, role: str, policy: str) -> None:
    iam.create_group(GroupName="team")
    iam.add_user_to_group(GroupName="team", UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=allowing("s3:*"))
    iam.attach_role_policy(RoleName=role, PolicyArn=policy)
    details = iam.get_account_authorization_details()
    (ada,) = details["UserDetailList"]
    assert (ada["GroupList"], ada["UserPolicyList"][0]["PolicyName"]) == (["team"], "p")
    roles = {each["RoleName"]: each["AttachedManagedPolicies"] for each in details["RoleDetailList"]}
    assert roles["Trainer"] == [{"PolicyName": "Read", "PolicyArn": policy}]
    versions = {each["PolicyName"]: each["PolicyVersionList"] for each in details["Policies"]}
    assert set(versions) == {"Read", "AmazonS3FullAccess", "AmazonSageMakerFullAccess"}
    assert versions["Read"][0]["Document"]["Statement"][0]["Action"] == "s3:GetObject"
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
    assert [sum(len(part) for part in page.values() if isinstance(part, list)) for page in pages] == [2, 2, 2, 1]
    only = iam.get_account_authorization_details(Filter=["Group"])
    assert ([len(only[name]) for name in ("GroupDetailList", "RoleDetailList", "Policies")]) == [1, 0, 0]
