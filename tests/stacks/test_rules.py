from typing import Any

import pytest

from stacks.catalog import CATALOG
from stacks.patterns import rules
from tests.stacks.conftest import ALARMS
from tests.stacks.template import Template

RUNBOOK = CATALOG[0]


def of(template: Template, kind: str) -> list[Any]:
    """Return, per rule of the catalogue, the one resource that names it."""
    return [
        next(found for found in template.all(kind) if rule["Name"] in str(found))
        for rule in template.all("Events::Rule")
    ]


def probe(template: Template) -> str:
    """Return the name of the one rule that starts no runbook (test_system_functions.py)."""
    return f"{template.config.environment}-remediation-probe-dependencies-schedule1"


def sweep(template: Template) -> str:
    """Return the name of the one rule that starts no runbook (test_system_functions.py)."""
    return f"{template.config.environment}-remediation-sweep-alarms-schedule1"


def test_there_is_a_rule_per_trigger_that_is_not_a_person(template: Template) -> None:
    config = template.config
    wanted = [
        f"{config.environment}-remediation-{runbook.name}-{rule.kind}{number}"
        for runbook in CATALOG
        for number, rule in enumerate(rules(runbook, config.place, config.runbooks[runbook.name].settings), start=1)
    ]
    assert [rule["Name"] for rule in template.all("Events::Rule")] == [*wanted, probe(template), sweep(template)]
    assert {rule["State"] for rule in template.all("Events::Rule")} == {"ENABLED"}


def test_a_rule_starts_the_alias_and_gives_up_when_the_event_is_stale(template: Template) -> None:
    for rule in template.all("Events::Rule"):
        (target,) = rule["Targets"]
        assert target["Arn"] == "Lambda::Alias live"
        assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 3}
        assert target["DeadLetterConfig"]["Arn"].startswith(f"SQS::Queue {template.config.environment}-remediation-")


def test_only_this_rule_of_this_account_may_invoke_the_alias(template: Template) -> None:
    permissions = template.all("Lambda::Permission")
    assert len(permissions) == len(template.all("Events::Rule"))
    for rule, permission in zip(template.all("Events::Rule"), of(template, "Lambda::Permission"), strict=True):
        assert permission == {
            "Action": "lambda:InvokeFunction",
            "FunctionName": "Lambda::Alias live",
            "Principal": "events.amazonaws.com",
            "SourceAccount": template.config.account,
            "SourceArn": f"Events::Rule {rule['Name']}.Arn",
        }


def test_alarms_that_a_topic_has_already_start_the_alias_too(loud: Template) -> None:
    (subscription, *_) = [one for one in loud.all("SNS::Subscription") if one["Protocol"] == "lambda"]
    queue = f"SQS::Queue dev-remediation-{RUNBOOK.name}-dlq.Arn"
    assert subscription == {
        "TopicArn": ALARMS,
        "Protocol": "lambda",
        "Endpoint": "Lambda::Alias live",
        "RedrivePolicy": {"deadLetterTargetArn": queue},
    }
    permission = loud.one("Lambda::Permission", Principal="sns.amazonaws.com")
    assert (permission["SourceArn"], permission["SourceAccount"]) == (ALARMS, "123456789012")
    assert permission["FunctionName"] == "Lambda::Alias live"


def test_only_this_rule_of_this_account_may_use_the_dead_letter_queue(template: Template) -> None:
    for rule, policy in zip(template.all("Events::Rule"), of(template, "SQS::QueuePolicy"), strict=True):
        allowed = [
            statement
            for statement in policy["PolicyDocument"]["Statement"]
            if statement["Effect"] == "Allow" and rule["Name"] in str(statement)
        ]
        assert [(one["Principal"], one["Action"], one["Condition"]) for one in allowed] == [
            (
                {"Service": "events.amazonaws.com"},
                "sqs:SendMessage",
                {
                    "ArnEquals": {"aws:SourceArn": f"Events::Rule {rule['Name']}.Arn"},
                    "StringEquals": {"aws:SourceAccount": template.config.account},
                },
            )
        ]


@pytest.mark.parametrize("kind", ["SQS::QueuePolicy", "SNS::TopicPolicy"])
def test_no_policy_lets_everybody_in_and_each_refuses_without_tls(template: Template, kind: str) -> None:
    for policy in template.all(kind):
        statements = policy["PolicyDocument"]["Statement"]
        refusals = [one for one in statements if one["Effect"] == "Deny"]
        assert [one["Condition"] for one in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}]
        for statement in statements:
            if statement["Effect"] == "Allow":
                assert list(statement["Principal"]) == ["Service"]
                assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": template.config.account}


def test_a_queue_is_encrypted_and_keeps_two_weeks(template: Template) -> None:
    queues = template.all("SQS::Queue")
    writer = ("atlas-writer",) if template.config.writing else ()
    system = ("probe-dependencies", *writer, "sweep-alarms", "escalate-incident")
    assert [queue["QueueName"] for queue in queues] == [
        f"{template.config.environment}-remediation-{name}-dlq"
        for name in (*(runbook.name for runbook in CATALOG), *system)
    ]
    for queue in queues:
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
