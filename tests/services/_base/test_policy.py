"""The evaluator: every rule of the evaluation logic, and every operator with what it does when its key is absent."""

from typing import Any

import pytest

from clary.services._base.policy import AccessRequest, Policies, Policy, Verdict, decide
from clary.services._base.principal import Principal, PrincipalKind

ADA = Principal(PrincipalKind.USER, "111111111111", "arn:aws:iam::111111111111:user/ada", "AIDAADA")
ROOT = Principal(PrincipalKind.ROOT, "111111111111", "arn:aws:iam::111111111111:root", "111111111111")
SESSION = Principal(
    PrincipalKind.ROLE,
    "111111111111",
    "arn:aws:sts::111111111111:assumed-role/Trainer/run",
    "AROATRAINER:run",
    "arn:aws:iam::111111111111:role/Trainer",
)
OBJECT = "arn:aws:s3:::data/train/a.csv"


def policy(effect: str = "Allow", **elements: Any) -> Policy:
    statement = {"Effect": effect, "Action": "s3:GetObject", "Resource": "*"} | elements
    return Policy.parse({"Version": "2012-10-17", "Statement": statement})


def verdict(*identity: Policy, who: Principal = ADA, **more: Any) -> Verdict:
    values = more.pop("values", {})
    request = AccessRequest("s3:GetObject", OBJECT, who, values=values)
    return decide(request, Policies(identity, **more)).verdict


ALLOWED, EXPLICIT, IMPLICIT = Verdict.ALLOWED, Verdict.EXPLICIT_DENY, Verdict.IMPLICIT_DENY


def test_nothing_allows() -> None:
    assert verdict() is IMPLICIT


def test_deny_wins_over_allow_in_any_order() -> None:
    assert verdict(policy(), policy("Deny")) is verdict(policy("Deny"), policy()) is EXPLICIT


def test_root_needs_no_policy_but_obeys_a_deny_on_the_resource() -> None:
    assert verdict(who=ROOT) is ALLOWED
    assert verdict(who=ROOT, resource=policy("Deny", Principal="*")) is EXPLICIT


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:Get?bject", True),
        ("*", True),
        ("s3:Put*", False),
        ("s3:GetObjec", False),
        ("s3:GetObject?", False),
        ("ec2:*", False),
    ],
)
def test_action_wildcards(action: str, names: bool) -> None:
    assert (verdict(policy(Action=action)) is ALLOWED) is names
    inverse = {"Effect": "Allow", "NotAction": [action], "Resource": "*"}
    assert (verdict(Policy.parse({"Statement": [inverse]})) is IMPLICIT) is names


@pytest.mark.parametrize(
    ("resource", "names"),
    [
        ("*", True),
        (OBJECT, True),
        ("arn:aws:s3:::data/*", True),
        ("arn:aws:s3:::*/a.csv", True),
        ("arn:aws:s3:::d?ta/*", True),
        ("arn:aws:s3:::DATA/*", False),
        ("arn:aws:s3:::data", False),
        ("arn:aws:s3:::data/train.a*", False),
    ],
)
def test_resource_wildcards(resource: str, names: bool) -> None:
    assert (verdict(policy(Resource=resource)) is ALLOWED) is names
    inverse = {"Effect": "Allow", "Action": "*", "NotResource": resource}
    assert (verdict(Policy.parse({"Statement": inverse})) is IMPLICIT) is names


def test_resource_with_variables() -> None:
    home = policy(Resource="arn:aws:s3:::data/${aws:username}/*")
    assert verdict(home, values={"aws:username": ["train"]}) is ALLOWED
    assert verdict(home, values={"aws:username": ["*"]}) is IMPLICIT, "a value's star is no wildcard"
    assert verdict(home) is IMPLICIT, "without a value the statement does not match"
    assert verdict(policy(Resource="arn:aws:s3:::data/${aws:username, 'train'}/*")) is ALLOWED
    assert verdict(policy(Resource="arn:aws:s3:::data/train/${*}")) is IMPLICIT, "${*} is a star itself"


def test_pattern_of_many_stars_is_fast() -> None:
    assert verdict(policy(Resource="*a" * 200 + "x"), who=ADA) is IMPLICIT
    request = AccessRequest("s3:GetObject", "a" * 5000, ADA)
    assert decide(request, Policies([policy(Resource="*a" * 200 + "*x")])).verdict is IMPLICIT


def test_boundary_takes_away_and_gives_nothing() -> None:
    assert verdict(policy(), boundary=[policy(Action="s3:*")]) is ALLOWED
    assert verdict(policy(), boundary=[policy(Action="ec2:*")]) is IMPLICIT
    assert verdict(boundary=[policy()]) is IMPLICIT
    assert verdict(policy(), boundary=[policy(), policy("Deny")]) is EXPLICIT


def test_session_policy_intersects() -> None:
    assert verdict(policy(), who=SESSION, session=[policy()]) is ALLOWED
    assert verdict(policy(), who=SESSION, session=[]) is IMPLICIT
    assert verdict(who=SESSION, session=[policy()]) is IMPLICIT


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ADA.arn}, True),
        ({"AWS": [SESSION.arn, ADA.arn]}, True),
        ({"AWS": "AIDAADA"}, True),
        ({"AWS": "111111111111"}, False),
        ({"AWS": ROOT.arn}, False),
        ({"AWS": "222222222222"}, False),
        ({"Service": "s3.amazonaws.com"}, False),
    ],
)
def test_resource_policy_alone_within_the_account(principal: Any, allowed: bool) -> None:
    assert (verdict(resource=policy(Principal=principal)) is ALLOWED) is allowed


def test_resource_policy_that_names_a_role_is_narrowed_by_its_session() -> None:
    by_role, by_session = policy(Principal={"AWS": SESSION.role_arn}), policy(Principal={"AWS": SESSION.arn})
    assert verdict(who=SESSION, resource=by_role) is ALLOWED
    assert verdict(who=SESSION, resource=by_role, session=[]) is IMPLICIT
    assert verdict(who=SESSION, resource=by_session, session=[]) is ALLOWED


def test_resource_of_another_account_needs_both_sides() -> None:
    theirs: dict[str, Any] = {"resource_account": "222222222222"}
    shared = policy(Principal={"AWS": "111111111111"})
    assert verdict(policy(), **theirs) is IMPLICIT
    assert verdict(resource=shared, **theirs) is IMPLICIT
    assert verdict(policy(), resource=shared, **theirs) is ALLOWED


def test_not_principal_spares_those_it_names() -> None:
    elements = {"Effect": "Deny", "NotPrincipal": {"AWS": ADA.arn}, "Action": "*", "Resource": "*"}
    spare_ada = Policy.parse({"Statement": elements})
    assert verdict(policy(), resource=spare_ada) is ALLOWED
    assert verdict(policy(), who=SESSION, resource=spare_ada) is EXPLICIT


def test_trust_policy_of_a_service() -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": ["glue.amazonaws.com"]}, "Action": "sts:AssumeRole"}
    policies = Policies(resource=Policy.parse({"Statement": trust}))
    glue = AccessRequest("sts:AssumeRole", "role", service="glue.amazonaws.com")
    assert decide(glue, policies).verdict is ALLOWED
    assert decide(AccessRequest("sts:AssumeRole", "role", service="ec2.amazonaws.com"), policies).verdict is IMPLICIT
    assert decide(AccessRequest("sts:AssumeRole", "role"), policies).verdict is IMPLICIT


#: operator, value in the policy, values that fit, values that do not
OPERATORS = [
    ("StringEquals", "a", ["a"], ["A", "ab"]),
    ("StringNotEquals", "a", ["b", "A"], ["a"]),
    ("StringEqualsIgnoreCase", "a", ["a", "A"], ["b"]),
    ("StringNotEqualsIgnoreCase", "a", ["b"], ["a", "A"]),
    ("StringLike", "a*z?", ["az1", "abcz1"], ["az", "bz1"]),
    ("StringNotLike", "a*", ["b"], ["a", "ab"]),
    ("NumericEquals", 10, ["10", "10.0"], ["11", "ten"]),
    ("NumericNotEquals", "10", ["11"], ["10"]),
    ("NumericLessThan", "10", ["9", "-1"], ["10", "x"]),
    ("NumericLessThanEquals", "10", ["10"], ["10.1"]),
    ("NumericGreaterThan", "10", ["1e2"], ["10"]),
    ("NumericGreaterThanEquals", "10", ["10"], ["9.9"]),
    ("DateEquals", "2026-01-02T00:00:00Z", ["2026-01-02", "1767312000"], ["2026-01-03", "soon"]),
    ("DateNotEquals", "2026-01-02", ["2026-01-03"], ["2026-01-02T00:00:00+00:00"]),
    ("DateLessThan", "2026-01-02", ["2026-01-01T23:59:59Z"], ["2026-01-02"]),
    ("DateGreaterThanEquals", "2026-01-02", ["2026-01-02"], ["2026-01-01"]),
    ("Bool", True, ["true", "True"], ["false"]),
    ("BinaryEquals", "YQ==", ["YQ=="], ["Yg==", "%"]),
    ("IpAddress", "10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "::1", "here"]),
    ("NotIpAddress", "10.0.0.0/8", ["11.0.0.1"], ["10.1.2.3"]),
    ("ArnLike", "arn:aws:s3:*:*:b/*", ["arn:aws:s3:us-east-1:1:b/c"], ["arn:aws:s3:b/c", "arn:aws:s3:x:y:z:b/c"]),
    ("ArnEquals", "arn:aws:sns:*:1:t", ["arn:aws:sns:eu-west-1:1:t"], ["arn:aws:sns:eu:2:t"]),
    ("ArnNotLike", "arn:aws:s3:::*", ["arn:aws:sqs:a:1:q"], ["arn:aws:s3:::b"]),
]


@pytest.mark.parametrize(("operator", "expected", "fitting", "others"), OPERATORS, ids=lambda value: str(value)[:30])
def test_condition_operator(operator: str, expected: Any, fitting: list[str], others: list[str]) -> None:
    rule = policy(Condition={operator: {"Aws:Key": expected}})
    assert [verdict(rule, values={"aws:key": [value]}) for value in fitting] == [ALLOWED] * len(fitting)
    assert [verdict(rule, values={"aws:key": [value]}) for value in others] == [IMPLICIT] * len(others)
    negated = "Not" in operator
    assert (verdict(rule) is ALLOWED) is negated, "an absent key"
    assert verdict(policy(Condition={f"{operator}IfExists": {"aws:key": expected}})) is ALLOWED


def test_condition_null() -> None:
    absent, present = (policy(Condition={"Null": {"aws:key": flag}}) for flag in ("true", False))
    assert verdict(absent) is verdict(present, values={"aws:key": ["x"]}) is ALLOWED
    assert verdict(present) is verdict(absent, values={"aws:key": ["x"]}) is IMPLICIT


def test_conditions_are_joined_by_and_values_by_or() -> None:
    rule = policy(Condition={"StringEquals": {"a": ["1", "2"], "b": "3"}})
    assert verdict(rule, values={"a": ["2"], "b": ["3"]}) is ALLOWED
    assert verdict(rule, values={"a": ["2"], "b": ["4"]}) is IMPLICIT


@pytest.mark.parametrize(
    ("operator", "actual", "allowed"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAllValues:StringEquals", None, True),
        ("ForAnyValue:StringEquals", ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAnyValue:StringEquals", None, False),
        ("ForAnyValue:StringNotEquals", ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringLikeIfExists", None, True),
    ],
)
def test_condition_with_many_values(operator: str, actual: list[str] | None, allowed: bool) -> None:
    rule = policy(Condition={operator: {"aws:TagKeys": ["a", "b"]}})
    values = {} if actual is None else {"aws:tagkeys": actual}
    assert (verdict(rule, values=values) is ALLOWED) is allowed


def test_condition_with_variable() -> None:
    rule = policy(Condition={"StringEquals": {"s3:prefix": "${aws:PrincipalTag/team}"}})
    assert verdict(rule, values={"s3:prefix": ["ml"], "aws:principaltag/team": ["ml"]}) is ALLOWED
    assert verdict(rule, values={"s3:prefix": ["ml"]}) is IMPLICIT
