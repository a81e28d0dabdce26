"""What goes on around a runbook: dependencies that are down, a storm of alarms, a deploy. Then the runbook stands down.

The rule of the domain (HAZARDS.md, X21): when many things look ill at once they have one cause, and it is not each of them. A
runbook names what it yields to; its own subject is never among that.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from remediation.core.gates import Refusal
from remediation.core.incident import Recovery
from remediation.core.spec import Yield
from remediation.core.watched import NAMES, OWNERS, Cause, Dependency, Storm, Watched, scales_in


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
        if cause.dependency in yields and any(shows(cause, alarm) for alarm in others):
            return _dependency_down(cause.dependency, _showing(cause.dependency, others, watched), environment)
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


def recovered(
    recovery: Recovery,
    over: Callable[[str], bool],
    alarms: Iterable[ActiveAlarm],
    watched: Watched,
    environment: str,
) -> bool:
    """Tell whether an incident is over: `over` says it of one alarm, `alarms` are those of the environment that are on.

    A cause is looked for anew, so that an alarm on it that joined later counts as well. An alarm without data is not over.
    """
    if recovery.blind:
        return False
    match recovery.cause:
        case None:
            showing = False
        case "storm":
            showing = bool(_together(_counted(alarms, watched, environment), watched.storm))
        case dependency:
            showing = bool(_showing(dependency, alarms, watched))
    return not showing and all(over(alarm) for alarm in recovery.alarms)


def _showing(dependency: Dependency, alarms: Iterable[ActiveAlarm], watched: Watched) -> list[ActiveAlarm]:
    causes = [cause for cause in watched.causes if cause.dependency == dependency]
    return [alarm for alarm in alarms if any(shows(cause, alarm) for cause in causes)]


def _dependency_down(dependency: Dependency, alarms: Sequence[ActiveAlarm], environment: str) -> Refusal:
    first = min(alarms, key=lambda alarm: alarm.since)
    return Refusal(
        gate="shared cause",
        because=f"{NAMES[dependency]} is in trouble (the alarm {first.name} is in ALARM since {first.since:%H:%M:%S} UTC); what"
        " depends on it is left alone until that is over.",
        team=OWNERS[dependency],
        incident=f"{environment}|shared cause|{dependency}",
        recovery=Recovery(alarms=tuple(sorted(alarm.name for alarm in alarms)), cause=dependency),
    )


def _storm(alarms: Iterable[ActiveAlarm], watched: Watched, environment: str, now: datetime) -> Refusal | None:
    """Find alarms that began together and still are on: a storm for as long as enough of them are, and for an hour at most."""
    storm = watched.storm
    lately = [
        alarm for alarm in _counted(alarms, watched, environment) if now - alarm.since < max(storm.lasts, storm.within)
    ]
    together = _together(lately, storm)
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
        recovery=Recovery(cause="storm"),
    )


def _counted(alarms: Iterable[ActiveAlarm], watched: Watched, environment: str) -> list[ActiveAlarm]:
    """Return those that may be part of a storm, the oldest first."""
    return sorted((each for each in alarms if _counts(each, watched, environment)), key=lambda alarm: alarm.since)


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
    ours = alarm.name.startswith(watched.alarm_prefix)
    return ours and not own and not scales_in(alarm.name) and alarm.name not in watched.quiet_alarms
