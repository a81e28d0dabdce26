"""The alarm doctor: alarms that can never help, found before somebody relies on them. Pure.

An alarm that watches nothing looks as healthy as one that watches and finds nothing wrong. StartTech's Terraform has three
of them (FACTS.md, section 1). Alarms on metric math and composite alarms are left out: what they watch is not one metric.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from remediation.core.sweep import DescribedAlarm, Swept, answering, target_tracking
from remediation.core.triggers import Metric

SILENT_FOR = timedelta(days=2)
"""Without data for so long, it is no gap: a deploy or an outage is over by then."""
EVERY = timedelta(days=1)
"""Said more often, it would not be read."""
MOST = 50
"""Alarms in one report; a message has to fit, and to be read."""

_NOW_AND_THEN = re.compile(r"4XX|5XX|4xx|5xx|Error|Fail|Throttle|Reject|TimedOut|Denied|Fault|Deadlock", re.ASCII)
"""Names of metrics that are published only when something happens: not to be known is their normal state."""
_OURS = ("AWS/Lambda", "AWS/SQS", "Remediation/")
"""How the namespaces of our own alarms start that may well be silent: a function that never ran, a line that nobody wrote."""


class Known(Struct, frozen=True, kw_only=True):
    """What CloudWatch's list of metrics knows of an alarm's metric. The list forgets what had no data for two weeks."""

    metric: bool
    """This very metric."""
    finer: bool = False
    """Only with further dimensions."""
    resource: bool = False
    """Any metric of the namespace with these dimensions."""
    name: bool = False
    """The metric's name, with whatever dimensions."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with one alarm, and what to do about it."""

    alarm: str
    because: str
    fix: str

    def line(self) -> str:
        """Return it as a report tells it."""
        return f"{self.alarm}: {self.because} {self.fix}"


def examinable(alarm: DescribedAlarm, environment: str) -> bool:
    """Tell whether the doctor has to do with an alarm: one plain metric, and not a part of the remediation itself."""
    own = alarm.name.startswith(f"{environment}-remediation-")
    return (
        alarm.metric is not None
        and not (own and alarm.metric.namespace.startswith(_OURS))
        and not target_tracking(alarm)
    )


def examine(
    alarms: Iterable[DescribedAlarm],
    known: Mapping[str, Known],
    runbooks: tuple[Swept, ...],
    quiet: frozenset[str],
    now: datetime,
) -> tuple[Finding, ...]:
    """Return what is wrong with alarms that are examinable, by their names. `known` is by the name of the alarm."""
    found: list[Finding] = []
    for alarm in sorted(alarms, key=lambda alarm: alarm.name):
        if alarm.metric is None:
            continue
        watched = _watches_nothing(alarm, alarm.metric, known.get(alarm.name)) or _has_no_data(alarm, now)
        disabled = None if alarm.actions_enabled else _disabled(alarm)
        heard = alarm.actions or alarm.name in quiet or answering(alarm, runbooks)
        unheard = None if heard else _unheard(alarm)
        found += [finding for finding in (watched, disabled, unheard) if finding is not None]
    return tuple(found)


def report(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return the lines of a report, at most MOST of them."""
    lines = tuple(finding.line() for finding in findings[:MOST])
    left = len(findings) - len(lines)
    return (*lines, f"({left} more are left out.)") if left else lines


def _watches_nothing(alarm: DescribedAlarm, metric: Metric, known: Known | None) -> Finding | None:
    what = f"{metric.namespace} {metric.name}"
    if not metric.dimensions and metric.namespace.startswith("AWS/") and (known is None or not known.metric):
        return Finding(
            alarm=alarm.name,
            because=f"It watches {what} without dimensions, which AWS publishes per resource only, so it can never fire.",
            fix="Add the dimensions of the resource to the alarm in Terraform.",
        )
    if known is None or known.metric:
        return None
    where = ", ".join(f"{name} = {value}" for name, value in sorted(metric.dimensions.items())) or "no dimensions"
    if known.finer:
        return Finding(
            alarm=alarm.name,
            because=f"It watches {what} with {where}, which is published only with further dimensions, so it can never fire.",
            fix="Add the missing dimensions to the alarm in Terraform (aws cloudwatch list-metrics shows them).",
        )
    if known.resource and (known.name or _NOW_AND_THEN.search(metric.name)):
        return None
    missing = f"a metric of {what}" if known.resource else f"anything in {metric.namespace}"
    return Finding(
        alarm=alarm.name,
        because=f"CloudWatch has not seen {missing} with {where} for two weeks, so it cannot fire.",
        fix="The resource is gone, or a name is misspelt: correct the alarm's metric and dimensions, or delete it.",
    )


def _has_no_data(alarm: DescribedAlarm, now: datetime) -> Finding | None:
    if alarm.state != "INSUFFICIENT_DATA" or alarm.transitioned_at is None:
        return None
    age = now - alarm.transitioned_at
    if age <= SILENT_FOR:
        return None
    return Finding(
        alarm=alarm.name,
        because=f"It has had no data for {age.days} days.",
        fix="Check that the resource exists and publishes; if no data is good news, let it treat missing data as not breaching.",
    )


def _disabled(alarm: DescribedAlarm) -> Finding:
    return Finding(
        alarm=alarm.name,
        because="Its actions are disabled, so nobody is told and every runbook leaves it alone.",
        fix=f"If that was for maintenance: aws cloudwatch enable-alarm-actions --alarm-names {shlex.quote(alarm.name)}",
    )


def _unheard(alarm: DescribedAlarm) -> Finding:
    return Finding(
        alarm=alarm.name,
        because="No runbook answers it and it has no action, so nobody would hear of it.",
        fix="Give it an action (the topic of a team), or delete it; if its ALARM is normal, name it in quiet_alarms.",
    )
