"""Policy documents: what IAM refuses, in its own words."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from tests.services.iam.conftest import TRUST

from clary.services._base.conditions import OPERATORS
from clary.services._base.policy import AccessRequest, Policies, Policy, Verdict, decide
from clary.services.iam.aws_managed import AWS_MANAGED
from clary.services.iam.documents import check_identity_policy, check_resource_policy, check_trust_policy
from clary.wire.errors import AwsError

SYNTAX = "Syntax errors in policy."
GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
TRUSTED: dict[str, Any] = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}


def document(*statements: Any, **members: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


def without(statement: dict[str, Any], *names: str, **members: Any) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name not in names} | members


def test_put_role_policy_malformed(iam: Any, role: str) -> None:
    with pytest.raises(ClientError) as caught:
        iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument="{")
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "MalformedPolicyDocument", "Message": SYNTAX}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == []


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("nonsense", SYNTAX),
        ("[]", SYNTAX),
        ("[" * 5000, SYNTAX),
        (json.dumps({"Statement": [GOOD]}), "Policy document must be version 2012-10-17 or greater."),
        (document(GOOD, Version="2020-01-01"), "Policy document must be version 2012-10-17 or greater."),
        (document(GOOD, Version=["2012-10-17"]), "Policy document must be version 2012-10-17 or greater."),
        (document(GOOD, Extra=1), SYNTAX),
        (document(), SYNTAX),
        (document("text"), SYNTAX),
        (document(without(GOOD, "Effect")), SYNTAX),
        (document(without(GOOD, Effect="Maybe")), "Invalid effect: Maybe"),
        (document(without(GOOD, Effect=["Allow"])), "Invalid effect: ['Allow']"),
        (document(without(GOOD, Extra=1)), SYNTAX),
        (document(without(GOOD, "Action")), "Policy statement must contain actions."),
        (document(without(GOOD, Action=[])), "Policy statement must contain actions."),
        (document(without(GOOD, Action=[1])), SYNTAX),
        (document(without(GOOD, NotAction="s3:*")), SYNTAX),
        (document(without(GOOD, Action="GetObject")), "Actions/Conditions must be prefaced by a vendor, e.g., iam, "),
        (document(without(GOOD, Action="s 3:Get")), "Vendor s 3 is not valid"),
        (document(without(GOOD, "Resource")), "Policy statement must contain resources."),
        (document(without(GOOD, Resource="bucket")), 'Resource bucket must be in ARN format or "*".'),
        (document(without(GOOD, Resource="arn:x:s3:::b")), 'Partition "x" is not valid for resource "arn:x:s3:::b".'),
        (document(without(GOOD, Principal="*")), "Policy document should not specify a principal."),
        (document(without(GOOD, Sid="a b")), "Statement IDs (SID) must be alpha-numeric."),
        (document(without(GOOD, Sid="a"), without(GOOD, Sid="a")), "Statement IDs (SID) in a single policy must be"),
        (document(without(GOOD, Condition=[])), SYNTAX),
        (document(without(GOOD, Condition={"Sounds": {"a": "b"}})), "Invalid Condition type : Sounds."),
        (document(without(GOOD, Condition={"NullIfExists": {"a": "b"}})), "Invalid Condition type : NullIfExists."),
        (document(without(GOOD, Condition={"StringLike": "a"})), SYNTAX),
        (document(without(GOOD, Condition={"StringLike": {"a": {"b": "c"}}})), SYNTAX),
    ],
)
def test_identity_policy_that_breaks_the_grammar(policy: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        check_identity_policy(policy)
    assert (caught.value.code, caught.value.message[: len(text)]) == ("MalformedPolicyDocument", text)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("nonsense", "This policy contains invalid Json"),
        (document(without(TRUSTED, Resource="*")), "Has prohibited field Resource"),
        (document(without(TRUSTED, "Principal")), "Missing required field Principal"),
        (document(without(TRUSTED, "Effect")), "Missing required field Effect"),
        (document(without(TRUSTED, "Action")), "Missing required field Action"),
        (document(without(TRUSTED, Action="s3:Get")), "AssumeRole policy may only specify STS AssumeRole actions."),
        (document(without(TRUSTED, Principal={"AWS": "bob"})), 'Invalid principal in policy: "AWS":"bob"'),
        (document(without(TRUSTED, Principal={"Nobody": "x"})), "Invalid principal in policy:"),
        (document(without(TRUSTED, Principal=[])), "Invalid principal in policy:"),
    ],
)
def test_trust_policy_that_breaks_the_grammar(policy: str, text: str) -> None:
    with pytest.raises(AwsError) as caught:
        check_trust_policy(policy)
    assert (caught.value.code, caught.value.message[: len(text)]) == ("MalformedPolicyDocument", text)


@pytest.mark.parametrize(
    "statement",
    [
        without(GOOD, Action=["s3:Get*", "logs:*"], Resource=["arn:aws:s3:::b/*", "*"]),
        {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::b"},
        without(GOOD, Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a*", "b"]}}),
        without(
            GOOD, Sid="", Condition={"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"s3:max-keys": 10}}
        ),
    ],
)
def test_identity_policy_that_is_right(statement: dict[str, Any]) -> None:
    check_identity_policy(document(statement))


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": ["111111111111", "arn:aws:iam::111111111111:root", "arn:aws:sts::111111111111:assumed-role/a/b"]},
        {"Service": ["glue.amazonaws.com"], "AWS": "AROAEXAMPLEEXAMPLE123"},
        {"Federated": "cognito-identity.amazonaws.com"},
    ],
)
def test_trust_policy_that_is_right(principal: Any) -> None:
    check_trust_policy(document(without(TRUSTED, Principal=principal, Action=["sts:AssumeRole", "sts:TagSession"])))


@pytest.mark.parametrize("arn", AWS_MANAGED)
def test_aws_managed_policies_keep_the_grammar(arn: str) -> None:
    check_identity_policy(AWS_MANAGED[arn].body["Versions"]["v1"]["Document"])


def test_create_role_with_a_large_trust_policy(iam: Any) -> None:
    spaces = TRUST + " " * 3000
    iam.create_role(RoleName="Spacious", AssumeRolePolicyDocument=spaces)
    large = document(without(TRUSTED, Sid="x" * 2048))
    with pytest.raises(ClientError, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        iam.create_role(RoleName="Large", AssumeRolePolicyDocument=large)


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        [
            "*",
            "s3:*",
            "sts:AssumeRole",
            "arn:aws:s3:::b/${aws:username}",
            "Allow",
            "Deny",
            "2012-10-17",
            "${",
            "",
            "x\x00é",
        ]
    )
)
_VALUES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
_CONDITIONS = st.dictionaries(
    st.sampled_from([*OPERATORS, "ForAnyValue:StringLike", "NullIfExists", "BoolIfExists", ":", "Sounds"]),
    st.dictionaries(st.sampled_from(["aws:username", "s3:prefix", ""]), _VALUES, max_size=2) | _VALUES,
    max_size=2,
)
_STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"]) | _VALUES},
    optional={
        "Sid": _VALUES,
        "Action": _VALUES,
        "NotAction": _VALUES,
        "Resource": _VALUES,
        "NotResource": _VALUES,
        "Principal": st.dictionaries(st.sampled_from(["AWS", "Service", "Other"]), _VALUES, max_size=2) | _VALUES,
        "Condition": _CONDITIONS | _VALUES,
    },
)
_DOCUMENTS = st.fixed_dictionaries(
    {"Version": st.sampled_from(["2012-10-17"]) | _VALUES, "Statement": st.lists(_STATEMENTS, max_size=2) | _STATEMENTS}
)


@given(_DOCUMENTS | _VALUES)
def test_any_document_is_refused_or_can_be_asked(policy: Any) -> None:
    request = AccessRequest("s3:GetObject", "arn:aws:s3:::b", values={"aws:username": ["ada"], "s3:prefix": ["a", "b"]})
    for check in (check_identity_policy, check_trust_policy, check_resource_policy):
        try:
            check(json.dumps(policy))
        except AwsError as error:
            assert error.code == "MalformedPolicyDocument"
        else:
            assert decide(request, Policies([Policy.parse(json.dumps(policy))])).verdict in Verdict
