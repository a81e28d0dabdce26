"""Find what a trigger means to a runbook: its incident, or the reason why it means nothing."""

from typing import Any, assert_never

import msgspec
from msgspec import Struct

from remediation.core.spec import AnyRunbook, Every, Manual, OnAlarm, OnAsgEvent, Place, fill
from remediation.core.triggers import AlarmRaised, AsgEvent, Ignored, Invoked, Rejected, Scheduled, Trigger


def matches(template: str, value: str) -> bool:
    """Tell whether a value equals a filled template, or starts with it where the template ends in `*`."""
    return value.startswith(template[:-1]) if template.endswith("*") else value == template


def route(runbook: AnyRunbook, trigger: Trigger, place: Place, settings: Struct) -> Struct | Ignored | Rejected:
    """Return the runbook's incident in a trigger; what it names is in this environment's scope."""
    incident = _incident(runbook, trigger, place, settings)
    if isinstance(incident, Ignored | Rejected):
        return incident
    outside = runbook.scope(incident, settings, place)
    return incident if outside is None else Ignored(because=f"Not in the scope of {place.environment}: {outside}.")


def _incident(runbook: AnyRunbook, trigger: Trigger, place: Place, settings: Struct) -> Struct | Ignored | Rejected:
    match trigger:
        case AlarmRaised():
            return _alarm_incident(runbook, trigger, place, settings)
        case AsgEvent():
            return _asg_incident(runbook, trigger, place, settings)
        case Scheduled():
            if any(isinstance(spec, Every) for spec in runbook.triggers):
                return _convert(runbook, {})
            return Ignored(because=f"{runbook.name} has no schedule.")
        case Invoked():
            if any(isinstance(spec, Manual) for spec in runbook.triggers):
                return _convert(runbook, dict(trigger.payload))
            return Ignored(because=f"{runbook.name} cannot be invoked by hand.")
        case _:
            assert_never(trigger)


def _alarm_incident(
    runbook: AnyRunbook, trigger: AlarmRaised, place: Place, settings: Struct
) -> Struct | Ignored | Rejected:
    if trigger.metric is None:
        return Ignored(because=f"The alarm {trigger.alarm!r} does not watch one plain metric, so no runbook follows.")
    because = f"The metric {trigger.metric.namespace} {trigger.metric.name} is not one that {runbook.name} answers."
    for spec in runbook.triggers_in(settings):
        if not isinstance(spec, OnAlarm):
            continue
        if (fill(spec.namespace, place, settings), spec.metric) != (trigger.metric.namespace, trigger.metric.name):
            continue
        dimensions = trigger.metric.dimensions
        for name, template in (dict.fromkeys(spec.incident.values(), "*") | dict(spec.dimensions)).items():
            wanted, value = fill(template, place, settings), dimensions.get(name)
            if value is None or not matches(wanted, value):
                because = f"The alarm's dimension {name} is {value!r}, which is not {wanted!r} of {place.environment}."
                break
        else:
            return _convert(runbook, {ours: dimensions[theirs] for ours, theirs in spec.incident.items()})
    return Ignored(because=because)


def _asg_incident(
    runbook: AnyRunbook, trigger: AsgEvent, place: Place, settings: Struct
) -> Struct | Ignored | Rejected:
    because = f"{runbook.name} is not started by {trigger.detail_type!r}."
    for spec in runbook.triggers:
        if not isinstance(spec, OnAsgEvent) or trigger.detail_type not in spec.detail_types:
            continue
        group = fill(spec.group, place, settings)
        if matches(group, trigger.group):
            return _convert(runbook, {ours: getattr(trigger, theirs) for ours, theirs in spec.incident.items()})
        because = f"The group {trigger.group!r} is not {group!r} of {place.environment}."
    return Ignored(because=because)


def _convert(runbook: AnyRunbook, values: dict[str, Any]) -> Struct | Rejected:
    unknown = sorted(set(values) - set(runbook.incident.__struct_fields__))
    if unknown:
        known = ", ".join(f"`{name}`" for name in runbook.incident.__struct_fields__)
        return Rejected(
            because=f"{runbook.name} does not know `{unknown[0]}`; it takes {known}, `apply`, `because`, `request`, `by`."
        )
    try:
        incident: Struct = msgspec.convert(values, runbook.incident)
    except msgspec.ValidationError as error:
        return Rejected(because=f"The request to {runbook.name} is malformed: {error}.")
    return incident
