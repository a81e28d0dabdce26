"""Which events start a runbook, as EventBridge patterns in plain data.

The stack deploys exactly these, and `remedy explain` evaluates the same ones offline. A pattern only narrows what arrives;
the gates and the runbook's routing look at every event again.
"""

from typing import Any, Literal, TypeAlias, assert_never

from msgspec import Struct

from remediation.core.spec import AnyRunbook, Every, Manual, OnAlarm, OnAsgEvent, Place, TriggerSpec, fill
from remediation.core.triggers import ALARM_STATE_CHANGE, DRILL, SWEEP

Pattern: TypeAlias = dict[str, Any]


class Rule(Struct, frozen=True, kw_only=True):
    """What starts a runbook by itself: events of a pattern, or a schedule; the other one is None."""

    kind: Literal["alarm", "asg", "schedule"]
    pattern: Pattern | None = None
    schedule: str | None = None


def rules(runbook: AnyRunbook, place: Place, settings: Struct) -> tuple[Rule, ...]:
    """Return the rules of a runbook in one environment, in the order of its triggers."""
    found = (_rule(trigger, place, settings) for trigger in runbook.triggers_in(settings))
    return tuple(rule for rule in found if rule is not None)


def event_patterns(runbook: AnyRunbook, place: Place, settings: Struct) -> tuple[Pattern, ...]:
    """Return the patterns of a runbook's rules on events."""
    return tuple(rule.pattern for rule in rules(runbook, place, settings) if rule.pattern is not None)


def _rule(trigger: TriggerSpec, place: Place, settings: Struct) -> Rule | None:
    match trigger:
        case OnAlarm():
            return Rule(kind="alarm", pattern=_on_alarm(trigger, place, settings))
        case OnAsgEvent():
            return Rule(kind="asg", pattern=_on_asg_event(trigger, place, settings))
        case Every(minutes=minutes):
            return Rule(kind="schedule", schedule=f"rate({minutes} minute{'s' if minutes > 1 else ''})")
        case Manual():
            return None
        case _:
            assert_never(trigger)


def _on_alarm(trigger: OnAlarm, place: Place, settings: Struct) -> Pattern:
    # As in routing: what the incident is made of has to be there, whatever it says.
    templates = dict.fromkeys(trigger.incident.values(), "*") | dict(trigger.dimensions)
    dimensions = {name: [_value(fill(template, place, settings))] for name, template in templates.items()}
    metric = {
        "namespace": [fill(trigger.namespace, place, settings)],
        "name": [trigger.metric],
        **({"dimensions": dimensions} if dimensions else {}),  # an empty object is no pattern
    }
    detail = {"state": {"value": ["ALARM"]}, "configuration": {"metrics": {"metricStat": {"metric": metric}}}}
    return _envelope(("aws.cloudwatch", DRILL, SWEEP), [ALARM_STATE_CHANGE], place, detail)


def _on_asg_event(trigger: OnAsgEvent, place: Place, settings: Struct) -> Pattern:
    detail = {"AutoScalingGroupName": [_value(fill(trigger.group, place, settings))]}
    return _envelope(("aws.autoscaling", DRILL), list(trigger.detail_types), place, detail)


def _envelope(sources: tuple[str, ...], detail_types: list[str], place: Place, detail: Pattern) -> Pattern:
    return {
        "source": list(sources),
        "detail-type": detail_types,
        "account": [place.account],
        "region": [place.region],
        "detail": detail,
    }


def _value(template: str) -> str | dict[str, Any]:
    """Return a filled template as EventBridge says it: exact, as a prefix, or merely present."""
    if template == "*":
        return {"exists": True}
    return {"prefix": template[:-1]} if template.endswith("*") else template
