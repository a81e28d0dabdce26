"""Whatever arrives is a trigger, or is answered with the reason why it is none; nothing raises."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediation.core.parsing import LARGEST_EVENT, parse
from remediation.core.triggers import (
    ASG_EVENTS,
    AlarmRaised,
    AsgEvent,
    Ignored,
    Invoked,
    Metric,
    Parsed,
    Rejected,
    Scheduled,
)
from tests.support.damage import any_json, changed, damaged, steady, without
from tests.support.steps import NIGHT
from tests.support.toy import alarm_event, asg_event, scheduled_event, sns_body, sns_event, sns_records


def alarm(event: object) -> AlarmRaised:
    parsed = parse(event)
    assert isinstance(parsed, AlarmRaised), parsed
    return parsed


def asg(event: object) -> AsgEvent:
    parsed = parse(event)
    assert isinstance(parsed, AsgEvent), parsed
    return parsed


def manual(event: object) -> Invoked:
    parsed = parse(event)
    assert isinstance(parsed, Invoked), parsed
    return parsed


def key_of(event: object) -> str:
    parsed = parse(event)
    assert not isinstance(parsed, Ignored | Rejected), parsed
    return parsed.key


# ------------------------------------------------------------------------------------------------- what is accepted


def test_an_alarm_from_eventbridge_tells_what_the_gates_and_the_routing_need() -> None:
    assert parse(alarm_event()) == AlarmRaised(
        account="123456789012",
        region="us-east-1",
        alarm="dark-lamps",
        state="ALARM",
        previous_state="OK",
        transitioned_at=NIGHT,
        sent_at=NIGHT,
        metric=Metric(namespace="House", name="DarkLamps", dimensions={"House": "dev-house"}),
    )


@pytest.mark.parametrize(
    "event", [sns_event(), sns_body(), {"Type": "Notification", "Message": json.dumps(sns_body())}]
)
def test_an_alarm_by_sns_is_the_same_trigger_as_the_one_from_eventbridge(event: dict[str, Any]) -> None:
    assert parse(event) == parse(alarm_event())
    assert key_of(event) == key_of(alarm_event())


def test_an_eventbridge_event_that_a_topic_carries_is_unwrapped() -> None:
    assert parse(sns_records(json.dumps(alarm_event()))) == parse(alarm_event())


@pytest.mark.parametrize("detail_type", sorted(ASG_EVENTS))
def test_an_auto_scaling_event_tells_the_group_the_instance_and_the_activity(detail_type: str) -> None:
    assert parse(changed(asg_event(), "detail-type", detail_type)) == AsgEvent(
        account="123456789012",
        region="us-east-1",
        id="468fe059-f4b7-445f-bb22-2a271b94974d",
        detail_type=detail_type,
        group="dev-house",
        instance="",
        activity="9cabb81f-42de-417d-8aa7-ce16bf026590",
        sent_at=NIGHT,
    )
    assert asg(changed(asg_event(), "detail.EC2InstanceId", "i-0123456789abcdef0")).instance == "i-0123456789abcdef0"


def test_a_tick_of_a_schedule_is_a_trigger() -> None:
    assert parse(scheduled_event()) == Scheduled(
        account="123456789012", region="us-east-1", id="cdc73f9d-aea9-11e3-9d5a-835b769c0d9c", sent_at=NIGHT
    )


def test_anything_else_that_is_an_object_is_what_a_person_asks_for() -> None:
    assert parse({"house": "dev-house"}) == Invoked(payload={"house": "dev-house"})
    assert parse({"house": "h", "apply": True, "because": "dark", "request": "r-1"}) == Invoked(
        payload={"house": "h"}, apply=True, because="dark", request="r-1"
    )
    assert parse({}) == Invoked(payload={})


def test_without_apply_a_person_wants_the_plan() -> None:
    assert not manual({"house": "dev-house"}).apply
    assert not manual({"house": "dev-house", "apply": False}).apply


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-23T03:40:00.000+0000",
        "2026-11-23T03:40:00.000Z",
        "2026-11-23T03:40:00Z",
        "2026-11-23T03:40:00+00:00",
        "2026-11-23T04:40:00.000+0100",
        "2026-11-22T20:40:00-07:00",
    ],
)
def test_an_instant_means_the_same_however_it_is_written(written: str) -> None:
    event = alarm(changed(alarm_event(), "detail.state.timestamp", written))
    assert event.transitioned_at == NIGHT
    assert event.key == key_of(alarm_event())


@pytest.mark.parametrize("written", ["", "yesterday", "2026-11-23T03:40:00", "2026-11-23", "0001-01-01T00:00:00+14:00"])
def test_an_event_that_does_not_say_when_it_was_sent_is_a_trigger_without_that_time(written: str) -> None:
    assert alarm(changed(alarm_event(), "time", written)).sent_at is None


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("detail.muteDetail", {"mutedBy": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm-mute-rule:x"]}, "muted"),
        ("detail.muteDetail", {}, "muted"),
        ("detail.state.actionsSuppressedBy", "WaitPeriod", "suppressed"),
        ("source", "starttech.drill", "drill"),
    ],
)
def test_an_alarm_that_is_muted_suppressed_or_rehearsed_says_so(path: str, value: object, field: str) -> None:
    assert getattr(alarm(changed(alarm_event(), path, value)), field) is True
    assert getattr(alarm(alarm_event()), field) is False


def test_a_mute_detail_of_null_is_no_mute() -> None:
    assert not alarm(changed(alarm_event(), "detail.muteDetail", None)).muted


@pytest.mark.parametrize("event", [alarm_event(), asg_event(), scheduled_event()])
def test_a_replayed_event_names_its_replay(event: dict[str, Any]) -> None:
    replayed, fresh = parse({**event, "replay-name": "replay-of-monday"}), parse(event)
    assert isinstance(replayed, AlarmRaised | AsgEvent | Scheduled)
    assert isinstance(fresh, AlarmRaised | AsgEvent | Scheduled)
    assert (replayed.replay, fresh.replay) == ("replay-of-monday", "")


def test_an_auto_scaling_event_can_be_rehearsed_too() -> None:
    assert asg(asg_event(source="starttech.drill")).drill
    assert not asg(asg_event()).drill


@pytest.mark.parametrize(
    "metrics",
    [
        [],
        [{"id": "e1", "expression": "m1+m2"}],
        [{"id": "m1", "metricStat": {"metric": {"namespace": "House", "name": "A"}}, "expression": "m2"}],
        [{"id": "m1", "metricStat": {"metric": {"namespace": "House", "name": name}}} for name in "AB"],
    ],
)
def test_an_alarm_that_does_not_watch_one_plain_metric_has_none(metrics: list[dict[str, Any]]) -> None:
    assert alarm(changed(alarm_event(), "detail.configuration", {"metrics": metrics})).metric is None


def test_an_alarm_without_its_configuration_has_no_metric() -> None:
    assert alarm(without(alarm_event(), "detail.configuration")).metric is None


def test_a_metric_may_have_no_dimensions() -> None:
    path = "detail.configuration.metrics"
    metrics = [{"metricStat": {"metric": {"namespace": "House", "name": "DarkLamps"}}}]
    assert alarm(changed(alarm_event(), path, metrics)).metric == Metric(
        namespace="House", name="DarkLamps", dimensions={}
    )


def test_an_alarm_may_not_say_what_it_was_before() -> None:
    assert alarm(alarm_event(previous=None)).previous_state is None
    body = without(sns_body(), "OldStateValue")
    assert alarm(body).previous_state is None


def test_an_alarm_by_sns_is_in_no_scope_where_it_does_not_name_its_arn() -> None:
    for body in (without(sns_body(), "AlarmArn"), {**sns_body(), "AlarmArn": "dark-lamps"}):
        assert (alarm(body).account, alarm(body).region) == ("", "")


def test_an_alarm_by_sns_takes_account_and_region_from_its_arn_only() -> None:
    arn = "arn:aws-cn:cloudwatch:cn-north-1:999999999999:alarm:dark:lamps"
    event = alarm({**sns_body(), "AlarmArn": arn, "AWSAccountId": "111111111111"})
    assert (event.account, event.region) == ("999999999999", "cn-north-1")


@pytest.mark.parametrize("missing", ["Trigger", "Trigger.MetricName", "Trigger.Namespace"])
def test_an_alarm_by_sns_without_a_plain_metric_has_none(missing: str) -> None:
    assert alarm(without(sns_body(), missing)).metric is None


# ------------------------------------------------------------------------------------------------- what is rejected


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (7, "number"),
        (7.5, "number"),
        ("x", "string"),
        ([], "array"),
        ([{}], "array"),
    ],
)
def test_json_that_is_no_object_is_rejected_by_its_kind(value: object, kind: str) -> None:
    assert parse(value) == Rejected(because=f"The event is a JSON {kind}; expected an object.")


@pytest.mark.parametrize(
    ("event", "because"),
    [
        (without(alarm_event(), "detail-type"), "`source` and `detail-type`"),
        (changed(alarm_event(), "source", 7), "`source` and `detail-type`"),
        (changed(alarm_event(), "detail-type", None), "`source` and `detail-type`"),
        (without(alarm_event(), "source"), "`source` and `detail-type`"),
        (without(alarm_event(), "detail"), "missing required field `detail`"),
        (without(alarm_event(), "account"), "missing required field `account`"),
        (without(alarm_event(), "region"), "missing required field `region`"),
        (without(alarm_event(), "time"), "missing required field `time`"),
        (without(alarm_event(), "id"), "missing required field `id`"),
        (changed(alarm_event(), "id", ""), "`$.id`"),
        (changed(alarm_event(), "account", "12345"), "`$.account`"),
        (changed(alarm_event(), "account", "123456789012\n"), "`$.account`"),
        (changed(alarm_event(), "region", "us-east-*"), "`$.region`"),
        (changed(alarm_event(), "time", 1), "`$.time`"),
        (changed(alarm_event(), "detail", []), "`$.detail`"),
        (changed(alarm_event(), "replay-name", None), "`$.replay-name`"),
        (without(alarm_event(), "detail.alarmName"), "missing required field `alarmName`"),
        (changed(alarm_event(), "detail.alarmName", ""), "`$.alarmName`"),
        (changed(alarm_event(), "detail.alarmName", "x" * 1025), "`$.alarmName`"),
        (without(alarm_event(), "detail.state"), "missing required field `state`"),
        (changed(alarm_event(), "detail.state.value", "BROKEN"), "`$.state.value`"),
        (without(alarm_event(), "detail.state.timestamp"), "missing required field `timestamp`"),
        (changed(alarm_event(), "detail.state.timestamp", "soon"), "'soon' is not an instant with a time zone"),
        (changed(alarm_event(), "detail.state.timestamp", "2026-11-23T03:40:00"), "`$.detail.state.timestamp`"),
        (changed(alarm_event(), "detail.state.timestamp", "0001-01-01T00:00:00+14:00"), "`$.detail.state.timestamp`"),
        (changed(alarm_event(), "detail.state.actionsSuppressedBy", 1), "`$.state.actionsSuppressedBy`"),
        (changed(alarm_event(), "detail.previousState.value", "?"), "`$.previousState.value`"),
        (changed(alarm_event(), "detail.configuration", []), "`$.configuration`"),
        (
            changed(alarm_event(), "detail-type", "CloudWatch Alarm Configuration Change"),
            "is not an alarm state change",
        ),
        (changed(alarm_event(), "source", "aiops.test"), "has to be aws.cloudwatch, not 'aiops.test'"),
        (changed(alarm_event(), "source", "aws.autoscaling"), "has to be aws.cloudwatch, not 'aws.autoscaling'"),
        (changed(asg_event(), "source", "aws.cloudwatch"), "has to be aws.autoscaling, not 'aws.cloudwatch'"),
        (changed(asg_event(), "source", "aws.123456789012"), "is not an AWS service"),
        (without(asg_event(), "detail.AutoScalingGroupName"), "missing required field `AutoScalingGroupName`"),
        (changed(asg_event(), "detail.EC2InstanceId", 7), "`$.EC2InstanceId`"),
        ({"Records": []}, "`Records` has to hold exactly one SNS record"),
        ({"Records": "x"}, "`Records` has to hold exactly one SNS record"),
        ({"Records": [7]}, "`Records` has to hold exactly one SNS record"),
        ({"Records": sns_event()["Records"] * 2}, "`Records` has to hold exactly one SNS record"),
        ({"Records": [{"s3": {}}]}, "not from SNS"),
        ({"Records": [{"Sns": {}}]}, "missing required field `Message`"),
        (sns_records("not JSON"), "The SNS message is not JSON"),
        (sns_records(json.dumps({**sns_body(), "NewStateValue": "?"})), "`$.NewStateValue`"),
        (without(sns_body(), "StateChangeTime"), "missing required field `StateChangeTime`"),
        (changed(sns_body(), "StateChangeTime", "soon"), "`$.StateChangeTime`"),
        (changed(sns_body(), "Trigger.Dimensions", [{"name": "House"}]), "`$.Trigger.Dimensions[0]`"),
        ({"alarmData": {}}, "direct Lambda action of an alarm is not supported"),
        ({"house": "h", "apply": "yes"}, "`$.apply`"),
        ({"house": "h", "apply": 1}, "`$.apply`"),
        ({"house": "h", "because": "x" * 501}, "`$.because`"),
        ({"house": "h", "request": "x" * 65}, "`$.request`"),
        ({"house": "\ud800"}, "cannot be read"),
        (sns_records('{"AlarmName": "\\ud800"}'), "The SNS message is not JSON"),
    ],
)
def test_a_malformed_event_is_rejected_with_a_sentence_that_names_what_is_wrong(
    event: dict[str, Any], because: str
) -> None:
    parsed = parse(event)
    assert isinstance(parsed, Rejected), parsed
    assert because in parsed.because
    assert parsed.because.endswith(".")


def test_an_event_may_be_as_large_as_eventbridge_delivers_and_no_larger() -> None:
    room = LARGEST_EVENT - len('{"house": ""}')
    assert isinstance(parse({"house": "x" * room}), Invoked)
    assert parse({"house": "x" * (room + 1)}) == Rejected(because="The event is larger than 262144 bytes.")


def test_an_events_size_is_counted_in_bytes_as_they_are_sent() -> None:
    assert isinstance(parse({"house": "ü" * 120_000}), Invoked)
    assert isinstance(parse({"house": "ü" * 140_000}), Rejected)


def test_an_event_that_is_nested_beyond_reason_is_rejected() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert isinstance(parse({"house": deep}), Rejected)
    assert isinstance(parse(sns_records("[" * 100_000)), Rejected)


# -------------------------------------------------------------------------------------------------- what is ignored


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("aws.ec2", "EC2 Instance State-change Notification"),
        ("aws.autoscaling", "EC2 Instance Launch Successful"),
        ("aws.autoscaling", "EC2 Auto Scaling Instance Refresh Succeeded"),
        ("aws.health", "AWS Health Event"),
        ("aws.scheduler", "Scheduled Event"),
        ("starttech.drill", "Scheduled Event"),
        ("my.app", "Anything"),
    ],
)
def test_an_event_that_no_runbook_is_about_is_ignored_by_its_name(source: str, kind: str) -> None:
    event = {**alarm_event(), "source": source, "detail-type": kind}
    assert parse(event) == Ignored(because=f"No runbook is started by {kind!r} from {source}.")


@pytest.mark.parametrize("message", ["{}", "[]", "7", "null", '{"ElastiCache:SnapshotComplete": "cache-1"}'])
def test_a_message_by_sns_that_is_not_about_an_alarm_is_ignored(message: str) -> None:
    assert parse(sns_records(message)) == Ignored(because="The SNS message is not about an alarm.")


# ------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize("event", [alarm_event(), sns_event(), asg_event(), scheduled_event()])
def test_an_event_that_is_delivered_twice_has_the_same_key(event: dict[str, Any]) -> None:
    assert key_of(event) == key_of(json.loads(json.dumps(event)))


def test_what_changes_between_deliveries_of_one_transition_is_not_in_its_key() -> None:
    again = {**alarm_event(), "id": "another", "time": "2026-11-23T03:41:07Z"}
    assert key_of(again) == key_of(alarm_event())


@pytest.mark.parametrize(
    "other",
    [
        alarm_event(at=NIGHT + timedelta(milliseconds=1)),
        alarm_event(state="OK"),
        alarm_event(name="dark-lamps-2"),
        alarm_event(source="starttech.drill"),
        {**alarm_event(), "account": "999999999999"},
        {**alarm_event(), "region": "eu-west-1"},
    ],
)
def test_another_transition_has_another_key(other: dict[str, Any]) -> None:
    assert key_of(other) != key_of(alarm_event())


@pytest.mark.parametrize(
    "other",
    [
        changed(asg_event(), "detail.ActivityId", "another"),
        asg_event(group="dev-house-2"),
        asg_event(source="starttech.drill"),
        {**asg_event(), "account": "999999999999"},
        {**asg_event(), "region": "eu-west-1"},
        {**asg_event(), "detail-type": "EC2 Instance Terminate Unsuccessful"},
        without(asg_event(), "detail.ActivityId"),
    ],
)
def test_another_auto_scaling_activity_has_another_key(other: dict[str, Any]) -> None:
    assert key_of(other) != key_of(asg_event())


def test_an_auto_scaling_event_without_an_activity_is_known_by_its_id() -> None:
    event = without(asg_event(), "detail.ActivityId")
    assert key_of(event) == key_of({**event, "time": "2026-11-23T03:41:07Z"})
    assert key_of(event) != key_of({**event, "id": "another"})


@pytest.mark.parametrize("field", ["id", "account", "region"])
def test_another_tick_has_another_key(field: str) -> None:
    other = {"id": "another", "account": "999999999999", "region": "eu-west-1"}[field]
    assert key_of({**scheduled_event(), field: other}) != key_of(scheduled_event())
    assert key_of({**scheduled_event(), "time": "2026-11-23T03:41:07Z"}) == key_of(scheduled_event())


def test_a_person_who_asks_twice_gets_two_runs_unless_they_name_the_request() -> None:
    assert key_of({"house": "h", "apply": True}) == ""
    named = {"house": "h", "apply": True, "request": "r-1"}
    assert key_of(named) == key_of({"request": "r-1", "apply": True, "house": "h", "because": "it is dark"}) != ""
    assert key_of(named) != key_of({**named, "house": "g"})
    assert key_of(named) != key_of({**named, "apply": False})
    assert key_of(named) != key_of({**named, "request": "r-2"})


# ---------------------------------------------------------------------------------------------------------- totality


def check(parsed: Parsed) -> None:
    """Whatever was parsed has a key or a reason, and can be told and kept: it is JSON."""
    if isinstance(parsed, Ignored | Rejected):
        assert parsed.because
        parsed.because.encode()
    else:
        parsed.key.encode()
        assert msgspec.json.encode(parsed)


@steady
@given(any_json)
def test_any_json_is_answered_and_nothing_raises(event: object) -> None:
    check(parse(event))


@settings(steady, max_examples=200)
@given(damaged())
def test_a_damaged_event_is_answered_and_nothing_raises(event: object) -> None:
    check(parse(event))


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@steady
@given(st.datetimes(timezones=OFFSETS))
def test_any_instant_of_an_alarm_is_kept_to_the_millisecond_wherever_it_was_written(at: datetime) -> None:
    written = at.isoformat(timespec="milliseconds")
    parsed = parse(changed(alarm_event(), "detail.state.timestamp", written))
    if isinstance(parsed, Rejected):
        assert at.year in {1, 9999}, "only there UTC has no such instant"
        return
    assert isinstance(parsed, AlarmRaised)
    assert parsed.transitioned_at == at.replace(microsecond=at.microsecond // 1000 * 1000)
    assert parsed.transitioned_at.tzinfo is UTC
