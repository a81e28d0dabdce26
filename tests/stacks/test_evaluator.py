"""The evaluator says what AWS says, and what it does not know it raises."""

from typing import Any

import pytest

from tests.support.iam import Call, Caller, Context, UnknownError, arn_like, evaluate, like, may_assume

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger"
KEYS = "dynamodb:LeadingKeys"
REGION: Context = {"aws:RequestedRegion": "us-east-1"}


def allow(actions: Any = "dynamodb:UpdateItem", resources: Any = TABLE, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources} | more


def deny(actions: Any, resources: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": actions, "Resource": resources} | more


def when(operator: str, key: str, values: Any) -> dict[str, Any]:
    return allow(Condition={operator: {key: values}})


def passes(statement: dict[str, Any], context: Context) -> bool:
    return evaluate(Call("dynamodb:UpdateItem", TABLE, context), [statement]).allowed


def test_what_nobody_allows_is_denied() -> None:
    assert not evaluate(Call("dynamodb:UpdateItem", TABLE), []).allowed


def test_what_is_allowed_is_allowed_whatever_the_case_of_the_action() -> None:
    assert evaluate(Call("DynamoDB:updateitem", TABLE), [allow()]).allowed
    assert not evaluate(Call("dynamodb:DeleteItem", TABLE), [allow()]).allowed


def test_a_denial_wins_wherever_it_is() -> None:
    call = Call("dynamodb:UpdateItem", TABLE)
    assert not evaluate(call, [allow(), deny("dynamodb:*")]).allowed
    assert not evaluate(call, [allow()], [allow("*", "*"), deny("dynamodb:UpdateI*")]).allowed
    assert evaluate(call, [allow(), deny("dynamodb:Delete*")]).allowed


def test_a_boundary_allows_nothing_and_keeps_within_it() -> None:
    call = Call("dynamodb:UpdateItem", TABLE)
    assert not evaluate(call, [], [allow("*", "*")]).allowed
    assert not evaluate(call, [allow()], [allow("dynamodb:GetItem", "*")]).allowed
    assert evaluate(call, [allow()], [allow("dynamodb:UpdateItem", "*")]).allowed


def test_an_operation_is_allowed_if_all_its_calls_are() -> None:
    caller = Caller(name="a function", own=(allow(["dynamodb:UpdateItem", "dynamodb:GetItem"]),))
    update, delete = Call("dynamodb:UpdateItem", TABLE), Call("dynamodb:DeleteItem", TABLE)
    assert caller.asks(update, Call("dynamodb:GetItem", TABLE)).allowed
    assert not caller.asks(update, delete).allowed


def test_what_a_statement_is_not_about_is_the_rest() -> None:
    call = Call("dynamodb:UpdateItem", TABLE)
    others = {"Effect": "Deny", "NotAction": "dynamodb:*", "Resource": "*"}
    elsewhere = {"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::*"}
    assert evaluate(call, [allow(), others]).allowed
    assert not evaluate(Call("s3:GetObject", "arn:aws:s3:::a/b"), [allow("*", "*"), others]).allowed
    assert not evaluate(call, [allow(), elsewhere]).allowed


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("RUN#1", "RUN#*", True),
        ("RUN#", "RUN#*", True),
        ("xRUN#1", "RUN#*", False),
        ("RUN#1\nMODE#dev", "RUN#*", True),
        ("run#1", "RUN#*", False),
        ("a.c", "abc", False),
        ("abc", "a.c", False),
        ("abc", "a?c", True),
        ("ac", "a?c", False),
        ("lambda:P", "lambda:[P]", False),
    ],
)
def test_only_stars_and_question_marks_are_special(text: str, pattern: str, matches: bool) -> None:
    assert like(text, pattern) is matches


@pytest.mark.parametrize(
    ("arn", "pattern", "matches"),
    [
        (TABLE, "*", True),
        (TABLE, TABLE, True),
        (TABLE, f"{TABLE}/index/runs", False),
        (f"{TABLE}/index/runs", f"{TABLE}/*", True),
        (TABLE, "arn:aws:dynamodb:*:table/ledger", False),
        (TABLE, "arn:aws:dynamodb:*:*:table/ledger", True),
        ("arn:aws:ssm:us-east-1::document/AWS-X", "arn:aws:ssm:us-east-1:123456789012:*", False),
        ("arn:aws:ssm:us-east-1::document/AWS-X", "arn:aws:ssm:*::document/*", True),
        (
            "arn:aws:lambda:us-east-1:1:function:f:7/durable-execution/a/b",
            "arn:aws:lambda:us-east-1:1:function:f:*",
            True,
        ),
        ("arn:aws:lambda:us-east-1:1:function:f", "arn:aws:lambda:us-east-1:1:function:f:*", False),
        ("*", TABLE, False),
    ],
)
def test_no_wildcard_reaches_from_one_part_of_an_arn_into_the_next(arn: str, pattern: str, matches: bool) -> None:
    assert arn_like(arn, pattern) is matches


@pytest.mark.parametrize(
    ("operator", "value", "asked", "holds"),
    [
        ("StringEquals", "dev", "dev", True),
        ("StringEquals", ["dev", "prod"], "prod", True),
        ("StringEquals", "d*", "dev", False),
        ("StringEquals", "dev", None, False),
        ("StringEqualsIfExists", "dev", None, True),
        ("StringEqualsIfExists", "dev", "prod", False),
        ("StringEqualsIgnoreCase", "DEV", "dev", True),
        ("StringNotEquals", "dev", "dev", False),
        ("StringNotEquals", ["dev", "prod"], "prod", False),
        ("StringNotEquals", "dev", "prod", True),
        ("StringNotEquals", "dev", None, True),
        ("StringLike", "d*", "dev", True),
        ("StringNotLike", "d*", "dev", False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", "dev", True),
    ],
)
def test_a_condition_on_one_value(operator: str, value: Any, asked: str | None, holds: bool) -> None:
    key = "aws:ResourceTag/Environment"
    assert passes(when(operator, key, value), {} if asked is None else {key: asked}) is holds


@pytest.mark.parametrize(
    ("operator", "asked", "holds"),
    [
        ("ForAllValues:StringLike", ("RUN#1", "EVENT#2"), True),
        ("ForAllValues:StringLike", ("RUN#1", "MODE#dev"), False),
        ("ForAllValues:StringLike", None, True),
        ("ForAllValues:StringLike", (), True),
        ("ForAnyValue:StringLike", ("RUN#1", "MODE#dev"), True),
        ("ForAnyValue:StringLike", ("MODE#dev",), False),
        ("ForAnyValue:StringLike", None, False),
        ("ForAllValues:StringNotLike", ("MODE#dev",), True),
        ("ForAllValues:StringNotLike", ("MODE#dev", "RUN#1"), False),
    ],
)
def test_a_condition_on_several_values(operator: str, asked: tuple[str, ...] | None, holds: bool) -> None:
    assert passes(when(operator, KEYS, ["RUN#*", "EVENT#*"]), {} if asked is None else {KEYS: asked}) is holds


def test_all_operators_and_keys_of_a_condition_have_to_hold() -> None:
    both = allow(Condition={"ForAllValues:StringLike": {KEYS: "RUN#*"}, "StringEquals": dict(REGION)})
    assert passes(both, {KEYS: ("RUN#1",), **REGION})
    assert not passes(both, {KEYS: ("RUN#1",), "aws:RequestedRegion": "eu-west-1"})
    assert not passes(both, {KEYS: ("MODE#dev",), **REGION})


def test_a_boolean_is_compared_as_a_word() -> None:
    mfa = when("Bool", "aws:MultiFactorAuthPresent", "true")
    assert passes(mfa, {"aws:MultiFactorAuthPresent": "true"})
    assert not passes(mfa, {"aws:MultiFactorAuthPresent": "false"})
    assert not passes(mfa, {})


def test_a_variable_is_what_the_call_says_and_matches_nothing_where_it_says_nothing() -> None:
    own = when("ForAllValues:StringLike", KEYS, "SAID#${aws:userid}#*")
    assert passes(own, {KEYS: ("SAID#A:alice#1",), "aws:userid": "A:alice"})
    assert not passes(own, {KEYS: ("SAID#A:bob#1",), "aws:userid": "A:alice"})
    assert not passes(own, {KEYS: ("SAID##1", "SAID#${aws:userid}#1")})
    home = allow(resources="arn:aws:s3:::home/${aws:username}/*")
    call = Call("dynamodb:UpdateItem", "arn:aws:s3:::home/alice/a", {"aws:username": "alice"})
    assert evaluate(call, [home]).allowed
    assert not evaluate(Call(call.action, call.resource), [home]).allowed


@pytest.mark.parametrize(
    "statement",
    [
        when("NumericLessThan", "aws:userid", "1"),
        when("IpAddress", "aws:userid", "10.0.0.0/8"),
        when("StringEquals", "aws:SourceIp", "10.0.0.1"),
        when("ForSomeValues:StringLike", KEYS, "RUN#*"),
        when("StringLike", KEYS, "RUN#*"),
        when("ForAllValues:StringLike", "aws:userid", "a"),
        when("StringNotLike", "aws:userid", "${aws:username}"),
        when("StringEquals", "aws:userid", "${aws:SourceIp}"),
        allow(Condition={"StringEquals": {"aws:userid": "nobody"}, "NumericLessThan": {"aws:userid": "1"}}),
        allow(Principal="*"),
        {"Effect": "Allow", "Action": "dynamodb:UpdateItem"},
    ],
)
def test_what_it_does_not_know_of_a_policy_it_raises(statement: dict[str, Any]) -> None:
    with pytest.raises(UnknownError):
        passes(statement, {KEYS: ("RUN#1",), "aws:userid": "A:alice"})


@pytest.mark.parametrize(
    "call",
    [
        Call("dynamodb:UpdateItem", TABLE, {"aws:SourceIp": "10.0.0.1"}),
        Call("dynamodb:UpdateItem", TABLE, {KEYS: "RUN#1"}),
        Call("dynamodb:UpdateItem", TABLE, {"aws:userid": ("a", "b")}),
        Call("dynamodb:*", TABLE),
        Call("dynamodb:UpdateItem", "arn:aws:dynamodb:us-east-1:123456789012:table/*"),
    ],
)
def test_what_it_does_not_know_of_a_call_it_raises(call: Call) -> None:
    with pytest.raises(UnknownError):
        evaluate(call, [allow()])


def test_a_name_that_could_match_others_is_not_judged() -> None:
    own = when("ForAllValues:StringLike", KEYS, "SAID#${aws:userid}#*")
    with pytest.raises(UnknownError):
        passes(own, {KEYS: ("SAID#A:bob#1",), "aws:userid": "A:*"})


def test_a_trust_policy_lets_in_whom_it_names_on_its_conditions() -> None:
    user = "arn:aws:iam::123456789012:user/alice"
    condition = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
    trust = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": user}, "Condition": condition}]
    named = {"sts:RoleSessionName": "alice", "aws:username": "alice"}
    assert may_assume(trust, user, named)
    assert not may_assume(trust, user, named | {"sts:RoleSessionName": "bob"})
    assert not may_assume(trust, f"{user}2", named)
    with pytest.raises(UnknownError):
        may_assume([{**trust[0], "NotPrincipal": {}}], user, named)
    with pytest.raises(UnknownError):
        may_assume([{**trust[0], "Principal": {"Federated": "x"}}], user, named)
