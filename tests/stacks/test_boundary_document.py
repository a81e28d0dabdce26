"""The boundary as a document: what it makes of declarations, and which of them it refuses."""

import json
import re

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from msgspec.structs import replace

from remediation.core.watched import Deploys, Lock
from stacks.boundary import (
    LARGEST,
    NEVER,
    BoundaryTooLargeError,
    ForbiddenActionError,
    denials,
    document,
    owner,
    reach,
)
from stacks.catalog import CATALOG
from stacks.config import Config, ConfigError, load
from stacks.names import Names
from stacks.permissions import Statement, plain, surroundings
from tests.support.iam import Call, Context, evaluate, like

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
DEV = load("dev", CATALOG)
NAMES = Names(DEV.place)


def statement(*actions: str, on: str = "*") -> Statement:
    return Statement(actions=actions, resources=(on,))


def test_our_own_tag_may_be_another_word_than_our_name() -> None:
    (rule,) = [each for each in denials(NAMES, ("dev", "development"), ("ssm:SendCommand",)) if each.sid == "Others"]
    denial = {
        "Effect": "Deny",
        "Action": list(rule.actions),
        "Resource": list(rule.resources),
        "Condition": plain(rule.condition),
    }
    for tagged, allowed in (("development", True), ("dev", True), ("staging", False)):
        call = Call("ssm:SendCommand", NAMES.arn("ssm", "document/x"), {"aws:ResourceTag/Environment": tagged})
        assert evaluate(call, [ANYTHING, denial]).allowed is allowed, tagged


@pytest.mark.parametrize(
    "declared",
    [
        statement("iam:PassRole", on="arn:aws:iam::123456789012:role/x"),
        statement("cloudwatch:PutMetricAlarm", on=NAMES.arn("cloudwatch", "alarm:x")),
        statement("dynamodb:DeleteItem", on=NAMES.arn("dynamodb", "table/dev-remediation-ledger")),
        statement("ssm:SendCommand", on="arn:aws:ssm:us-east-1::document/AWS-RunShellScript"),
    ],
)
def test_what_is_declared_and_can_never_work_fails_synth(declared: Statement) -> None:
    with pytest.raises(ForbiddenActionError, match="denies to every function"):
        document([declared], denials(NAMES, ("dev",), ()))


def test_a_lock_may_be_cleared_elsewhere_than_in_the_ledger() -> None:
    lock = statement("dynamodb:DeleteItem", on=NAMES.arn("dynamodb", "table/dev-starttech-terraform-locks"))
    made = document([lock], denials(NAMES, ("dev",), ("dynamodb:DeleteItem",)))
    for key, allowed in (("state/terraform.tfstate", True), ("state/terraform.tfstate-md5", False)):
        context: Context = {"aws:RequestedRegion": "us-east-1", "dynamodb:LeadingKeys": (key,)}
        call = Call("dynamodb:DeleteItem", lock.resources[0], context)
        assert evaluate(call, [ANYTHING], made["Statement"]).allowed is allowed, key


def test_of_objects_only_a_lock_may_be_deleted_and_only_as_it_was_read() -> None:
    lock = statement("s3:DeleteObject", on="arn:aws:s3:::state/terraform.tfstate.tflock")
    made = document([lock], denials(NAMES, ("dev",), ("s3:DeleteObject",)))
    here: Context = {"aws:RequestedRegion": "us-east-1"}
    read: Context = {**here, "s3:if-match": "etag"}
    assert evaluate(Call("s3:DeleteObject", lock.resources[0], read), [ANYTHING], made["Statement"]).allowed
    assert not evaluate(Call("s3:DeleteObject", lock.resources[0], here), [ANYTHING], made["Statement"]).allowed
    state = "arn:aws:s3:::state/terraform.tfstate"
    assert not evaluate(Call("s3:DeleteObject", state, read), [ANYTHING], made["Statement"]).allowed
    with pytest.raises(ForbiddenActionError):
        document([statement("s3:DeleteObject", on=state)], denials(NAMES, ("dev",), ()))


PLANNED = [
    "backup:ListRecoveryPointsByResource",
    "cloudtrail:LookupEvents",
    "cloudwatch:GetMetricData",
    "codebuild:BatchGetBuilds",
    "codebuild:ListBuildsForProject",
    "dynamodb:DeleteItem",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateTags",
    "ec2:DescribeSecurityGroupRules",
    "ec2:RevokeSecurityGroupIngress",
    "ecr:DescribeImages",
    "elasticache:CreateCacheCluster",
    "elasticache:CreateSnapshot",
    "elasticache:DescribeCacheClusters",
    "elasticache:DescribeEvents",
    "elasticache:DescribeReplicationGroups",
    "elasticache:DescribeSnapshots",
    "elasticache:RebootCacheCluster",
    "logs:GetQueryResults",
    "logs:StartQuery",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListBucket",
    "secretsmanager:GetSecretValue",
    "autoscaling:SetDesiredCapacity",
    "autoscaling:UpdateAutoScalingGroup",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ssm:GetCalendarState",
    "cloudformation:DescribeStacks",
]
"""What the runbooks of HAZARDS.md, section 3, take beyond those that there are."""


def test_there_is_room_for_the_runbooks_that_are_planned() -> None:
    planned = [statement(action, on=NAMES.arn(action.partition(":")[0], "x")) for action in PLANNED]
    planned[PLANNED.index("s3:DeleteObject")] = statement("s3:DeleteObject", on="arn:aws:s3:::state/a.tflock")
    writes = tuple(action for action in PLANNED if not re.search(":(Describe|Get|List|Lookup|Batch|Start)", action))
    made = document([*reach(DEV, CATALOG, NAMES), *planned], denials(NAMES, ("dev",), writes))
    assert LARGEST - len(json.dumps(made, separators=(",", ":"))) > 100


def test_of_iam_and_of_what_is_never_touched_only_looking_is_left() -> None:
    """Every operation that botocore knows of: what is left undenied looks, or makes a report of what is there."""
    for service in ("iam", "organizations", "account"):
        model = ServiceModel(Loader().load_service_model(service, "service-2"))
        left = [
            name
            for name in model.operation_names
            if not any(like(f"{service}:{name}".lower(), never.lower()) for never in NEVER)
        ]
        assert not [name for name in left if not name.startswith(("Get", "List", "Simulate", "Generate"))], service
    assert any(like("iam:passrole", never.lower()) for never in NEVER)
    assert not any(like("iam:simulateprincipalpolicy", never.lower()) for never in NEVER)


def test_a_boundary_that_is_too_large_fails_synth() -> None:
    many = [statement(f"ec2:ListSomethingOfTheKind{number}") for number in range(200)]
    with pytest.raises(BoundaryTooLargeError, match="too many actions"):
        document(many, denials(NAMES, ("dev",), ()))


def test_its_patterns_are_such_as_iam_reads_and_no_declared_action_is_like_one() -> None:
    assert not [pattern for pattern in NEVER if set(pattern) & set("[]{}|^$")]
    assert len(set(NEVER)) == len(NEVER)
    declared = {action for each in reach(DEV, CATALOG, NAMES) for action in each.actions}
    assert not [(action, never) for action in declared for never in NEVER if like(action.lower(), never.lower())]


@pytest.mark.parametrize(
    ("resource", "owned"),
    [
        (NAMES.arn("dynamodb", "table/x/index/y"), NAMES.arn("dynamodb", "*")),
        (NAMES.arn("lambda", "function:x:live"), NAMES.arn("lambda", "*")),
        ("arn:aws:s3:::bucket/a/b.tflock", "arn:aws:s3:::bucket/*"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket"),
    ],
)
def test_it_reaches_as_far_as_the_account_goes(resource: str, owned: str) -> None:
    assert owner(resource) == owned


def watching(config: Config, deploys: Deploys, calendar: str = "") -> Config:
    return replace(config, watched=replace(config.watched, deploys=deploys, calendar=calendar))


def test_what_a_config_makes_functions_look_at_is_within_it() -> None:
    locks = (
        Lock(table="locks", id="bucket/a.tfstate"),
        Lock(bucket="state", key="a.tfstate.tflock"),
        Lock(bucket="state", key="b.tfstate.tflock"),
    )
    config = watching(DEV, Deploys(asgs=("asg",), stacks=("app",), locks=locks), "changes")
    made = document(reach(config, CATALOG, NAMES), denials(NAMES, ("dev",), ()))["Statement"]
    here: Context = {"aws:RequestedRegion": "us-east-1"}
    for call in (
        Call("cloudformation:DescribeStacks", NAMES.arn("cloudformation", "stack/app/0f1e"), here),
        Call(
            "dynamodb:GetItem",
            NAMES.arn("dynamodb", "table/locks"),
            {**here, "dynamodb:LeadingKeys": ("bucket/a.tfstate",)},
        ),
        Call("s3:GetObject", "arn:aws:s3:::state/a.tfstate.tflock", here),
        Call("s3:GetObject", "arn:aws:s3:::state/b.tfstate.tflock", here),
        Call("s3:ListBucket", "arn:aws:s3:::state", here),
        Call("ssm:GetCalendarState", NAMES.arn("ssm", "document/changes"), here),
        Call("autoscaling:DescribeInstanceRefreshes", "*", here),
    ):
        own = [
            {
                "Effect": "Allow",
                "Action": list(each.actions),
                "Resource": list(each.resources),
                "Condition": plain(each.condition),
            }
            for each in surroundings(NAMES, config.watched.deploys, config.watched.calendar)
        ]
        assert evaluate(call, own, made).allowed, call
        for other in (
            "arn:aws:s3:::state/a.tfstate",
            NAMES.arn("dynamodb", "table/others"),
            NAMES.arn("ssm", "document/x"),
        ):
            assert not evaluate(Call(call.action, other, call.context), own, made).allowed or call.resource == "*"


@pytest.mark.parametrize(
    ("deploys", "calendar"),
    [
        (Deploys(stacks=("*",)), ""),
        (Deploys(locks=(Lock(table="*", id="a"),)), ""),
        (Deploys(locks=(Lock(table="a", id="?"),)), ""),
        (Deploys(locks=(Lock(bucket="state", key="*.tflock"),)), ""),
        (Deploys(), "arn:aws:ssm:us-east-1:123456789012:document/*"),
    ],
)
def test_no_wildcard_of_a_config_gets_into_a_permission(deploys: Deploys, calendar: str) -> None:
    with pytest.raises(ConfigError, match="would widen a permission"):
        list(surroundings(NAMES, deploys, calendar))
