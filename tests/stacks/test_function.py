from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.spec import AnyRunbook, Guardrails, answers_in_time
from stacks.catalog import CATALOG
from stacks.runbook_function import execution_timeout
from tests.stacks.template import Properties, Template
from tests.support.toy import LIGHT_THE_LAMPS

EVERY = pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)


def function(template: Template, runbook: AnyRunbook) -> Properties:
    return template.one("Lambda::Function", FunctionName=f"{template.config.environment}-{runbook.name}")


@EVERY
def test_a_function_is_durable_for_as_long_as_a_synchronous_invocation_may_take(
    template: Template, runbook: AnyRunbook
) -> None:
    in_time = 15 * 60 if answers_in_time(runbook, template.config.runbooks[runbook.name].ask_first) else None
    durable = function(template, runbook)["DurableConfig"]
    assert durable["RetentionPeriodInDays"] == 30
    assert durable["ExecutionTimeout"] == (in_time or execution_timeout(runbook).total_seconds())


def test_where_people_are_asked_a_run_may_wait_for_them_once_for_each_act() -> None:
    guardrails = Guardrails(heal_within=timedelta(minutes=10), max_acts=2)
    asking: AnyRunbook = replace(LIGHT_THE_LAMPS, guardrails=guardrails, asks=("tap",))
    assert execution_timeout(asking) == timedelta(hours=4, minutes=15)


def test_a_runbook_that_nobody_invokes_may_take_longer() -> None:
    triggers = tuple(trigger for trigger in LIGHT_THE_LAMPS.triggers if type(trigger).__name__ != "Manual")
    guardrails = Guardrails(heal_within=timedelta(hours=2))
    unattended: AnyRunbook = replace(LIGHT_THE_LAMPS, triggers=triggers, guardrails=guardrails)
    assert execution_timeout(LIGHT_THE_LAMPS) == timedelta(minutes=15)
    assert execution_timeout(unattended) == timedelta(hours=2, minutes=5)


@EVERY
def test_a_function_runs_its_own_room_with_the_runtime_and_the_packages_of_lambda(
    template: Template, runbook: AnyRunbook
) -> None:
    properties = function(template, runbook)
    assert properties["Handler"] == f"{runbook.package}.handler.handler"
    assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["arm64"])
    assert (properties["Timeout"], properties["MemorySize"]) == (120, 512)
    assert properties["Layers"] == ["Lambda::LayerVersion"] * (2 + len(runbook.speaks))


@EVERY
def test_the_runtime_reads_back_what_the_config_says(template: Template, runbook: AnyRunbook) -> None:
    variables = function(template, runbook)["Environment"]["Variables"]
    config = template.config
    deployment = msgspec.json.decode(variables[DEPLOYMENT], type=Deployment)
    assert msgspec.json.decode(variables[SETTINGS], type=runbook.settings) == config.runbooks[runbook.name].settings
    assert (deployment.place, deployment.mode) == (config.place, config.runbooks[runbook.name].mode)
    assert deployment.ledger == template.one("DynamoDB::Table")["TableName"]
    assert not deployment.drills_act
    arn = f"arn:aws:sns:{config.region}:{config.account}:"
    topics = {arn + topic["TopicName"] for topic in template.all("SNS::Topic")}
    assert {deployment.outcomes, *(contact.topic for contact in deployment.contacts.values())} == topics
    assert {team: contact.response for team, contact in deployment.contacts.items()} == {
        team: contact.response for team, contact in config.contacts.by_team().items()
    }


@EVERY
def test_rules_and_people_invoke_a_version_that_outlives_a_deploy(template: Template, runbook: AnyRunbook) -> None:
    name = f"Lambda::Function {template.config.environment}-{runbook.name}"
    alias = template.one("Lambda::Alias", FunctionName=name)
    assert (alias["Name"], alias["FunctionVersion"]) == ("live", "Lambda::Version.Version")
    versions = [resource for resource in template.resources if resource.type == "AWS::Lambda::Version"]
    assert {version.deletion for version in versions} == {"Retain"}, "a run stays on the version that it started on"


@EVERY
def test_what_lambda_cannot_carry_out_goes_to_the_dead_letter_queue(template: Template, runbook: AnyRunbook) -> None:
    environment = template.config.environment
    queue = f"SQS::Queue {environment}-remediation-{runbook.name}-dlq.Arn"
    assert function(template, runbook)["DeadLetterConfig"] == {"TargetArn": queue}
    name = f"Lambda::Function {environment}-{runbook.name}"
    assert template.one("Lambda::EventInvokeConfig", FunctionName=name) == {
        "FunctionName": name,
        "Qualifier": "live",
        "MaximumEventAgeInSeconds": 300,
        "MaximumRetryAttempts": 1,
    }, "and no destination: Lambda supports none on durable functions"


def test_concurrency_is_reserved_only_where_the_config_says(template: Template, loud: Template) -> None:
    for properties in template.all("Lambda::Function"):
        one_at_a_time = properties["FunctionName"].endswith("-atlas-writer")
        assert properties.get("ReservedConcurrentExecutions") == (1 if one_at_a_time else None)
    for runbook in CATALOG:
        properties = function(loud, runbook)
        assert (properties["ReservedConcurrentExecutions"], properties["MemorySize"]) == (2, 1024)


def test_a_rehearsal_acts_only_where_the_config_says(loud: Template) -> None:
    for runbook in CATALOG:
        variables = function(loud, runbook)["Environment"]["Variables"]
        deployment = msgspec.json.decode(variables[DEPLOYMENT], type=Deployment)
        assert deployment.drills_act


@EVERY
def test_a_function_logs_into_its_own_encrypted_group_that_forgets(template: Template, runbook: AnyRunbook) -> None:
    name = f"/aws/lambda/{template.config.environment}-{runbook.name}"
    group = template.one("Logs::LogGroup", LogGroupName=name)
    assert group["RetentionInDays"] == template.config.log_retention_days
    assert group["KmsKeyId"] == "KMS::Key.Arn"
    assert function(template, runbook)["LoggingConfig"] == {"LogGroup": f"Logs::LogGroup {name}"}
