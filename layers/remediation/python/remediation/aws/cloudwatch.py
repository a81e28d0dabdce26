"""CloudWatch: the metric alarms of an environment as they are, the rules that mute them, and the metrics that it knows."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal

from remediation.core.errors import AwsError
from remediation.core.sweep import DescribedAlarm
from remediation.core.triggers import AlarmState, Metric

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricAlarmTypeDef

    from remediation.adapters.clients import Clients

_NO_SUCH_OPERATION = frozenset({"InvalidAction", "UnknownOperation", "UnknownOperationException"})
"""Codes of an endpoint that does not know an operation, and so has nothing of what it would list."""
NAMES_AT_ONCE = 100
"""How many alarms one call describes by their names."""


def alarms(aws: "Clients", *, prefix: str, state: AlarmState | None = None) -> tuple[DescribedAlarm, ...]:
    """Describe the metric alarms whose names start with the prefix (all, if it is empty), in this state or in any."""
    asked: dict[str, Any] = {"AlarmTypes": ["MetricAlarm"]}
    if prefix:
        asked["AlarmNamePrefix"] = prefix
    if state is not None:
        asked["StateValue"] = state
    return _described(aws, asked)


def alarms_called(aws: "Clients", names: Iterable[str]) -> tuple[DescribedAlarm, ...]:
    """Describe the metric alarms of exactly these names; those that do not exist are left out."""
    wanted = sorted(set(names))
    found: list[DescribedAlarm] = []
    for at in range(0, len(wanted), NAMES_AT_ONCE):
        asked = {"AlarmTypes": ["MetricAlarm"], "AlarmNames": wanted[at : at + NAMES_AT_ONCE]}
        found += _described(aws, asked)
    return tuple(alarm for alarm in found if alarm.name in wanted)


def muted_alarms(aws: "Clients") -> frozenset[str]:
    """Return the names of the alarms that a mute rule mutes now; none where CloudWatch does not know mute rules (yet)."""
    muted: set[str] = set()
    try:
        for page in aws.cloudwatch.get_paginator("list_alarm_mute_rules").paginate(Statuses=["ACTIVE"]):
            for rule in page.get("AlarmMuteRuleSummaries", ()):
                name = rule.get("AlarmMuteRuleArn", "").rpartition(":")[2]
                targets = aws.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName=name).get("MuteTargets", {})
                muted.update(targets.get("AlarmNames", ()))
    except AwsError as error:
        if error.code not in _NO_SUCH_OPERATION:
            raise
    return frozenset(muted)


def listed(aws: "Clients", metric: Metric) -> Literal["exactly", "only finer", "not at all"]:
    """Say how CloudWatch lists a metric: a dimension more makes another metric, which no alarm on this one sees."""
    wanted, finer = dict(metric.dimensions), False
    asked = _asked(metric.namespace, metric.name, wanted)
    for page in aws.cloudwatch.get_paginator("list_metrics").paginate(**asked):
        for each in page.get("Metrics", ()):
            if {dimension["Name"]: dimension["Value"] for dimension in each.get("Dimensions", ())} == wanted:
                return "exactly"
            finer = True
    return "only finer" if finer else "not at all"


def knows_any(aws: "Clients", namespace: str, *, name: str = "", dimensions: Mapping[str, str] | None = None) -> bool:
    """Tell whether CloudWatch lists a metric of this name, or one with these dimensions and perhaps others."""
    pages = aws.cloudwatch.get_paginator("list_metrics").paginate(**_asked(namespace, name, dimensions or {}))
    return any(page.get("Metrics") for page in pages)


def _asked(namespace: str, name: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    asked: dict[str, Any] = {"Namespace": namespace}
    if name:
        asked["MetricName"] = name
    if dimensions:
        asked["Dimensions"] = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return asked


def _described(aws: "Clients", asked: dict[str, Any]) -> tuple[DescribedAlarm, ...]:
    pages = aws.cloudwatch.get_paginator("describe_alarms").paginate(**asked)
    return tuple(_alarm(described) for page in pages for described in page.get("MetricAlarms", ()))


def _alarm(described: "MetricAlarmTypeDef") -> DescribedAlarm:
    since = described.get("StateTransitionedTimestamp")
    metric, statistic, period = _watched(described)
    return DescribedAlarm(
        name=described["AlarmName"],
        arn=described.get("AlarmArn", ""),
        state=described["StateValue"],
        transitioned_at=since.astimezone(UTC) if since else None,
        actions_enabled=described.get("ActionsEnabled", False),
        actions=len(described.get("AlarmActions", ())),
        metric=metric,
        reason=described.get("StateReason", ""),
        description=described.get("AlarmDescription", ""),
        statistic=statistic,
        period=period,
    )


def _watched(described: "MetricAlarmTypeDef") -> tuple[Metric | None, str, int]:
    """Return the plain metric that an alarm watches, however it says so, with its statistic and period in seconds."""
    queries = described.get("Metrics", ())
    if not queries and "Namespace" in described and "MetricName" in described:
        metric = _metric(described["Namespace"], described["MetricName"], described.get("Dimensions", ()))
        statistic = described.get("Statistic") or described.get("ExtendedStatistic", "")
        return metric, statistic, described.get("Period", 0)
    if len(queries) != 1 or "Expression" in queries[0] or "MetricStat" not in queries[0]:
        return None, "", 0
    stat = queries[0]["MetricStat"]
    metric = _metric(
        stat["Metric"].get("Namespace", ""), stat["Metric"].get("MetricName", ""), stat["Metric"].get("Dimensions", ())
    )
    return metric, stat["Stat"], stat["Period"]


def _metric(namespace: str, name: str, dimensions: "Iterable[DimensionTypeDef]") -> Metric:
    return Metric(namespace=namespace, name=name, dimensions={each["Name"]: each["Value"] for each in dimensions})
