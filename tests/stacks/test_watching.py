"""Alarms, the dashboard, and the SSM documents."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest

from remediation.core.spec import AnyRunbook, fill
from remediation.core.verdict import Approval
from remedy.patterns import matches
from stacks.catalog import CATALOG
from stacks.documents import content
from stacks.permissions import documents
from stacks.runbook_function import asking
from tests.conftest import ROOT
from tests.stacks.conftest import CI_LOGS
from tests.stacks.template import Properties, Template

EVERY = pytest.mark.parametrize("runbook", CATALOG, ids=lambda runbook: runbook.name)


def dimensions(alarm: Properties) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}


@EVERY
def test_a_runbooks_alarms_watch_their_metric_with_every_dimension(template: Template, runbook: AnyRunbook) -> None:
    config = template.config
    settings = config.runbooks[runbook.name].settings
    for declared in runbook.alarms_in(settings):
        alarm = template.one("CloudWatch::Alarm", AlarmName=f"{config.environment}-remediation-{declared.name}")
        assert dimensions(alarm) == {
            name: fill(value, config.place, settings) for name, value in declared.dimensions.items()
        }
        namespace = fill(declared.namespace, config.place, settings)
        assert (alarm["Namespace"], alarm["MetricName"]) == (namespace, declared.metric)
        assert (alarm["Statistic"], alarm["Period"]) == (declared.statistic, declared.period.total_seconds())
        assert (alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (declared.evaluate, declared.breach)
        comparison = "LessThanThreshold" if declared.below else "GreaterThanOrEqualToThreshold"
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, declared.limit(settings))
        assert alarm["TreatMissingData"] == "notBreaching"


def test_the_alarm_on_unhealthy_targets_can_fire(dev: Template) -> None:
    alarm = dev.one("CloudWatch::Alarm", AlarmName="dev-remediation-unhealthy-targets")
    assert dimensions(alarm) == {
        "TargetGroup": "targetgroup/dev-backend-tg-v2/50dc6c495c0c9188",
        "LoadBalancer": "app/dev-alb-v2/50dc6c495c0c9188",
    }


def test_the_alarm_on_too_few_instances_fires_below_the_groups_minimum_and_not_at_it(dev: Template) -> None:
    """AWS compares with what the settings say; without the group's metrics there is nothing to compare, and it is quiet."""
    alarm = dev.one("CloudWatch::Alarm", AlarmName="dev-remediation-too-few-in-service")
    assert dimensions(alarm) == {"AutoScalingGroupName": "dev-backend-asg"}
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 2)
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (60, 15, 15)


def test_the_alarm_on_instances_that_come_and_go_counts_the_periods_in_which_some_were_missing(dev: Template) -> None:
    alarm = dev.one("CloudWatch::Alarm", AlarmName="dev-remediation-instances-come-and-go")
    assert dimensions(alarm) == {"AutoScalingGroupName": "dev-backend-asg"}
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["Statistic"]) == ("LessThanThreshold", 2, "Minimum")
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (300, 12, 6)


def test_lines_of_ci_start_the_runbook_where_their_log_group_is_said(loud: Template) -> None:
    """One rule, one alarm and one metric filter on the group, all of the same metric."""
    alarm = loud.one("CloudWatch::Alarm", AlarmName="dev-remediation-state-lock-error")
    counted = loud.one("Logs::MetricFilter", FilterName="dev-remediation-state-lock-error")
    assert (counted["LogGroupName"], counted["FilterPattern"]) == (CI_LOGS, '"Error acquiring the state lock"')
    (made,) = counted["MetricTransformations"]
    assert (made["MetricNamespace"], made["MetricName"], made["MetricValue"]) == (
        alarm["Namespace"],
        alarm["MetricName"],
        "1",
    )
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == (
        "Remediation/dev",
        "StateLockErrors",
        "Sum",
    )
    assert dimensions(alarm) == {}, "a filter on lines cannot give any"
    rule = loud.one("Events::Rule", Name="dev-remediation-clear-stale-lock-alarm2")
    event = json.loads((ROOT / "events" / "clear-stale-lock" / "alarm.json").read_text())
    assert matches(rule["EventPattern"], event)
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]["namespace"] = "Remediation/prod"
    assert not matches(rule["EventPattern"], event)


def test_one_such_line_keeps_the_alarm_on_for_longer_than_a_person_is_asked(loud: Template) -> None:
    alarm = loud.one("CloudWatch::Alarm", AlarmName="dev-remediation-state-lock-error")
    assert alarm["DatapointsToAlarm"] == 1
    assert timedelta(seconds=alarm["Period"] * alarm["EvaluationPeriods"]) > Approval().expires


def test_without_that_log_group_nothing_of_it_is_made(template: Template) -> None:
    assert not template.all("Logs::MetricFilter")
    assert not [each for each in template.all("CloudWatch::Alarm") if each["AlarmName"].endswith("state-lock-error")]
    assert not [each for each in template.all("Events::Rule") if "clear-stale-lock-alarm" in each["Name"]]


WATCHED = {
    "dlq": ("ApproximateNumberOfMessagesVisible", "Maximum"),
    "errors": ("Errors", "Sum"),
    "throttles": ("Throttles", "Sum"),
    "lost": ("DeadLetterErrors", "Sum"),
    "failed": ("DurableExecutionFailed", "Sum"),
    "timed-out": ("DurableExecutionTimedOut", "Sum"),
    "too-long": ("DurableExecutionDuration", "Maximum"),
}


@EVERY
@pytest.mark.parametrize("name", WATCHED)
def test_a_function_that_does_not_heal_pages_a_person(template: Template, runbook: AnyRunbook, name: str) -> None:
    config = template.config
    alarm = template.one("CloudWatch::Alarm", AlarmName=f"{config.environment}-remediation-{runbook.name}-{name}")
    asked = asking(runbook, config.runbooks[runbook.name].ask_first)
    too_long = (runbook.guardrails.heal_within + asked + timedelta(minutes=2)).total_seconds() * 1000
    assert (alarm["MetricName"], alarm["Statistic"]) == WATCHED[name]
    assert alarm["Threshold"] == (too_long if name == "too-long" else 1)
    queue = {"QueueName": f"{config.environment}-remediation-{runbook.name}-dlq"}
    function = {"FunctionName": f"{config.environment}-{runbook.name}"}
    assert dimensions(alarm) == (queue if name == "dlq" else function)
    topic = f"arn:aws:sns:{config.region}:{config.account}:{config.environment}-remediation-infrastructure"
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_run_is_too_long_before_lambda_ends_it(template: Template) -> None:
    environment = template.config.environment
    for runbook in CATALOG:
        properties = template.one("Lambda::Function", FunctionName=f"{environment}-{runbook.name}")
        alarm = template.one("CloudWatch::Alarm", AlarmName=f"{environment}-remediation-{runbook.name}-too-long")
        assert alarm["Threshold"] <= properties["DurableConfig"]["ExecutionTimeout"] * 1000


def test_the_dashboard_has_a_row_per_runbook(template: Template) -> None:
    board = template.one("CloudWatch::Dashboard")
    widgets = json.loads(board["DashboardBody"])["widgets"]
    assert board["DashboardName"] == f"{template.config.environment}-remediation"
    titles = [widget for widget in widgets if widget["type"] == "text"]
    system = 3 + bool(template.config.writing)
    assert len(titles) == len(CATALOG) + system, "and one for each system function (test_system_functions.py)"
    for runbook, title in zip(CATALOG, titles, strict=False):
        mode = template.config.runbooks[runbook.name].mode
        assert title["properties"]["markdown"].startswith(f"## {runbook.name} ({mode})")
        row = [widget for widget in widgets if widget["y"] == title["y"] + title["height"]]
        assert [widget["properties"]["title"] for widget in row] == [
            "Outcomes",
            "How long runs were open (ms)",
            "Trouble",
        ]
        assert {widget["properties"]["region"] for widget in row} == {template.config.region}
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets)


@EVERY
def test_documents_that_change_something_are_deployed_only_where_the_runbook_acts(
    template: Template, runbook: AnyRunbook
) -> None:
    config = template.config
    mode = config.runbooks[runbook.name].mode
    names = {document["Name"] for document in template.all("SSM::Document")}
    for document in runbook.documents:
        name = f"{config.environment}-remediation-{document.name}"
        assert (name in names) == (mode == "act" or not document.mutates)


@EVERY
def test_a_document_is_the_declared_script_with_patterned_variables(template: Template, runbook: AnyRunbook) -> None:
    for declared in documents(runbook, template.config.runbooks[runbook.name].mode):
        document = template.one("SSM::Document", Name=f"{template.config.environment}-remediation-{declared.name}")
        assert (document["DocumentType"], document["UpdateMethod"]) == ("Command", "NewVersion")
        assert document["Content"] == content(declared)
        body = document["Content"]
        assert body["schemaVersion"] == "2.2"
        assert set(body["parameters"]) == set(declared.parameters)
        for name, parameter in body["parameters"].items():
            assert parameter["interpolationType"] == "ENV_VAR", "a value never is text of the script"
            assert parameter["allowedPattern"] == declared.parameters[name]
            assert re.fullmatch(r"\^.*\$", parameter["allowedPattern"])
        (step,) = body["mainSteps"]
        assert step["action"] == "aws:runShellScript"
        assert "\n".join(step["inputs"]["runCommand"]) == declared.script.rstrip("\n")
        assert step["inputs"]["timeoutSeconds"] == str(round(declared.timeout.total_seconds()))
