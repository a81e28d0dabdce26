"""What a trigger means to a runbook: its incident, or the reason why it means nothing."""

from dataclasses import replace
from typing import Any

import pytest

from remediation.core.parsing import parse
from remediation.core.routing import matches, route
from remediation.core.spec import Every, Manual
from remediation.core.triggers import Ignored, Rejected
from tests.support.toy import (
    LIGHT_THE_LAMPS,
    PLACE,
    Incident,
    Settings,
    alarm_event,
    asg_event,
    scheduled_event,
    sns_event,
)


def routed(event: dict[str, Any], runbook: Any = LIGHT_THE_LAMPS) -> Any:
    trigger = parse(event)
    assert not isinstance(trigger, Ignored | Rejected), trigger
    return route(runbook, trigger, PLACE, Settings())


@pytest.mark.parametrize(
    "event",
    [alarm_event(), sns_event(), asg_event(), scheduled_event(), {"house": "dev-house"}],
    ids=["alarm", "sns", "asg", "schedule", "manual"],
)
def test_every_way_in_means_the_house(event: dict[str, Any]) -> None:
    assert routed(event) == Incident(house="dev-house")


def of_metric(**metric: Any) -> dict[str, Any]:
    event = alarm_event()
    event["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"].update(metric)
    return event


@pytest.mark.parametrize(
    ("event", "because"),
    [
        (of_metric(name="BrightLamps"), "House BrightLamps is not one that light-the-lamps answers"),
        (of_metric(namespace="Garden"), "Garden DarkLamps is not one"),
        (alarm_event(dimensions={"House": "prod-house"}), "House is 'prod-house', which is not 'dev-house' of dev"),
        (alarm_event(dimensions={"House": "dev-house-2"}), "'dev-house-2'"),
        (alarm_event(dimensions={"Street": "dev-house"}), "House is None"),
        (asg_event(group="prod-house"), "The group 'prod-house' is not 'dev-house*'"),
        (asg_event(group="dev-house-2"), "Not in the scope of dev: the house 'dev-house-2'"),
        ({"house": "prod-house"}, "Not in the scope of dev"),
    ],
)
def test_what_is_not_about_our_house_is_ignored_with_the_reason(event: dict[str, Any], because: str) -> None:
    answer = routed(event)
    assert isinstance(answer, Ignored)
    assert because in answer.because


def test_an_alarm_on_metric_math_means_nothing() -> None:
    event = alarm_event()
    event["detail"]["configuration"]["metrics"].append({"id": "e1", "expression": "m1 * 2", "returnData": True})
    answer = routed(event)
    assert isinstance(answer, Ignored)
    assert "does not watch one plain metric" in answer.because


@pytest.mark.parametrize(
    ("payload", "because"),
    [
        ({"hose": "dev-house"}, "does not know `hose`; it takes `house`"),
        ({"house": 7}, "Expected `str`, got `int` - at `$.house`"),
    ],
)
def test_a_payload_that_is_wrong_is_rejected_with_the_field(payload: dict[str, Any], because: str) -> None:
    answer = routed(payload)
    assert isinstance(answer, Rejected)
    assert because in answer.because


def test_only_declared_ways_in_are_open() -> None:
    by_hand, on_schedule = (replace(LIGHT_THE_LAMPS, triggers=(way,)) for way in (Manual(), Every(minutes=5)))
    assert isinstance(routed({"house": "dev-house"}, by_hand), Incident)
    assert isinstance(routed(scheduled_event(), on_schedule), Incident)
    for event in (alarm_event(), asg_event(), scheduled_event()):
        assert isinstance(routed(event, by_hand), Ignored)
    for event in (alarm_event(), asg_event(), {"house": "dev-house"}):
        assert isinstance(routed(event, on_schedule), Ignored)


@pytest.mark.parametrize(
    ("template", "value", "equal"),
    [("a", "a", True), ("a", "ab", False), ("a*", "ab", True), ("a*", "a", True), ("a*", "ba", False), ("*", "", True)],
)
def test_a_template_is_exact_or_a_prefix(template: str, value: str, equal: bool) -> None:
    assert matches(template, value) == equal
