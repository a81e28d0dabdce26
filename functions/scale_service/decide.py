"""What is to be done about a size that somebody asks for, read top to bottom.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from remediation.aws.autoscaling import ACTIVE_REFRESH, Group
from remediation.aws.scaling import UNTIL_SETTLED, Size, at_work, settled, size
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from scale_service.facts import Facts
from scale_service.settings import RECOVERY, Settings

SCALE = "set-desired-capacity"
LATER = timedelta(seconds=60)


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Size], ...], now: datetime) -> Verdict[Size]:
    """Return what to do now. After an act, Nothing means that so many instances are in service and healthy."""
    if facts.group is None:
        return Escalate(because=f"There is no Auto Scaling group {settings.asg} (setting `asg`) to scale.")
    group = facts.group
    return (
        _out_of_bounds(facts, group, tried)
        or _being_deployed(facts, group)
        or _overtaken(facts, group, tried)
        or _there(facts, group, tried)
        or _at_work(facts, group)
        or _resize(facts, group, settings)
    )


def _out_of_bounds(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Escalate | None:
    """Refuse what the group may not have. Nothing is done, so nobody is paged, unless it was possible when it was begun."""
    if facts.desired == 0:
        because = (
            f"Refused: no instance at all is an outage; only the recovery runbooks ({RECOVERY}) make one on purpose."
        )
        return Nothing(because=because)
    if group.min_size <= facts.desired <= group.max_size:
        return None
    limit, value = ("min_size", group.min_size) if facts.desired < group.min_size else ("max_size", group.max_size)
    because = f"Refused: {group.name} may have {group.min_size} to {group.max_size} instances, not {facts.desired}."
    steps = (f"In terraform.tfvars: {limit} = {facts.desired} (was {value}), then `terraform apply`.",)
    if tried:
        return Escalate(because=because, evidence=evidence(facts, group), next_steps=steps)
    return Nothing(because=because, evidence=evidence(facts, group), next_steps=steps)


def _being_deployed(facts: Facts, group: Group) -> Wait | None:
    """Hazard C8."""
    if facts.refresh is None or facts.refresh.status not in ACTIVE_REFRESH:
        return None
    because = f"An instance refresh of {group.name} is {facts.refresh.status}: a deploy is on."
    return Wait(because=because, for_=LATER, evidence=evidence(facts, group), stand_down=True)


def _overtaken(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Escalate | None:
    """Do not fight over a size: what changed it since this run did has its reasons."""
    done = [attempt for attempt in tried if attempt.result == "done"]
    if not done or group.desired == facts.desired:
        return None
    return Escalate(
        because=f"{group.name} was asked for {facts.desired} instances, and somebody else (a policy?) has asked for "
        f"{group.desired} since.",
        evidence=evidence(facts, group),
        next_steps=(_policies(facts, group),),
    )


def _there(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Wait | None:
    if group.desired != facts.desired:
        return None
    lacks = settled(group, facts.healthy)
    if not lacks:
        because = f"{group.name} has {facts.desired} instances, in service and healthy."
        return Nothing(because=because, evidence=evidence(facts, group))
    because = f"{group.name} wants {facts.desired} instances, and is not complete: {lacks}."
    if not tried:
        return Nothing(because=because, evidence=evidence(facts, group), next_steps=(_activities(facts, group),))
    return _wait(facts, group, because)


def _at_work(facts: Facts, group: Group) -> Wait | None:
    """Hazard C8."""
    doing = at_work(group, facts.history.unfinished)
    return _wait(facts, group, f"{group.name} is at work: {'; '.join(doing)}.") if doing else None


def _resize(facts: Facts, group: Group, settings: Settings) -> Act[Size]:
    name, before, to = group.name, group.desired, facts.desired
    verb = "out" if to > before else "in"
    protection = f" {_protection(facts, group)}" if to < before else ""
    return Act(
        action=SCALE,
        target=size(name, from_=before, to=to),
        resource=f"autoscaling-group/{name}",
        because=f"{name} is to be scaled {verb}, {before} -> {to}; it may have {group.min_size} to {group.max_size}.{protection}",
        settle=settings.settle,
        evidence=evidence(facts, group),
        next_steps=(_activities(facts, group), _policies(facts, group)),
        drift=f"Terraform owns the size of {name}: the next `terraform apply` sets it back, unless terraform.tfvars says "
        f"`desired_capacity = {to}` (was {before}).",
    )


def _protection(facts: Facts, group: Group) -> str:
    """Say what protects which instance when the group is made smaller."""
    spared = (
        f"{', '.join(facts.protection)} cannot go (protected from scale-in)"
        if facts.protection
        else "none is protected"
    )
    drained = "" if facts.drain is None else f", and it has {facts.drain} s to finish its requests"
    return f"Which one goes is chosen by {', '.join(facts.termination) or 'Default'}; {spared}{drained}."


def evidence(facts: Facts, group: Group) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(facts, group))


def _evidence(facts: Facts, group: Group) -> Iterator[str]:
    yield f"{group.name} wants {group.desired} instances ({group.min_size} to {group.max_size})."
    for member in group.members:
        well = "healthy" if member.id in facts.healthy else "not healthy"
        yield f"{member.id} is {member.lifecycle}, and {well} in the target group."
    if group.suspended:
        yield f"Suspended: {', '.join(group.suspended)}."
    yield from (f"{group.name} is at work: {doing}." for doing in at_work(group, facts.history.unfinished))


def _wait(facts: Facts, group: Group, because: str) -> Wait:
    steps = (_activities(facts, group),)
    return Wait(because=because, for_=UNTIL_SETTLED, evidence=evidence(facts, group), next_steps=steps)


def _activities(facts: Facts, group: Group) -> str:
    return (
        f"aws autoscaling describe-scaling-activities --auto-scaling-group-name {group.name} --max-items 20 "
        f"--region {facts.place.region}"
    )


def _policies(facts: Facts, group: Group) -> str:
    return f"aws autoscaling describe-policies --auto-scaling-group-name {group.name} --region {facts.place.region}"
