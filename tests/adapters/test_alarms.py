"""What CloudWatch says of an alarm now."""

from datetime import timedelta, timezone
from typing import Any

import pytest

from remediation.adapters.alarms import CloudWatchAlarms
from remediation.adapters.clients import Clients
from remediation.core.gates import LiveAlarm
from tests.support.steps import NIGHT

ALARM = {
    "AlarmName": "dark-lamps",
    "StateValue": "ALARM",
    "StateTransitionedTimestamp": NIGHT.astimezone(timezone(timedelta(hours=1))),
    "ActionsEnabled": True,
}
LIVE = LiveAlarm(exists=True, state="ALARM", transitioned_at=NIGHT, actions_enabled=True)


def answering(aws: Clients, monkeypatch: pytest.MonkeyPatch, **answer: Any) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = []

    def describe_alarms(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return answer

    monkeypatch.setattr(aws.cloudwatch, "describe_alarms", describe_alarms)
    return asked


def test_an_alarm_is_read_by_its_name(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(aws, monkeypatch, MetricAlarms=[ALARM])
    assert CloudWatchAlarms(aws).read("dark-lamps") == LIVE
    assert asked == [{"AlarmNames": ["dark-lamps"], "AlarmTypes": ["MetricAlarm"]}]


def test_an_alarm_of_a_similar_name_is_not_the_alarm(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(aws, monkeypatch, MetricAlarms=[ALARM | {"AlarmName": "dark-lamps-2"}])
    assert CloudWatchAlarms(aws).read("dark-lamps") == LiveAlarm(exists=False)


def test_what_cloudwatch_does_not_say_is_not_taken_for_good_news(aws: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(aws, monkeypatch, MetricAlarms=[{"AlarmName": "dark-lamps", "StateValue": "ALARM"}])
    assert CloudWatchAlarms(aws).read("dark-lamps") == LiveAlarm(exists=True, state="ALARM")


def test_a_deleted_alarm_does_not_exist(aws: Clients) -> None:
    assert CloudWatchAlarms(aws).read("dark-lamps") == LiveAlarm(exists=False)
