"""What goes on around a runbook: dependencies that are down, a storm of alarms, a deploy. Then the runbook stands down.

The rule of the domain (HAZARDS.md, X21): when many things look ill at once they have one cause, and it is not each of them. A
runbook names what it yields to; its own subject is never among that.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from remediation.core.gates import Refusal
from remediation.core.incident import Recovery
from remediation.core.spec import Yield
from remediation.core.watched import NAMES, OWNERS, Cause, Dependency, Storm, Watched

LASTS = timedelta(hours=24)
"""What has been on for a day is no storm any more, but how things are: people have known for as long."""
MOST_NAMES = 100
"""Alarms of a storm that are watched until it is over."""


class ActiveAlarm(Struct, frozen=True, kw_only=True):
    """An alarm that is in ALARM. Without namespace and metric where it watches no single plain metric."""

    name: str
    since: datetime
    namespace: str = ""
    metric: str = ""
    dimensions: Mapping[str, str] = {}


class Around(Struct, frozen=True, kw_only=True):
    """What was seen: alarms in ALARM, and a sentence for every deploy that is on."""

    alarms: tuple[ActiveAlarm, ...] = ()
    deploys: tuple[str, ...] = ()


def stand_down(
    around: Around, watched: Watched, yields_to: Iterable[Yield], *, own: str, environment: str, now: datetime
) -> Refusal | None:
    """Return why a runbook stands down, the deepest reason first. `own` is the alarm that started it, if one did."""
    yields = frozenset(yields_to)
    others = [alarm for alarm in around.alarms if alarm.name != own]
    for cause in watched.causes:
        for alarm in others:
            if cause.dependency in yields and shows(cause, alarm):
                return _dependency_down(cause.dependency, alarm, environment)
    if "deploy" in yields and around.deploys:
        because = f"{' '.join(around.deploys)} What is ill may only be changing."
        return Refusal(gate="deploy", because=because)
    if "storm" in yields and (refusal := _storm(around.alarms, watched, environment, now)):
        return refusal
    return None


def shows(cause: Cause, alarm: ActiveAlarm) -> bool:
    """Tell whether an alarm in ALARM says that the dependency is down."""
    return (
        alarm.namespace == cause.namespace
        and cause.metric in {"", alarm.metric}
        and all(alarm.dimensions.get(name) == value for name, value in cause.dimensions.items())
    )


def _dependency_down(dependency: Dependency, alarm: ActiveAlarm, environment: str) -> Refusal:
    name = NAMES[dependency]
    return Refusal(
        gate="shared cause",
        because=f"{name} is in trouble (the alarm {alarm.name} is in ALARM since {alarm.since:%H:%M:%S} UTC); what depends"
        " on it is left alone until that is over.",
        team=OWNERS[dependency],
        incident=f"{environment}|shared cause|{dependency}",
        recovery=Recovery(alarms=(alarm.name,)),
    )


def _storm(alarms: Iterable[ActiveAlarm], watched: Watched, environment: str, now: datetime) -> Refusal | None:
    """Find alarms that began together and still are on; it is a storm for as long as enough of them are."""
    storm = watched.storm
    counted = (alarm for alarm in alarms if alarm.since > now - LASTS and _counts(alarm, watched, environment))
    together = _together(sorted(counted, key=lambda alarm: alarm.since), storm)
    if not together:
        return None
    names = sorted(alarm.name for alarm in together)
    shown = ", ".join(names[:5]) + (" and others" if len(names) > 5 else "")
    minutes = round(storm.within.total_seconds() / 60)
    return Refusal(
        gate="storm",
        because=f"{len(names)} alarms of {environment} went into ALARM within {minutes} minutes and still are ({shown}), so"
        " they have one cause that this runbook does not know.",
        incident=f"{environment}|storm",
        recovery=Recovery(alarms=tuple(names[:MOST_NAMES]), least=storm.alarms),
    )


def _together(oldest_first: Sequence[ActiveAlarm], storm: Storm) -> Sequence[ActiveAlarm]:
    """Return the largest group of alarms that began within the time of a storm; nothing where none is large enough."""
    largest: Sequence[ActiveAlarm] = ()
    first = 0
    for last, alarm in enumerate(oldest_first):
        while alarm.since - oldest_first[first].since >= storm.within:
            first += 1
        group = oldest_first[first : last + 1]
        largest = group if len(group) >= max(storm.alarms, len(largest)) else largest
    return largest


def _counts(alarm: ActiveAlarm, watched: Watched, environment: str) -> bool:
    """Leave out what is normal, what is not of this environment, and the alarms on the remediation's own parts."""
    own = alarm.name.startswith(f"{environment}-remediation-") and alarm.namespace in {"AWS/Lambda", "AWS/SQS"}
    scale_in = alarm.name.startswith("TargetTracking-") and "AlarmLow" in alarm.name
    ours = alarm.name.startswith(watched.alarm_prefix)
    return ours and not own and not scale_in and alarm.name not in watched.quiet_alarms
