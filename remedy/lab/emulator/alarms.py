"""Evaluate alarms as CloudWatch does, and tell EventBridge of every change of state.

Stock ministack lumps all dimensions of a metric together, knows neither M of N nor missing data, and emits no event. The one
liberty taken: an alarm's period is divided by `LAB_TIME_FACTOR`, so that nobody has to wait for whole minutes.
"""

import json
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from remedy.lab.emulator.ministack import core, service

TIME_FACTOR = float(os.environ.get("LAB_TIME_FACTOR", "1"))

FURTHER_BACK = 2
"""So many periods more are looked at: a datapoint that is late is not missing while there are enough before it.
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html)"""

Alarm = dict[str, Any]


def install() -> None:
    """Replace the evaluation, and follow each transition with an event."""
    cloudwatch = service("cloudwatch")
    notify = cloudwatch._dispatch_alarm_actions

    def dispatch(alarm: Alarm, old: str, new: str, reason: str) -> None:
        """Stamp the transition once, so that the event and DescribeAlarms tell the same instant."""
        instant = round(time.time(), 3)
        previous = _state(alarm, old, alarm.get("_LastReason", "Unchecked: Initial alarm creation"))
        alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = instant
        alarm["_LastReason"] = reason
        notify(alarm, old, new, reason)
        _emit(alarm, _state(alarm, new, reason), previous)

    cloudwatch._dispatch_alarm_actions = dispatch
    cloudwatch._evaluate_alarm = evaluate
    cloudwatch._evaluate_all_alarms = evaluate_all
    cloudwatch.cloudformation_put_metric_alarm = _keeping_transition(
        cloudwatch, cloudwatch.cloudformation_put_metric_alarm
    )


def _keeping_transition(cloudwatch: Any, put: Any) -> Any:  # noqa: ANN401
    """Keep, when CloudFormation rewrites an alarm, when it last changed its state."""

    def put_alarm(alarm: Alarm) -> None:
        before = cloudwatch._alarms.get(alarm["AlarmName"], {})
        alarm["StateTransitionedTimestamp"] = before.get("StateTransitionedTimestamp", round(time.time(), 3))
        alarm["_LastReason"] = before.get("_LastReason", alarm["StateReason"])
        put(alarm)

    return put_alarm


def evaluate_all() -> None:
    """Move every alarm to the state that its datapoints call for."""
    for alarm in list(service("cloudwatch")._alarms.values()):
        evaluate(alarm)


def evaluate(alarm: Alarm) -> None:
    """Move one alarm to the state that its datapoints call for."""
    cloudwatch = service("cloudwatch")
    alarm.setdefault("StateTransitionedTimestamp", alarm["StateUpdatedTimestamp"])  # PutMetricAlarm leaves it out
    new, reason = judge(alarm, _datapoints(cloudwatch, alarm))
    old = alarm["StateValue"]
    if new is None or new == old:
        return
    alarm["StateValue"], alarm["StateReason"] = new, reason
    cloudwatch._record_history(alarm["AlarmName"], old, new, reason)
    cloudwatch._dispatch_alarm_actions(alarm, old, new, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def judge(alarm: Alarm, datapoints: list[float | None]) -> tuple[str | None, str]:
    """Return the state after the last N periods (None: as it was) and the reason, in CloudWatch's words."""
    needed = int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    known = [point for point in datapoints if point is not None]
    missing = len(datapoints) - len(known)
    treatment = alarm.get("TreatMissingData") or "missing"
    if not known and treatment == "ignore":
        return None, ""
    if not known and treatment == "missing":
        return "INSUFFICIENT_DATA", "Insufficient Data: no datapoints were received."
    breaching = sum(_breaches(alarm, point) for point in known) + (missing if treatment == "breaching" else 0)
    total = len(datapoints) if treatment in {"breaching", "notBreaching"} else len(known)
    crossed = breaching >= min(needed, total)
    shown = ", ".join(str(point) for point in known) or "none"
    verb = "was" if crossed else "was not"
    words = alarm["ComparisonOperator"].removesuffix("Threshold")
    reason = (
        f"Threshold Crossed: {breaching} out of the last {total} datapoints [{shown}] {verb} {words} than the threshold "
        f"({alarm['Threshold']}) (minimum {needed} datapoints for OK -> ALARM transition)."
    )
    return ("ALARM" if crossed else "OK"), reason


def _breaches(alarm: Alarm, value: float) -> bool:
    threshold = float(alarm["Threshold"])
    match alarm["ComparisonOperator"]:
        case "GreaterThanOrEqualToThreshold":
            return value >= threshold
        case "GreaterThanThreshold":
            return value > threshold
        case "LessThanThreshold":
            return value < threshold
        case "LessThanOrEqualToThreshold":
            return value <= threshold
        case _:
            return False


def _datapoints(cloudwatch: Any, alarm: Alarm) -> list[float | None]:  # noqa: ANN401
    """Return the statistic of the alarm's metric in the periods that count, newest first; None where it has no data.

    A period begins where the clock says so, as CloudWatch's do: once a value belongs to one, it stays there.
    """
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
    key = (alarm.get("Namespace"), alarm.get("MetricName"), cloudwatch._dims_key(dimensions))
    points = list(cloudwatch._metrics.get(key) or [])
    period = float(alarm.get("Period") or 60) / TIME_FACTOR
    last = time.time() // period
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
    values: list[float | None] = []
    periods = int(alarm["EvaluationPeriods"])
    for index in range(periods + FURTHER_BACK):
        inside = [point for point in points if point["Timestamp"] // period == last - index]
        values.append(cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside) if inside else None)
    return counted(values, periods)


def counted(found: list[float | None], periods: int) -> list[float | None]:
    """Return the latest so many datapoints where there are so many, and else what the last periods have."""
    known: list[float | None] = [point for point in found if point is not None]
    return (known if len(known) >= periods else found)[:periods]


def _state(alarm: Alarm, value: str, reason: str) -> dict[str, str]:
    instant = datetime.fromtimestamp(alarm.get("StateTransitionedTimestamp") or time.time(), UTC)
    return {"value": value, "reason": reason, "timestamp": instant.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"}


def _emit(alarm: Alarm, state: Mapping[str, str], previous: Mapping[str, str]) -> None:
    """Put the event on the default bus; PutEvents itself refuses sources that start with `aws.`."""
    responses = core("responses")
    metric = {
        "namespace": alarm.get("Namespace"),
        "name": alarm.get("MetricName"),
        "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []},
    }
    stat = {"metric": metric, "period": alarm.get("Period"), "stat": alarm.get("Statistic")}
    configuration = {"metrics": [{"id": responses.new_uuid(), "metricStat": stat, "returnData": True}]}
    if alarm.get("AlarmDescription"):
        configuration["description"] = alarm["AlarmDescription"]
    event = {
        "EventId": responses.new_uuid(),
        "Source": "aws.cloudwatch",
        "DetailType": "CloudWatch Alarm State Change",
        "EventBusName": "default",
        "Time": int(time.time()),
        "Resources": [alarm["AlarmArn"]],
        "Account": responses.get_account_id(),
        "Region": responses.get_region(),
        "Detail": json.dumps(
            {
                "alarmName": alarm["AlarmName"],
                "state": state,
                "previousState": previous,
                "configuration": configuration,
            }
        ),
    }
    service("eventbridge")._dispatch_event(event)
