"""Log groups, their tags and their lists."""

from typing import Any

import pytest
from tests.services.logs.conftest import Put
from tests.services.refusal import refused

from clary.testing import FakeClock, Server


def arn_of(group: str) -> str:
    return f"arn:aws:logs:us-east-1:000000000000:log-group:{group}"


def test_create_log_group_then_describe_it(logs: Any, clock: FakeClock) -> None:
    logs.create_log_group(logGroupName="/a/b", tags={"team": "ml"}, logGroupClass="INFREQUENT_ACCESS")
    (group,) = logs.describe_log_groups()["logGroups"]
    assert abs(group.pop("creationTime") / 1000 - clock.now()) < 60
    assert group == {
        "logGroupName": "/a/b",
        "arn": arn_of("/a/b") + ":*",
        "logGroupArn": arn_of("/a/b"),
        "logGroupClass": "INFREQUENT_ACCESS",
        "metricFilterCount": 0,
        "storedBytes": 0,
        "deletionProtectionEnabled": False,
    }
    assert logs.list_tags_for_resource(resourceArn=arn_of("/a/b"))["tags"] == {"team": "ml"}


def test_create_log_group_twice(logs: Any, group: str) -> None:
    answer = refused(logs.create_log_group, logGroupName=group)
    assert answer == ("ResourceAlreadyExistsException", "The specified log group already exists")


def test_log_group_belongs_to_its_region(server: Server, group: str) -> None:
    assert server.client("logs", region_name="eu-west-1").describe_log_groups()["logGroups"] == []


def test_delete_log_group_takes_its_streams_along(server: Server, logs: Any, group: str, stream: str, put: Put) -> None:
    put(["one", "two"])
    logs.delete_log_group(logGroupName=group)
    answer = refused(logs.delete_log_group, logGroupName=group)
    assert answer == ("ResourceNotFoundException", "The specified log group does not exist.")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    assert logs.get_log_events(logGroupName=group, logStreamName=stream)["events"] == []


def test_describe_log_groups_pages_by_prefix_and_pattern(logs: Any) -> None:
    for name in ("/x/c", "/x/a", "/x/b", "/y/xa"):
        logs.create_log_group(logGroupName=name)

    def names(**query: Any) -> list[list[str]]:
        pages = logs.get_paginator("describe_log_groups").paginate(**query, PaginationConfig={"PageSize": 2})
        return [[group["logGroupName"] for group in page["logGroups"]] for page in pages]

    assert names() == [["/x/a", "/x/b"], ["/x/c", "/y/xa"]]
    assert names(logGroupNamePrefix="/x") == [["/x/a", "/x/b"], ["/x/c"]]
    assert names(logGroupNamePattern="a") == [["/x/a", "/y/xa"]]
    assert names(logGroupIdentifiers=["/x/c", arn_of("/x/a")]) == [["/x/c", "/x/a"]]


def test_describe_log_groups_with_a_token_of_another_list(logs: Any) -> None:
    for name in "abc":
        logs.create_log_group(logGroupName=name)
    token = logs.describe_log_groups(limit=1)["nextToken"]
    for wrong in ({"nextToken": token, "logGroupNamePrefix": "a"}, {"nextToken": "x"}, {"nextToken": "W10="}):
        answer = refused(logs.describe_log_groups, **wrong)
        assert answer == ("InvalidParameterException", "The specified nextToken is invalid.")


def test_list_log_groups(logs: Any) -> None:
    for name in ("/aws/lambda/f", "/aws/glue/g", "mine"):
        logs.create_log_group(logGroupName=name)
    logs.tag_resource(resourceArn=arn_of("mine"), tags={"team": "ml-core"})

    def names(**query: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.list_log_groups(**query)["logGroups"]]

    assert names(logGroupNamePattern="^/aws/lam|min") == ["/aws/lambda/f", "mine"]
    assert names(logGroupTags=[{"key": "team", "values": ["ml*"]}]) == ["mine"]
    assert names(logGroupTags=[{"key": "team", "values": ["!ml*"]}]) == []


def test_protected_log_group_cannot_be_deleted(logs: Any, group: str, stream: str) -> None:
    logs.put_log_group_deletion_protection(logGroupIdentifier=arn_of(group), deletionProtectionEnabled=True)
    assert refused(logs.delete_log_group, logGroupName=group)[0] == "ValidationException"
    assert refused(logs.delete_log_stream, logGroupName=group, logStreamName=stream)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)


def test_tags_by_arn_and_by_name(logs: Any, group: str) -> None:
    logs.tag_resource(resourceArn=arn_of(group), tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_resource(resourceArn=arn_of(group), tagKeys=["a"])
    logs.untag_log_group(logGroupName=group, tags=["b", "none"])
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}
    many = {f"key{number}": "" for number in range(50)}
    assert refused(logs.tag_resource, resourceArn=arn_of(group), tags=many)[0] == "TooManyTagsException"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (arn_of("none"), "ResourceNotFoundException"),
        (arn_of("none").replace("us-east-1", "eu-west-1"), "ResourceNotFoundException"),
        ("arn:aws:logs:us-east-1:000000000000:destination:x", "InvalidParameterException"),
        ("name", "ResourceNotFoundException"),
    ],
)
def test_tags_of_what_is_not_there(logs: Any, arn: str, code: str) -> None:
    assert refused(logs.list_tags_for_resource, resourceArn=arn)[0] == code
