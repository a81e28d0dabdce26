"""A role holds exactly what is declared, what the engine needs, and nothing else."""

from typing import Any

import pytest

from remediation.core.spec import Allow, AnyRunbook, fill
from stacks.catalog import CATALOG
from tests.stacks.template import Template

KEY = frozenset({"KMS::Key.Arn"})


def role(template: Template, runbook: AnyRunbook) -> dict[str, Any]:
    return next(role for role in template.all("IAM::Role") if role["Description"].startswith(f"{runbook.name} "))


def flat(template: Template, runbook: AnyRunbook) -> list[tuple[str, str, Any]]:
    """Return what a role allows as (action, resource, condition), without the engine's part."""
    engine = engine_statements(template, runbook)
    return [
        (action, resource, statement["Condition"])
        for statement in template.statements(role(template, runbook))
        if statement not in engine
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]


def engine_statements(template: Template, runbook: AnyRunbook) -> list[dict[str, Any]]:
    place = template.config.place
    own, here = f"{place.environment}-{runbook.name}", f"{place.region}:{place.account}"
    topics = ("outcomes", "infrastructure", "database", "application", "critical")

    def statement(actions: set[str], *resources: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
        return {"Action": frozenset(actions), "Resource": frozenset(resources), "Condition": condition or {}}

    return [
        statement(
            {"dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:UpdateItem"},
            f"arn:aws:dynamodb:{here}:table/{place.environment}-remediation-ledger",
        ),
        statement(
            {"sns:Publish"}, *(f"arn:aws:sns:{here}:{place.environment}-remediation-{topic}" for topic in topics)
        ),
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
            {"lambda:CheckpointDurableExecution", "lambda:GetDurableExecutionState"},
            f"arn:aws:lambda:{here}:function:{own}:*",
        ),
        statement({"logs:CreateLogStream", "logs:PutLogEvents"}, f"arn:aws:logs:{here}:log-group:/aws/lambda/{own}:*"),
        statement({"sqs:SendMessage"}, f"arn:aws:sqs:{here}:{place.environment}-remediation-{runbook.name}-dlq"),
    ]


def wanted(template: Template, runbook: AnyRunbook, allows: tuple[Allow, ...]) -> list[tuple[str, str, Any]]:
    place, settings = template.config.place, template.config.runbooks[runbook.name].settings
    return [
        (
            allow.action,
            fill(allow.on, place, settings),
            {
                operator: {key: fill(value, place, settings) for key, value in block.items()}
                for operator, block in allow.when.items()
            },
        )
        for allow in allows
    ]


def ordered(statements: list[tuple[str, str, Any]]) -> list[tuple[str, str, Any]]:
    unique = [statement for n, statement in enumerate(statements) if statement not in statements[:n]]
    return sorted(unique, key=repr)


@pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)
def test_the_engine_gets_exactly_what_it_needs(template: Template, runbook: AnyRunbook) -> None:
    deployed = template.statements(role(template, runbook))
    assert [statement for statement in deployed if statement in engine_statements(template, runbook)] == (
        engine_statements(template, runbook)
    )


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


def test_nothing_is_allowed_twice(template: Template) -> None:
    for properties in template.all("IAM::Role"):
        statements = template.statements(properties)
        assert all(statement not in statements[:n] for n, statement in enumerate(statements))


def test_there_is_one_role_per_function_for_lambda_only_and_no_policy_beside_it(template: Template) -> None:
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
    assert not template.all("IAM::ManagedPolicy")


def test_nothing_is_allowed_to_every_action(template: Template) -> None:
    for properties in template.all("IAM::Role"):
        for statement in template.statements(properties):
            assert not [action for action in statement["Action"] if "*" in action]
