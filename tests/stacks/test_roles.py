"""A role holds exactly what is declared, what the engine needs, and nothing else."""

import re
from typing import Any

import pytest

from remediation.core.spec import Allow, AnyRunbook, filled
from stacks.catalog import CATALOG
from tests.stacks.template import Template

KEY = frozenset({"KMS::Key.Arn"})


def role(template: Template, runbook: AnyRunbook) -> dict[str, Any]:
    return next(role for role in template.all("IAM::Role") if role["Description"].startswith(f"{runbook.name} "))


def policy(template: Template, role: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the statements of one of a role's policies."""
    return template.statements({"Policies": [each for each in role["Policies"] if each["PolicyName"] == name]})


def flat(template: Template, runbook: AnyRunbook) -> list[tuple[str, str, Any]]:
    """Return what a role allows as (action, resource, condition), without the engine's part."""
    return [
        (action, resource, statement["Condition"])
        for statement in policy(template, role(template, runbook), "runbook")
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def statement(actions: set[str], *resources: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"Action": frozenset(actions), "Resource": frozenset(resources), "Condition": condition or {}}


def in_order(statement: dict[str, Any]) -> tuple[list[str], list[str], str]:
    """Return what statements are sorted by."""
    return sorted(statement["Action"]), sorted(statement["Resource"]), repr(statement["Condition"])


def common_statements(template: Template, name: str, *writes: str, checks: bool = False) -> list[dict[str, Any]]:
    """Return what every function needs: the ledger, people, the alarms, its log and its dead letters.

    Only runs check one item of the ledger while they write another.
    """
    place = template.config.place
    here, ours = f"{place.region}:{place.account}", f"{place.environment}-remediation"
    ledger = f"arn:aws:dynamodb:{here}:table/{ours}-ledger"
    topics = ("outcomes", "infrastructure", "database", "application", "critical")
    return [
        statement({"dynamodb:GetItem", *(["dynamodb:ConditionCheckItem"] if checks else [])}, ledger),
        statement(
            {"dynamodb:UpdateItem"},
            ledger,
            condition={
                "ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{kind}#*" for kind in writes]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        ),
        statement({"sns:Publish"}, *(f"arn:aws:sns:{here}:{ours}-{topic}" for topic in topics)),
        *(
            statement(
                {"kms:Decrypt", "kms:GenerateDataKey"},
                *KEY,
                condition={"StringEquals": {"kms:ViaService": f"{service}.{place.region}.amazonaws.com"}},
            )
            for service in ("dynamodb", "sns")
        ),
        statement({"cloudwatch:DescribeAlarms"}, f"arn:aws:cloudwatch:{here}:alarm:*"),
        statement(
            {"logs:CreateLogStream", "logs:PutLogEvents"},
            f"arn:aws:logs:{here}:log-group:/aws/lambda/{place.environment}-{name}:*",
        ),
        statement({"sqs:SendMessage"}, f"arn:aws:sqs:{here}:{ours}-{name}-dlq"),
    ]


def durable(template: Template, name: str) -> dict[str, Any]:
    return statement(
        {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"}, executions(template, name)
    )


def executions(template: Template, name: str) -> str:
    place = template.config.place
    return f"arn:aws:lambda:{place.region}:{place.account}:function:{place.environment}-{name}:*"


def follow_up(template: Template) -> dict[str, Any]:
    return statement({"lambda:InvokeFunction"}, executions(template, "escalate-incident").removesuffix("*") + "live")


def engine_statements(template: Template, runbook: AnyRunbook) -> list[dict[str, Any]]:
    place = template.config.place
    kinds: tuple[str, ...] = ("EVENT", "RUN", "RESOURCE", "BUDGET", "CIRCUIT", "APPROVAL", "INCIDENT")
    kinds += ("SEEN",) if runbook.sightings else ()
    lock = f"{place.environment}-starttech-terraform-state-{place.account}/starttech/terraform.tfstate"
    deploys = [
        statement({"autoscaling:DescribeInstanceRefreshes"}, "*"),
        statement(
            {"dynamodb:GetItem"},
            f"arn:aws:dynamodb:{place.region}:{place.account}:table/{place.environment}-starttech-terraform-locks",
            condition={
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [lock]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        ),
    ]
    return [
        *common_statements(template, runbook.name, *kinds, checks=True),
        durable(template, runbook.name),
        follow_up(template),
        *(deploys if "deploy" in runbook.yields_to else []),
        *(
            backups(template, runbook)
            if runbook.snapshots and template.config.runbooks[runbook.name].mode == "act"
            else []
        ),
        *(standing(template) if runbook.speaks else []),
    ]


def backups(template: Template, runbook: AnyRunbook) -> list[dict[str, Any]]:
    """Return what it takes to have a fresh snapshot before an act, beyond what the runbook may look at anyway."""
    own = {allow.action for allow in runbook.reads}
    place = template.config.place
    here = f"{place.region}:{place.account}"
    kinds = {
        "DescribeCacheClusters": "cluster",
        "DescribeReplicationGroups": "replicationgroup",
        "DescribeServerlessCaches": "serverlesscache",
        "DescribeServerlessCacheSnapshots": "serverlesscachesnapshot",
        "DescribeSnapshots": "snapshot",
    }
    return [
        *(
            statement({f"elasticache:{action}"}, f"arn:aws:elasticache:{here}:{kind}:*")
            for action, kind in kinds.items()
            if f"elasticache:{action}" not in own
        ),
        statement({"lambda:InvokeFunction"}, executions(template, "snapshot-redis").removesuffix("*") + "live"),
    ]


def standing(template: Template) -> list[dict[str, Any]]:
    """Return what Lambda needs to put a function into the VPC."""
    place, network = template.config.place, template.config.network
    assert network is not None
    ec2 = f"arn:aws:ec2:{place.region}:{place.account}"
    return [
        statement(
            {"ec2:CreateNetworkInterface"},
            *(f"{ec2}:subnet/{id_}" for id_ in network.subnets),
            *(f"{ec2}:security-group/{id_}" for id_ in network.security_groups),
            f"{ec2}:network-interface/*",
        ),
        statement(
            {"ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"},
            f"{ec2}:*/*",
        ),
        statement({"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}, "*"),
    ]


def sweep_statements(template: Template) -> list[dict[str, Any]]:
    place = template.config.place
    here = f"{place.region}:{place.account}"
    runs = [executions(template, name) for name in template.config.runbooks]
    return [
        *common_statements(template, "sweep-alarms", "CIRCUIT", "DOCTOR", "INCIDENT", "RESOURCE", "RUN"),
        follow_up(template),
        statement(
            {"dynamodb:Query"}, f"arn:aws:dynamodb:{here}:table/{place.environment}-remediation-ledger/index/runs"
        ),
        statement(
            {"cloudwatch:GetAlarmMuteRule", "cloudwatch:ListAlarmMuteRules"},
            f"arn:aws:cloudwatch:{here}:alarm-mute-rule:*",
        ),
        statement({"cloudwatch:ListMetrics"}, "*"),
        statement(
            {"events:PutEvents"},
            f"arn:aws:events:{here}:event-bus/default",
            condition={"StringEquals": {"events:source": "starttech.sweep"}},
        ),
        statement({"lambda:GetDurableExecution"}, *runs),
        statement({"lambda:SendDurableExecutionCallbackSuccess"}, executions(template, "escalate-incident")),
    ]


def escalation_statements(template: Template) -> list[dict[str, Any]]:
    name = "escalate-incident"
    return [*common_statements(template, name, "INCIDENT"), durable(template, name)]


def wanted(template: Template, runbook: AnyRunbook, allows: tuple[Allow, ...]) -> list[tuple[str, str, Any]]:
    place, settings = template.config.place, template.config.runbooks[runbook.name].settings
    return [
        (each.action, each.on, {operator: dict(block) for operator, block in each.when.items()})
        for allow in allows
        for each in filled(allow, place, settings)
    ]


def ordered(statements: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    unique = [statement for n, statement in enumerate(statements) if statement not in statements[:n]]
    return sorted(unique, key=repr)


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_the_engine_gets_exactly_what_it_needs(template: Template, runbook: AnyRunbook) -> None:
    """What the runbook has declared itself stands in its own policy, and only there."""
    deployed = policy(template, role(template, runbook), "engine")
    stated = policy(template, role(template, runbook), "runbook")
    needed = [each for each in engine_statements(template, runbook) if each not in stated]
    assert sorted(deployed, key=in_order) == sorted(needed, key=in_order)


def test_the_sweep_and_the_follow_up_get_exactly_what_they_need(template: Template) -> None:
    for name, needed in (("sweep-alarms", sweep_statements), ("escalate-incident", escalation_statements)):
        (found,) = [each for each in template.all("IAM::Role") if each["Description"].startswith(f"{name} in ")]
        assert sorted(template.statements(found), key=in_order) == sorted(needed(template), key=in_order)


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_where_it_acts_a_role_holds_exactly_the_declared_reads_and_writes(dev: Template, runbook: AnyRunbook) -> None:
    assert ordered(flat(dev, runbook)) == ordered(wanted(dev, runbook, (*runbook.reads, *runbook.writes)))


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
@pytest.mark.parametrize("environment", ["observed", "prod"])
def test_where_it_observes_a_role_holds_exactly_the_declared_reads(
    environment: str, runbook: AnyRunbook, request: pytest.FixtureRequest
) -> None:
    template: Template = request.getfixturevalue(environment)
    assert ordered(flat(template, runbook)) == ordered(wanted(template, runbook, runbook.reads))


LOOKS = re.compile(r"[a-z0-9-]+:(BatchGet|ConditionCheck|Describe|Get|Head|List|Lookup|Query)")
TELLS = {
    "dynamodb:UpdateItem",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lambda:CheckpointDurableExecution",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sns:Publish",
    "sqs:SendMessage",
}
"""What a function needs to run, to keep its books and to tell people, whatever it does."""


@pytest.mark.parametrize("runbook", [each for each in CATALOG if not each.actions], ids=lambda runbook: runbook.name)
def test_a_runbook_that_only_looks_may_change_nothing_but_the_ledger(template: Template, runbook: AnyRunbook) -> None:
    statements = template.statements(role(template, runbook))
    allowed = {action for each in statements for action in each["Action"]}
    assert {action for action in allowed if not LOOKS.match(action)} == TELLS
    (table,) = {
        resource for each in statements if "dynamodb:UpdateItem" in each["Action"] for resource in each["Resource"]
    }
    assert table.endswith("-remediation-ledger")


def test_nothing_is_allowed_twice(template: Template) -> None:
    for properties in template.all("IAM::Role"):
        statements = template.statements(properties)
        assert [each for n, each in enumerate(statements) if each in statements[:n]] == []


def test_there_is_one_role_per_function_for_lambda_only_and_no_policy_beside_it_but_the_boundary(
    template: Template,
) -> None:
    roles = template.all("IAM::Role")
    assert len(roles) == len(template.all("Lambda::Function"))
    for properties in roles:
        assert "ManagedPolicyArns" not in properties
        (trust,) = properties["AssumeRolePolicyDocument"]["Statement"]
        assert trust == {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    assert not template.all("IAM::Policy")
    assert [policy["ManagedPolicyName"] for policy in template.all("IAM::ManagedPolicy")] == [
        f"{template.config.environment}-remediation-boundary"
    ]


def test_nothing_is_allowed_to_every_action(template: Template) -> None:
    for properties in template.all("IAM::Role"):
        for statement in template.statements(properties):
            assert not [action for action in statement["Action"] if "*" in action]
