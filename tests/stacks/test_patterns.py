from dataclasses import replace
from typing import Any

import pytest

from remediation.core.spec import Every, Manual, OnAlarm, OnAsgEvent, Place
from stacks.catalog import CATALOG
from stacks.config import Config, load
from stacks.patterns import event_patterns, rules
from tests.stacks.template import Template
from tests.support.toy import LIGHT_THE_LAMPS, PLACE, Settings

ALARM, ASG, SCHEDULE = rules(LIGHT_THE_LAMPS, PLACE, Settings())


def test_an_alarm_is_matched_by_metric_and_dimensions_whatever_its_name_and_maker() -> None:
    assert ALARM.pattern == {
        "source": ["aws.cloudwatch", "starttech.drill", "starttech.sweep"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "account": ["123456789012"],
        "region": ["us-east-1"],
        "detail": {
            "state": {"value": ["ALARM"]},
            "configuration": {
                "metrics": {
                    "metricStat": {
                        "metric": {
                            "namespace": ["House"],
                            "name": ["DarkLamps"],
                            "dimensions": {"House": ["dev-house"]},
                        }
                    }
                }
            },
        },
    }


def test_a_template_with_a_star_is_a_prefix() -> None:
    assert ASG.pattern is not None
    assert ASG.pattern["source"] == ["aws.autoscaling", "starttech.drill"]
    assert ASG.pattern["detail-type"] == ["EC2 Instance Launch Unsuccessful"]
    assert ASG.pattern["detail"] == {"AutoScalingGroupName": [{"prefix": "dev-house"}]}


def test_what_the_incident_is_made_of_has_to_be_there() -> None:
    trigger = OnAlarm(namespace="House", metric="DarkLamps", dimensions={}, incident={"house": "House"})
    assert dimensions(trigger) == {"House": [{"exists": True}]}


def dimensions(trigger: OnAlarm) -> Any:
    (pattern,) = event_patterns(runbook_with(trigger), PLACE, Settings())
    return pattern["detail"]["configuration"]["metrics"]["metricStat"]["metric"]["dimensions"]


def runbook_with(*triggers: OnAlarm | OnAsgEvent | Every | Manual) -> Any:
    return replace(LIGHT_THE_LAMPS, triggers=triggers)


def test_patterns_are_of_one_account_and_region() -> None:
    elsewhere = Place(environment="prod", account="210987654321", region="eu-central-1")
    (pattern, _) = event_patterns(LIGHT_THE_LAMPS, elsewhere, Settings(house="prod-house"))
    assert (pattern["account"], pattern["region"]) == (["210987654321"], ["eu-central-1"])


@pytest.mark.parametrize(("minutes", "expression"), [(1, "rate(1 minute)"), (5, "rate(5 minutes)")])
def test_a_schedule_is_a_rate(minutes: int, expression: str) -> None:
    (rule,) = rules(runbook_with(Every(minutes=minutes)), PLACE, Settings())
    assert (rule.schedule, rule.pattern) == (expression, None)


def test_a_person_needs_no_rule() -> None:
    assert rules(runbook_with(Manual()), PLACE, Settings()) == ()
    assert [rule.kind for rule in (ALARM, ASG, SCHEDULE)] == ["alarm", "asg", "schedule"]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_template_holds_exactly_these_patterns(environment: str, request: pytest.FixtureRequest) -> None:
    template: Template = request.getfixturevalue(environment)
    config: Config = load(environment, CATALOG)
    wanted = [
        pattern
        for runbook in CATALOG
        for pattern in event_patterns(runbook, config.place, config.runbooks[runbook.name].settings)
    ]
    deployed = [rule["EventPattern"] for rule in template.all("Events::Rule") if "EventPattern" in rule]
    assert deployed == wanted
