"""What `remedy explain` answers, and each of its reasons."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from remediation.core.spec import AnyRunbook, Mode
from remedy.environment import Environment
from remedy.explain import explain
from tests.support.toy import LIGHT_THE_LAMPS, Settings, alarm_event, asg_event, scheduled_event, sns_body, sns_event

NIGHT = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)

WATERING = replace(LIGHT_THE_LAMPS, name="water-the-plants", summary="Waters plants.")


@pytest.fixture
def house(dev: Environment) -> Environment:
    return furnished(dev)


def furnished(dev: Environment, *runbooks: AnyRunbook, mode: Mode = "act") -> Environment:
    """Return dev with toy runbooks instead of its own."""
    there = runbooks or (LIGHT_THE_LAMPS,)
    any_of_dev = next(iter(dev.config.runbooks.values()))
    own = msgspec.structs.replace(any_of_dev, mode=mode, settings=Settings())
    config = msgspec.structs.replace(dev.config, runbooks={runbook.name: own for runbook in there})
    return Environment(config, there)


def said(event: object, there: Environment, at: datetime | None = None) -> tuple[str, str | None, str]:
    answer = explain(event, there, at)
    return answer.status, answer.runbook, answer.because


# --------------------------------------------------------------------------------------------------------- events


def test_an_alarm_of_the_environment_is_routed(house: Environment) -> None:
    status, runbook, because = said(alarm_event(), house)
    assert (status, runbook) == ("routed", "light-the-lamps")
    assert because.startswith("Alarm dark-lamps (OK -> ALARM) starts light-the-lamps. It looks, and acts if")


def test_an_alarm_that_comes_by_sns_needs_no_rule(house: Environment) -> None:
    assert said(sns_event(), house)[:2] == ("routed", "light-the-lamps")


def test_a_topic_that_is_not_subscribed_to_is_told(house: Environment) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:dev-alarms"
    message = {"Type": "Notification", "TopicArn": topic, "Message": json.dumps(sns_body())}
    assert f"{topic} is not among its `alarm_topics`" in said(message, house)[2]
    own = msgspec.structs.replace(house.config.runbooks["light-the-lamps"], alarm_topics=(topic,))
    config = msgspec.structs.replace(house.config, runbooks={"light-the-lamps": own})
    assert "alarm_topics" not in said(message, Environment(config, (LIGHT_THE_LAMPS,)))[2]


def test_a_failed_launch_is_routed(house: Environment) -> None:
    assert said(asg_event(), house)[:2] == ("routed", "light-the-lamps")


def test_another_groups_failed_launch_is_not_ours(house: Environment) -> None:
    status, _, because = said(asg_event(group="prod-house"), house)
    assert (status, because) == ("ignored", "The group 'prod-house' is not 'dev-house*' of dev.")


def test_a_failed_launch_that_no_runbook_answers_says_so(dev: Environment) -> None:
    there = furnished(dev, replace(LIGHT_THE_LAMPS, triggers=LIGHT_THE_LAMPS.triggers[:1]))
    assert said(asg_event(), there)[2] == "No runbook of dev is started by 'EC2 Instance Launch Unsuccessful'."


def test_an_alarm_on_another_metric_says_that_no_runbook_answers_it(dev: Environment) -> None:
    status, _, because = said(alarm_event(), dev)
    assert (status, because) == ("ignored", "No runbook of dev answers the metric House DarkLamps.")


def test_an_alarm_on_another_houses_lamps_names_the_dimension(house: Environment) -> None:
    status, _, because = said(alarm_event(dimensions={"House": "prod-house"}), house)
    assert (status, because) == (
        "ignored",
        "The alarm's dimension House is 'prod-house', which is not 'dev-house' of dev.",
    )


def test_an_alarm_of_metric_math_says_that_it_has_no_plain_metric(house: Environment) -> None:
    event = alarm_event()
    event["detail"]["configuration"]["metrics"] = [{"id": "e1", "expression": "m1 / m2"}]
    assert "does not watch one plain metric" in said(event, house)[2]


def test_another_account_is_named_rather_than_that_no_rule_matches(house: Environment) -> None:
    status, _, because = said(alarm_event() | {"account": "210987654321"}, house)
    assert status == "ignored"
    assert because == "The event is from account 210987654321, region us-east-1; dev is 123456789012, us-east-1."


def test_a_state_that_is_not_alarm_is_named_rather_than_that_no_rule_matches(house: Environment) -> None:
    assert said(alarm_event(state="OK", previous="ALARM"), house)[2].endswith("went to OK; only ALARM is acted on.")


def test_what_a_runbook_answers_is_not_delivered_where_no_rule_matches_it(
    house: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remedy.explain.rules", lambda *_: ())
    status, _, because = said(alarm_event(), house)
    assert (status, because) == ("ignored", "No rule of dev matches the event, so nothing is started by it.")
    assert said(sns_event(), house)[0] == "routed", "SNS asks no rule"


def test_a_schedule_that_is_not_ours_says_so(house: Environment) -> None:
    status, _, because = said(scheduled_event(), house)
    assert (status, because) == ("ignored", "The schedule is none of dev's runbooks'.")


def test_our_own_schedule_is_routed_by_the_name_of_its_rule(house: Environment) -> None:
    rule = "arn:aws:events:us-east-1:123456789012:rule/dev-remediation-light-the-lamps-schedule3"
    assert said(scheduled_event() | {"resources": [rule]}, house)[:2] == ("routed", "light-the-lamps")
    assert said(scheduled_event() | {"resources": [rule + "x"]}, house)[0] == "ignored"
    assert said(scheduled_event() | {"resources": "nonsense"}, house)[0] == "ignored"


def test_a_second_runbook_that_the_event_starts_as_well_is_told(dev: Environment) -> None:
    status, runbook, because = said(alarm_event(), furnished(dev, LIGHT_THE_LAMPS, WATERING))
    assert (status, runbook) == ("routed", "light-the-lamps")
    assert because.endswith("It also starts water-the-plants.")


def test_an_environment_without_runbooks_ignores_everything(dev: Environment) -> None:
    there = Environment(msgspec.structs.replace(dev.config, runbooks={}), ())
    assert said(alarm_event(), there)[0] == "ignored"
    assert said({"house": "dev-house"}, there)[0] == "rejected"


# ------------------------------------------------------------------------------------------------- modes and times


def test_the_mode_off_is_told_only_of_what_would_be_routed(dev: Environment) -> None:
    there = furnished(dev, mode="off")
    assert said(alarm_event(), there) == ("ignored", None, "The mode is off.")
    assert said(alarm_event(dimensions={"House": "x"}), there)[2].startswith("The alarm's dimension")


def test_in_observe_it_says_that_nothing_is_changed(dev: Environment) -> None:
    status, runbook, because = said(alarm_event(), furnished(dev, mode="observe"))
    assert (status, runbook) == ("routed", "light-the-lamps")
    assert because.endswith("It looks, and says what it would do. The mode observe changes nothing.")


def test_a_drill_changes_nothing_unless_the_config_says_so(house: Environment) -> None:
    assert said(alarm_event(source="starttech.drill"), house)[2].endswith("A rehearsed event changes nothing.")
    acting = Environment(msgspec.structs.replace(house.config, drills_act=True), (LIGHT_THE_LAMPS,))
    assert "acts if" in said(alarm_event(source="starttech.drill"), acting)[2]


def test_an_event_is_fresh_at_its_own_time_and_stale_later(house: Environment) -> None:
    assert said(alarm_event(at=NIGHT), house)[0] == "routed"
    assert said(alarm_event(at=NIGHT), house, NIGHT + timedelta(seconds=300))[0] == "routed"
    assert said(alarm_event(at=NIGHT), house, NIGHT + timedelta(seconds=301)) == (
        "ignored",
        None,
        "The event is 301 s old; at most 300 s are acted on.",
    )


def test_an_event_from_the_future_is_ignored(house: Environment) -> None:
    assert said(alarm_event(at=NIGHT), house, NIGHT - timedelta(seconds=121))[2].endswith("121 s in the future.")


def test_an_event_without_a_time_is_never_fresh(house: Environment) -> None:
    assert said(alarm_event() | {"time": "now"}, house) == (
        "ignored",
        None,
        "The event does not say when it was sent.",
    )


# ------------------------------------------------------------------------------------------------------- payloads


def test_a_payload_that_fits_one_runbook_is_routed_as_a_plan(house: Environment) -> None:
    status, runbook, because = said({"house": "dev-house"}, house)
    assert (status, runbook) == ("routed", "light-the-lamps")
    assert "plan only" in because


def test_a_payload_that_says_apply_is_told_to_act(house: Environment) -> None:
    assert "acts if" in said({"house": "dev-house", "apply": True}, house)[2]


def test_a_payload_that_fits_two_runbooks_is_ambiguous(dev: Environment) -> None:
    status, _, because = said({"house": "dev-house"}, furnished(dev, LIGHT_THE_LAMPS, WATERING))
    assert status == "rejected"
    assert "light-the-lamps, water-the-plants" in because


def test_a_payload_about_something_elsewhere_is_ignored(house: Environment) -> None:
    status, _, because = said({"house": "prod-house"}, house)
    assert (status, because) == ("ignored", "Not in the scope of dev: the house 'prod-house' is not 'dev-house'.")


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"house": "dev-house", "roof": 1}, "does not know `roof`"),
        ({"house": 1}, "$.house"),
        ({"house": "dev-house", "apply": "yes"}, "$.apply"),
        ({"roof": 1}, "no runbook takes 'roof'"),
        ({}, "it says nothing"),
        ({"apply": True}, "it says nothing"),
        ([], "JSON array"),
        (None, "JSON null"),
    ],
)
def test_a_payload_that_fits_no_runbook_is_rejected_with_what_is_wrong(
    payload: object, named: str, house: Environment
) -> None:
    status, runbook, because = said(payload, house)
    assert (status, runbook) == ("rejected", None)
    assert named in because


def test_a_runbook_that_is_not_invocable_by_hand_takes_no_payload(dev: Environment) -> None:
    there = furnished(dev, replace(LIGHT_THE_LAMPS, triggers=LIGHT_THE_LAMPS.triggers[:1]))
    assert said({"house": "dev-house"}, there)[0] == "rejected"
