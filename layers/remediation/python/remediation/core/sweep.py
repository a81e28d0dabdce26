"""Which alarms are offered to their runbooks again, and why the others are not. Pure: the same answer for the same facts.

EventBridge tells of an alarm once, when it goes into ALARM. If that event is lost, or the run that it started was refused for
a reason that passes, nothing else would ever come. So the sweep looks at what still is in ALARM, every five minutes, and sends
the alarm's event once more. It judges only whether to ask; every gate, and the engine's second look, judge it as any other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from msgspec import Struct

from remediation.core.approval import REJECTED
from remediation.core.incident import Recovery
from remediation.core.outcome import Status
from remediation.core.redact import redact
from remediation.core.routing import matches
from remediation.core.spec import Mode, Team
from remediation.core.triggers import AlarmState, Metric

LOST_AFTER = timedelta(minutes=5)
"""An alarm's own event is delivered for as long as that (gates.LARGEST_AGE); then it is lost."""
AGAIN_AFTER = timedelta(minutes=30)
"""After a run that had its say: longer than a cooldown and any contact's response time, short of forgetting it."""
LOOK_BACK = timedelta(hours=24)
"""Runs are read as far back as this; a person's no holds so long, or until the alarm changes its state."""
INCIDENT_LOOK_BACK = timedelta(days=30)
"""An incident may be open for long; one that is older than this is not news any more."""

PASSING = frozenset(
    {
        "actions disabled",
        "budget",
        "circuit",
        "cooldown",
        "deploy",
        "freeze",
        "freshness",
        "lease",
        "ledger",
        "live alarm",
        "mode",
        "muted",
        "replayed",
        "shared cause",
        "stand down",
        "storm",
        "suppressed",
        "surroundings",
        "time",
    }
)
"""Gates whose no says nothing about the alarm, only about the moment."""
_SAME = timedelta(milliseconds=1)
"""The ledger keeps instants in milliseconds, CloudWatch in microseconds."""
_NO_SAY = frozenset({"duplicate", "scope", "state"})
"""Gates of runs that judged nothing: another run has the event, or it was none of an alarm that is on here."""


class Answers(Struct, frozen=True, kw_only=True, array_like=True):
    """Alarms that start a runbook: on this metric, with these dimensions (exact, or a prefix that ends in `*`)."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]


class Swept(Struct, frozen=True, kw_only=True, array_like=True):
    """One runbook, as far as the sweep has to know it; short, for a function's environment holds 4 KB."""

    runbook: str
    team: Team
    mode: Mode
    """As deployed."""
    alarms: tuple[Answers, ...]
    limit: timedelta
    """A run is over by then, or something is wrong with it."""
    cooldown: timedelta


class SweepSettings(Struct, frozen=True, kw_only=True):
    """What the CDK app tells the sweep besides its deployment."""

    runbooks: tuple[Swept, ...]


class DescribedAlarm(Struct, frozen=True, kw_only=True):
    """A metric alarm as CloudWatch describes it. `metric` is None where it uses metric math."""

    name: str
    arn: str
    state: AlarmState
    transitioned_at: datetime | None
    actions_enabled: bool
    actions: int
    """How many there are for ALARM."""
    metric: Metric | None
    reason: str = ""
    description: str = ""
    statistic: str = ""
    period: int = 0


class RunSeen(Struct, frozen=True, kw_only=True):
    """One run, as the ledger knows it. `status` is None while it has no outcome."""

    run: str
    runbook: str
    alarm: str
    """As the ledger keeps it, without secrets."""
    started_at: datetime
    transition: datetime | None = None
    """When its alarm went into ALARM; None where that was not recorded."""
    ended_at: datetime | None = None
    status: Status | None = None
    gate: str = ""

    @property
    def says_something(self) -> bool:
        """Tell whether it judged its alarm at all."""
        return self.gate not in _NO_SAY

    def is_about(self, since: datetime) -> bool:
        """Tell whether it is about the transition into ALARM that happened then."""
        if self.transition is None:
            return self.started_at >= since
        return abs(self.transition - since) < _SAME


class OpenIncident(Struct, frozen=True, kw_only=True):
    """One incident that is not closed. `callback` is where its escalation waits; empty while it does not."""

    key: str
    run: str
    recovery: Recovery
    """Its alarms as the ledger keeps them, without secrets."""
    acknowledged: bool
    by: str = ""
    callback: str = ""


class Situation(Struct, frozen=True, kw_only=True):
    """What is known at a tick."""

    now: datetime
    runbooks: tuple[Swept, ...]
    runs: tuple[RunSeen, ...]
    incidents: tuple[OpenIncident, ...] = ()
    muted: frozenset[str] = frozenset()
    """Names of alarms that a mute rule mutes now."""
    quiet: frozenset[str] = frozenset()
    """Names of alarms for which ALARM is normal."""


class Offer(Struct, frozen=True, kw_only=True):
    """Send the alarm's event once more."""

    alarm: DescribedAlarm
    because: str


class Held(Struct, frozen=True, kw_only=True):
    """Do not, for now."""

    alarm: DescribedAlarm
    because: str


Judgement: TypeAlias = Offer | Held


def offers(alarms: Iterable[DescribedAlarm], situation: Situation) -> tuple[Judgement, ...]:
    """Judge every alarm; the one that has been on for longest comes first, so that it is the first to be admitted."""
    oldest_first = sorted(alarms, key=lambda alarm: (alarm.transitioned_at or situation.now, alarm.name))
    return tuple(judge(alarm, situation) for alarm in oldest_first)


def judge(alarm: DescribedAlarm, situation: Situation) -> Judgement:
    """Say whether to offer one alarm, and why."""
    if because := _not_ours(alarm, situation):
        return Held(alarm=alarm, because=because)
    assert alarm.transitioned_at is not None, "it is ours"
    now, limits = situation.now, {swept.runbook: swept.limit for swept in answering(alarm, situation.runbooks)}
    about = [run for run in situation.runs if run.alarm == redact(alarm.name) and run.runbook in limits]
    for run in about:
        if run.status is None and now < run.started_at + limits[run.runbook]:
            return Held(alarm=alarm, because=f"Run {run.run} is at it.")
    last = _last_of_each_runbook(about, alarm.transitioned_at)
    if not last:
        if now - alarm.transitioned_at < LOST_AFTER:
            return Held(alarm=alarm, because="It went into ALARM only just now; its own event is on its way.")
        return Offer(alarm=alarm, because="No run is known since it went into ALARM: its event was lost.")
    for run in last:
        if because := _has_had_its_say(run, limits, situation):
            return Held(alarm=alarm, because=because)
    ended = max(last, key=lambda run: run.started_at)
    why = f"{ended.status} ({ended.gate})" if ended.gate else ended.status or "failed"
    return Offer(alarm=alarm, because=f"It still is in ALARM, and run {ended.run} ended {why}.")


def answering(alarm: DescribedAlarm, runbooks: Iterable[Swept]) -> tuple[Swept, ...]:
    """Return the runbooks that an alarm starts, whatever their mode."""
    metric = alarm.metric
    if metric is None:
        return ()
    return tuple(swept for swept in runbooks if any(_answers(answers, metric) for answers in swept.alarms))


def target_tracking(alarm: DescribedAlarm) -> bool:
    """Tell whether a scaling policy owns the alarm: its ALARM is how scaling works."""
    return alarm.name.startswith("TargetTracking-")


def detail(alarm: DescribedAlarm, tick: str) -> dict[str, Any]:
    """Return what CloudWatch's own event says of the alarm, as far as it is known, and the tick.

    What it was before is not known, so the engine looks twice before it acts.
    """
    assert alarm.metric is not None, "only alarms that a runbook answers are offered"
    assert alarm.transitioned_at is not None, "it is in ALARM"
    return {
        "alarmName": alarm.name,
        "state": {
            "value": alarm.state,
            "reason": alarm.reason,
            "timestamp": alarm.transitioned_at.isoformat(timespec="milliseconds"),
        },
        "configuration": {
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {
                        "metric": {
                            "namespace": alarm.metric.namespace,
                            "name": alarm.metric.name,
                            "dimensions": dict(alarm.metric.dimensions),
                        },
                        "period": alarm.period,
                        "stat": alarm.statistic,
                    },
                    "returnData": True,
                }
            ],
            "description": alarm.description,
        },
        "sweep": {"tick": tick},
    }


def _not_ours(alarm: DescribedAlarm, situation: Situation) -> str:
    """Return why an alarm is nothing to offer whatever its runs; nothing if it is."""
    runbooks = answering(alarm, situation.runbooks)
    if alarm.state != "ALARM":
        return f"It is {alarm.state}."
    if alarm.transitioned_at is None:
        return "CloudWatch does not say since when it is in ALARM."
    if target_tracking(alarm):
        return "A scaling policy owns it."
    if alarm.name in situation.quiet:
        return "ALARM is normal for it (quiet_alarms)."
    if not runbooks:
        return "No runbook answers it."
    if all(swept.mode == "off" for swept in runbooks):
        return f"{' and '.join(swept.runbook for swept in runbooks)} would answer it, and the mode is off."
    if not alarm.actions_enabled:
        return "Its actions are disabled."
    if alarm.name in situation.muted:
        return "It is muted."
    return ""


def _has_had_its_say(run: RunSeen, limits: Mapping[str, timedelta], situation: Situation) -> str:
    """Return why nothing new is to be expected after a run that ended; nothing if its reason may have passed."""
    if run.gate == REJECTED:
        return f"A person said no to run {run.run}."
    if run.status == "nothing-to-do" or (run.status == "refused" and run.gate in PASSING):
        return ""
    for incident in situation.incidents:
        if run.alarm in incident.recovery.alarms and incident.acknowledged:
            return f"{incident.by or 'A person'} acknowledged it and is at it."
    ended = run.ended_at or run.started_at + limits[run.runbook]
    if situation.now < (again := ended + AGAIN_AFTER):
        return f"Run {run.run} ended {run.status or 'without an outcome'}; again from {again:%H:%M:%S} UTC on."
    return ""


def _last_of_each_runbook(runs: Iterable[RunSeen], since: datetime) -> tuple[RunSeen, ...]:
    last: dict[str, RunSeen] = {}
    for run in sorted(runs, key=lambda run: run.started_at):
        if run.is_about(since) and run.says_something:
            last[run.runbook] = run
    return tuple(last.values())


def _answers(answers: Answers, metric: Metric) -> bool:
    return (answers.namespace, answers.metric) == (metric.namespace, metric.name) and all(
        name in metric.dimensions and matches(wanted, metric.dimensions[name])
        for name, wanted in answers.dimensions.items()
    )
