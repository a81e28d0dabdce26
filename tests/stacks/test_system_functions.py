"""The functions that belong to no runbook: what starts them, how long they may take, and who hears when they are silent."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from remediation.adapters.sweeping import NAME
from remediation.core.dependencies import Dependencies, Probing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.gates import LARGEST_AGE
from remediation.core.parsing import parse
from remediation.core.spec import OnAlarm
from remediation.core.sweep import LOST_AFTER, SweepSettings, answering, detail
from remediation.core.triggers import AlarmRaised, Scheduled
from remedy.patterns import matches
from stacks.catalog import CATALOG
from stacks.live_function import LARGEST_ENVIRONMENT, EnvironmentTooLargeError, environment_size
from stacks.patterns import event_patterns
from stacks.permissions import ESCALATION, PROBE, SWEEP
from stacks.runbook_function import execution_timeout
from stacks.system_function import SWEEP_EVERY, sweep_settings
from tests.conftest import ROOT
from tests.core.test_sweep import ALARM
from tests.house.test_imports import CDK, loaded_by
from tests.stacks.template import Properties, Template, synthesise

EVERY = pytest.mark.parametrize("name", [SWEEP, ESCALATION, PROBE])


def function(template: Template, name: str) -> Properties:
    return template.one("Lambda::Function", FunctionName=f"{template.config.environment}-{name}")


def alarm(template: Template, name: str) -> Properties:
    return template.one("CloudWatch::Alarm", AlarmName=f"{template.config.environment}-remediation-{name}")


@EVERY
def test_a_system_function_runs_its_own_room_behind_the_alias(template: Template, name: str) -> None:
    properties = function(template, name)
    package = name.replace("-", "_")
    assert properties["Handler"] == f"{package}.handler.handler"
    assert (properties["Runtime"], properties["Timeout"], properties["MemorySize"]) == ("python3.13", 120, 512)
    called = f"Lambda::Function {template.config.environment}-{name}"
    assert template.one("Lambda::Alias", FunctionName=called)["Name"] == "live"


@EVERY
def test_a_system_function_knows_where_it_is_and_whom_to_tell(template: Template, name: str) -> None:
    deployment = msgspec.json.decode(function(template, name)["Environment"]["Variables"][DEPLOYMENT], type=Deployment)
    config = template.config
    assert (deployment.place, deployment.watched, deployment.limits) == (config.place, config.watched, config.limits)
    assert deployment.ledger == template.one("DynamoDB::Table")["TableName"]
    assert {team: contact.response for team, contact in deployment.contacts.items()} == {
        team: contact.response for team, contact in config.contacts.by_team().items()
    }


@EVERY
def test_what_cannot_be_started_is_kept_and_logs_are_encrypted(template: Template, name: str) -> None:
    environment = template.config.environment
    queue = f"SQS::Queue {environment}-remediation-{name}-dlq.Arn"
    assert function(template, name)["DeadLetterConfig"] == {"TargetArn": queue}
    group = template.one("Logs::LogGroup", LogGroupName=f"/aws/lambda/{environment}-{name}")
    assert (group["KmsKeyId"], group["RetentionInDays"]) == ("KMS::Key.Arn", template.config.log_retention_days)


def test_the_sweep_is_one_invocation_and_an_escalation_takes_as_long_as_people_do(template: Template) -> None:
    assert "DurableConfig" not in function(template, SWEEP)
    assert function(template, ESCALATION)["DurableConfig"] == {
        "ExecutionTimeout": 26 * 3600,
        "RetentionPeriodInDays": 30,
    }


@pytest.mark.parametrize(("name", "retries"), [(SWEEP, 0), (ESCALATION, 2), (PROBE, 0)])
def test_a_tick_is_not_repeated_and_a_follow_up_that_could_not_be_started_is(
    template: Template, name: str, retries: int
) -> None:
    called = f"Lambda::Function {template.config.environment}-{name}"
    config = template.one("Lambda::EventInvokeConfig", FunctionName=called)
    assert (config["Qualifier"], config["MaximumRetryAttempts"]) == ("live", retries)
    assert config["MaximumEventAgeInSeconds"] == 300


def test_the_sweep_is_started_as_often_as_an_event_may_be_late(template: Template) -> None:
    assert SWEEP_EVERY == LOST_AFTER == LARGEST_AGE
    name = f"{template.config.environment}-remediation-{SWEEP}-schedule1"
    rule = template.one("Events::Rule", Name=name)
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert rule["State"] == "ENABLED"
    assert rule["Targets"][0]["Arn"] == "Lambda::Alias live"


def test_nothing_but_the_schedule_may_start_the_sweep_and_no_rule_may_start_an_escalation(template: Template) -> None:
    sources = [str(permission["SourceArn"]) for permission in template.all("Lambda::Permission")]
    assert sum(SWEEP in source for source in sources) == 1
    assert not any(ESCALATION in source for source in sources)


def test_silence_of_the_sweep_pages_infrastructure(template: Template) -> None:
    config, silent = template.config, alarm(template, f"{SWEEP}-silent")
    assert (silent["Namespace"], silent["MetricName"], silent["Statistic"]) == ("AWS/Lambda", "Invocations", "Sum")
    assert silent["Dimensions"] == [{"Name": "FunctionName", "Value": f"{config.environment}-{SWEEP}"}]
    assert (silent["Period"], silent["EvaluationPeriods"]) == (300, 2)
    assert (silent["ComparisonOperator"], silent["Threshold"]) == ("LessThanThreshold", 1)
    assert silent["TreatMissingData"] == "breaching", "a function that does not run publishes nothing"
    topic = f"arn:aws:sns:{config.region}:{config.account}:{config.environment}-remediation-infrastructure"
    assert silent["AlarmActions"] == silent["OKActions"] == [topic]


@pytest.mark.parametrize(
    ("name", "watches"),
    [
        (SWEEP, {"dlq", "errors", "throttles", "lost", "silent"}),
        (ESCALATION, {"dlq", "errors", "throttles", "lost", "failed", "timed-out"}),
        (PROBE, {"dlq", "errors", "throttles", "lost", "silent"}),
    ],
)
def test_each_is_watched(template: Template, name: str, watches: set[str]) -> None:
    start = f"{template.config.environment}-remediation-{name}-"
    found = {each["AlarmName"] for each in template.all("CloudWatch::Alarm") if each["AlarmName"].startswith(start)}
    assert found == {start + watch for watch in watches}


def test_the_sweep_reads_back_what_it_has_to_know_of_every_runbook(template: Template) -> None:
    config = template.config
    variables = function(template, SWEEP)["Environment"]["Variables"]
    settings = msgspec.json.decode(variables[SETTINGS], type=SweepSettings)
    assert settings == sweep_settings(config, CATALOG)
    for runbook, swept in zip(CATALOG, settings.runbooks, strict=True):
        own = config.runbooks[runbook.name]
        assert (swept.runbook, swept.team, swept.mode) == (runbook.name, runbook.team, own.mode)
        assert swept.limit == execution_timeout(runbook, own.ask_first)
        assert swept.cooldown == runbook.guardrails.cooldown
        assert len(swept.alarms) == sum(isinstance(trigger, OnAlarm) for trigger in runbook.triggers_in(own.settings))


def test_what_the_sweep_is_told_fits_with_four_times_as_many_runbooks(dev: Template) -> None:
    variables = dict(function(dev, SWEEP)["Environment"]["Variables"])
    runbooks = sweep_settings(dev.config, CATALOG).runbooks
    many = SweepSettings(runbooks=runbooks * (12 // len(runbooks)))
    assert environment_size(variables | {SETTINGS: msgspec.json.encode(many).decode()}) < LARGEST_ENVIRONMENT


def test_a_function_that_would_be_told_too_much_is_not_deployed(dev: Template) -> None:
    quiet = tuple(f"dev-{number:095d}" for number in range(40))
    config = replace(dev.config, watched=replace(dev.config.watched, quiet_alarms=quiet))
    with pytest.raises(
        EnvironmentTooLargeError, match=r"would be told .* bytes in environment variables, and Lambda takes 4096"
    ):
        synthesise(config, catalog=CATALOG)


def test_the_sweep_offers_exactly_the_alarms_that_start_a_runbook(dev: Template) -> None:
    name = CATALOG[0].name
    sample = ROOT / "events" / name / "alarm.json"
    parsed = parse(json.loads(sample.read_text()))
    assert isinstance(parsed, AlarmRaised)
    assert parsed.metric is not None
    runbooks = sweep_settings(dev.config, CATALOG).runbooks
    assert [swept.runbook for swept in answering(replace(ALARM, metric=parsed.metric), runbooks)] == [name]
    for dimension in parsed.metric.dimensions:
        other = dict(parsed.metric.dimensions) | {dimension: "prod-something"}
        foreign = replace(ALARM, metric=replace(parsed.metric, dimensions=other))
        without = {key: value for key, value in parsed.metric.dimensions.items() if key != dimension}
        lacking = replace(ALARM, metric=replace(parsed.metric, dimensions=without))
        if dimension in runbooks[0].alarms[0].dimensions:
            assert answering(foreign, runbooks) == answering(lacking, runbooks) == ()


def test_the_dashboard_has_a_row_for_each(template: Template) -> None:
    widgets: list[Any] = json.loads(template.one("CloudWatch::Dashboard")["DashboardBody"])["widgets"]
    titles = [widget for widget in widgets if widget["type"] == "text"]
    for name, title in zip((PROBE, SWEEP, ESCALATION), titles[-3:], strict=True):
        assert title["properties"]["markdown"].startswith(f"## {name}\n")
        row = [widget for widget in widgets if widget["y"] == title["y"] + title["height"]]
        assert len(row) == 3
        assert all(f"{template.config.environment}-{name}" in json.dumps(widget) for widget in row[1:])


def speaking(template: Template) -> list[str]:
    """Return the names of the functions that speak with a dependency themselves."""
    names = [PROBE, *(runbook.name for runbook in CATALOG if runbook.speaks)]
    return [f"{template.config.environment}-{name}" for name in names]


def test_the_probe_stands_where_the_application_does_and_every_other_function_outside(template: Template) -> None:
    network = template.config.network
    assert network is not None
    for properties in template.all("Lambda::Function"):
        stands = properties.get("VpcConfig")
        if properties["FunctionName"] in speaking(template):
            assert stands == {
                "SubnetIds": list(network.subnets),
                "SecurityGroupIds": list(network.security_groups),
            }
        else:
            assert stands is None


def test_only_who_speaks_with_a_dependency_has_its_package(template: Template) -> None:
    layers = {each["FunctionName"]: len(each["Layers"]) for each in template.all("Lambda::Function")}
    probing = f"{template.config.environment}-{PROBE}"
    assert layers.pop(probing) == 4, "it speaks with Redis and with MongoDB"
    for name in {*speaking(template)} - {probing}:
        assert layers.pop(name) == 3
    assert set(layers.values()) == {2}


def test_the_probe_looks_every_minute_at_what_is_configured(template: Template) -> None:
    config = template.config
    rule = template.one("Events::Rule", Name=f"{config.environment}-remediation-{PROBE}-schedule1")
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    told = msgspec.json.decode(function(template, PROBE)["Environment"]["Variables"][SETTINGS], type=Probing)
    assert config.network is not None
    assert told == Probing(dependencies=config.dependencies, networks=config.network.networks)


def test_without_a_network_there_is_no_probe(dev: Template) -> None:
    config = replace(dev.config, network=None, dependencies=Dependencies())
    (template,) = synthesise(config, catalog=CATALOG).templates
    assert not [each for each in template.all("Lambda::Function") if PROBE in each["FunctionName"]]
    assert "network-interface" not in json.dumps([role["Policies"] for role in template.all("IAM::Role")])
    assert PROBE not in template.one("CloudWatch::Dashboard")["DashboardBody"]


def test_the_ticks_metrics_are_counted_under_the_name_that_is_deployed() -> None:
    assert NAME == SWEEP


@EVERY
def test_the_handler_starts_with_what_the_stack_writes_and_loads_no_cdk(dev: Template, name: str) -> None:
    variables = function(dev, name)["Environment"]["Variables"]
    loaded = loaded_by(f"import {name.replace('-', '_')}.handler as room; assert callable(room.handler)", **variables)
    assert not loaded & (CDK | {"stacks", "remedy", "layers"})


def test_an_escalation_outlasts_every_contacts_response_time(template: Template) -> None:
    slowest = sum((contact.response for contact in template.config.contacts.by_team().values()), timedelta(0))
    assert slowest < timedelta(hours=26)


def test_the_samples_are_a_tick_and_what_the_sweep_offers_at_it() -> None:
    tick, offer = (json.loads((ROOT / "events" / SWEEP / f"{name}.json").read_text()) for name in ("tick", "offer"))
    scheduled, swept = parse(tick), parse(offer)
    assert isinstance(scheduled, Scheduled)
    assert isinstance(swept, AlarmRaised)
    assert (swept.tick, swept.sent_at) == (scheduled.id, scheduled.sent_at)
    assert swept.metric is not None
    described = replace(
        ALARM,
        name=swept.alarm,
        transitioned_at=swept.transitioned_at,
        metric=swept.metric,
        reason=offer["detail"]["state"]["reason"],
        description=offer["detail"]["configuration"]["description"],
    )
    assert detail(described, swept.tick) == offer["detail"]


def test_an_offer_starts_the_runbook_that_the_alarms_own_event_starts(dev: Template) -> None:
    offer = json.loads((ROOT / "events" / SWEEP / "offer.json").read_text())
    started = [
        runbook.name
        for runbook in CATALOG
        for pattern in event_patterns(runbook, dev.config.place, dev.config.runbooks[runbook.name].settings)
        if matches(pattern, offer)
    ]
    assert started == ["restart-unhealthy-targets"]
