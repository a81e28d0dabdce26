"""The boundary: it holds whatever a function's own policy says, and breaks nothing that a function declares."""

import json
from itertools import product

import pytest

from stacks.boundary import (
    LARGEST,
    shortened,
)
from stacks.catalog import CATALOG
from stacks.config import load
from stacks.names import Names
from tests.stacks.callers import Environment, elsewhere, environment
from tests.stacks.template import Template
from tests.support.iam import Call, Context, evaluate

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DEV = load("dev", CATALOG)
NAMES = Names(DEV.place)


def concrete(pattern: str) -> str:
    """Return something that a pattern of a resource is about."""
    return pattern if pattern == "*" else pattern.replace("*", "x")


def _on(found: Environment, resource: str) -> set[str]:
    """Return the actions that some function declares on exactly this."""
    return {
        action
        for caller in found.functions
        for each in caller.own
        if each["Resource"] in (resource, [resource])
        for action in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])
    }


def satisfying(condition: dict[str, dict[str, object]], region: str) -> Context:
    """Return a call's context for which a declared condition holds."""
    context: dict[str, str | tuple[str, ...]] = {"aws:RequestedRegion": region}
    for operator, block in condition.items():
        for key, values in block.items():
            if operator == "Null":
                continue
            first = str(values[0] if isinstance(values, list) else values).replace("*", "x")
            context[key] = (first,) if operator.startswith("For") else first
    if environment_ := context.get("ssm:resourceTag/Environment"):
        context["aws:ResourceTag/Environment"] = environment_
    return context


@pytest.mark.parametrize("where", ["dev", "prod"])
def test_every_declared_action_of_every_function_passes_its_role_and_the_boundary(where: str) -> None:
    found = environment(where)
    passed = 0
    for caller in found.functions:
        for each in caller.own:
            actions, resources = (
                value if isinstance(value, list) else [value] for value in (each["Action"], each["Resource"])
            )
            context = satisfying(each.get("Condition", {}), found.names.place.region)
            for action, resource in product(actions, resources):
                answer = caller.asks(Call(action, concrete(resource), context))
                assert answer.allowed, f"{caller.name}: {action} on {resource}: {answer.because}"
                passed += 1
    assert passed > 60


@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_allows_exactly_the_actions_that_functions_declare_and_by_wildcard_only_to_describe(where: str) -> None:
    found = environment(where)
    declared = {
        action
        for caller in found.functions
        for each in caller.own
        for action in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])
    }
    allowed = [action for each in found.boundary if each["Effect"] == "Allow" for action in each["Action"]]
    assert sorted(allowed) == sorted({*shortened(_on(found, "*")), *shortened(declared - _on(found, "*"))})
    assert not [action for action in allowed if "*" in action and not action.endswith(":Describe*")]


def test_every_functions_role_has_it(template: Template) -> None:
    functions = [role for role in template.all("IAM::Role") if "RoleName" not in role]
    assert len(functions) == len(template.all("Lambda::Function"))
    assert {role["PermissionsBoundary"] for role in functions} == {"IAM::ManagedPolicy"}
    policy = template.one("IAM::ManagedPolicy")
    assert policy["ManagedPolicyName"] == f"{template.config.environment}-remediation-boundary"
    assert "Roles" not in policy


def test_it_fits_into_a_managed_policy(template: Template) -> None:
    policy = template.one("IAM::ManagedPolicy")["PolicyDocument"]
    assert len(json.dumps(policy, separators=(",", ":"))) <= LARGEST


FORBIDDEN: list[tuple[str, str, str]] = [
    ("iam:PassRole", "iam", "role/admin"),
    ("iam:CreateAccessKey", "iam", "user/x"),
    ("iam:DeleteRolePermissionsBoundary", "iam", "role/self"),
    ("organizations:LeaveOrganization", "organizations", "account/x"),
    ("sts:AssumeRole", "iam", "role/dev-remediation-operator"),
    ("sts:AssumeRoot", "iam", "root"),
    ("kms:ScheduleKeyDeletion", "kms", "key/environment"),
    ("kms:PutKeyPolicy", "kms", "key/environment"),
    ("kms:CreateGrant", "kms", "key/environment"),
    ("kms:DisableKey", "kms", "key/environment"),
    ("lambda:UpdateFunctionCode", "lambda", "function:dev-sweep-alarms"),
    ("lambda:UpdateAlias", "lambda", "function:dev-sweep-alarms:live"),
    ("lambda:AddPermission", "lambda", "function:dev-sweep-alarms"),
    ("lambda:PutFunctionConcurrency", "lambda", "function:dev-sweep-alarms"),
    ("lambda:DeleteFunction", "lambda", "function:dev-sweep-alarms"),
    ("lambda:PublishVersion", "lambda", "function:dev-sweep-alarms"),
    ("lambda:StopDurableExecution", "lambda", "function:dev-sweep-alarms:7/durable-execution/a/b"),
    ("events:PutRule", "events", "rule/x"),
    ("events:PutTargets", "events", "rule/x"),
    ("events:PutPermission", "events", "event-bus/default"),
    ("events:RemoveTargets", "events", "rule/x"),
    ("events:DisableRule", "events", "rule/x"),
    ("cloudwatch:PutMetricAlarm", "cloudwatch", "alarm:x"),
    ("cloudwatch:PutCompositeAlarm", "cloudwatch", "alarm:x"),
    ("cloudwatch:PutAlarmMuteRule", "cloudwatch", "alarm-mute-rule:x"),
    ("cloudwatch:SetAlarmState", "cloudwatch", "alarm:x"),
    ("cloudwatch:DeleteAlarms", "cloudwatch", "alarm:x"),
    ("cloudwatch:DisableAlarmActions", "cloudwatch", "alarm:x"),
    ("dynamodb:DeleteTable", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:UpdateTable", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:UpdateTimeToLive", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:UpdateContinuousBackups", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:PutResourcePolicy", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:Scan", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:PartiQLUpdate", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:DeleteItem", "dynamodb", "table/dev-remediation-ledger"),
    ("dynamodb:PutItem", "dynamodb", "table/dev-remediation-ledger"),
    ("logs:DeleteLogGroup", "logs", "log-group:x"),
    ("cloudtrail:StopLogging", "cloudtrail", "trail/x"),
    ("sns:Subscribe", "sns", "dev-remediation-outcomes"),
    ("sns:SetTopicAttributes", "sns", "dev-remediation-outcomes"),
    ("ssm:StartSession", "ec2", "instance/i-0123456789abcdef0"),
    ("ssm:UpdateDocument", "ssm", "document/dev-remediation-restart-container"),
    ("ssm:SendCommand", "ssm", "document/AWS-RunShellScript"),
    ("s3:DeleteBucketPolicy", "s3", "bucket"),
]


@pytest.fixture(scope="module")
def dev_bounded() -> Environment:
    return environment("dev")


@pytest.mark.parametrize(("action", "service", "resource"), FORBIDDEN)
def test_a_function_that_were_allowed_everything_still_may_not(
    dev_bounded: Environment, action: str, service: str, resource: str
) -> None:
    call = dev_bounded.on(action, service, resource)
    denied = [each for each in dev_bounded.boundary if each["Effect"] == "Deny"]
    assert "denied by its boundary" in evaluate(call, [ANYTHING], [ANYTHING, *denied]).because


def test_a_function_that_were_allowed_everything_still_has_no_say(dev_bounded: Environment) -> None:
    denied = [each for each in dev_bounded.boundary if each["Effect"] == "Deny"]
    for key in ("MODE#dev", "FREEZE#dev", "SAID#A:alice#1", "AUDIT#dev#1#a"):
        call = dev_bounded.item("UpdateItem", "RUN#1", key)
        assert not evaluate(call, [ANYTHING], [ANYTHING, *denied]).allowed, key
    assert evaluate(dev_bounded.item("UpdateItem", "RUN#1"), [ANYTHING], [ANYTHING, *denied]).allowed


def test_a_function_that_were_allowed_everything_still_stays_where_it_is(dev_bounded: Environment) -> None:
    publish = dev_bounded.on("sns:Publish", "sns", "dev-remediation-outcomes")
    assert evaluate(publish, [ANYTHING], dev_bounded.boundary).allowed
    assert not evaluate(elsewhere(publish), [ANYTHING], dev_bounded.boundary).allowed
    foreign = Call("sns:Publish", "arn:aws:sns:us-east-1:999999999999:theirs", dev_bounded.here())
    assert not evaluate(foreign, [ANYTHING], dev_bounded.boundary).allowed
    for document_ in ("arn:aws:ssm:us-east-1::document/AWS-RunShellScript", "arn:aws:ssm:us-east-1:1:document/AWSX"):
        call = Call("ssm:SendCommand", document_, dev_bounded.here())
        assert not evaluate(call, [ANYTHING], dev_bounded.boundary).allowed


def test_a_function_that_were_allowed_everything_still_changes_nothing_of_another_environment(
    dev_bounded: Environment,
) -> None:
    for tagged, allowed in (("prod", False), ("dev", True), (None, True)):
        call = dev_bounded.group("SetInstanceHealth", "any-asg", tagged)
        assert evaluate(call, [ANYTHING], dev_bounded.boundary).allowed is allowed, tagged
