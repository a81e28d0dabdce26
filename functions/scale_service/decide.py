"""What is to be done about a size that somebody asks for, read top to bottom.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds.
"""

from datetime import datetime, timedelta

from remediation.aws.autoscaling import ACTIVE_REFRESH, Group
from remediation.aws.group_commands import reverted, suspended
from remediation.aws.scaling import IN, OUT, UNTIL_SETTLED, Size, at_work, free, settled, size
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from scale_service.facts import Facts
from scale_service.settings import NONE, Settings
from scale_service.undoing import undone
from scale_service.wording import commands, evidence, going, leaving, listed, protected

SCALE = "set-desired-capacity"
LATER = timedelta(seconds=60)


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Size], ...], now: datetime) -> Verdict[Size]:
    """Return what to do now. After an act, Nothing means that so many instances are in service and healthy."""
    if facts.group is None:
        return Escalate(because=f"There is no Auto Scaling group {settings.asg} (setting `asg`) to scale.")
    group = facts.group
    return (
        _weighted(facts, group, tried)
        or _out_of_bounds(facts, group, tried)
        or _being_deployed(facts, group)
        or _overtaken(facts, group, tried)
        or _there(facts, group, tried)
        or _at_work(facts, group)
        or _suspended(facts, group, tried)
        or _all_protected(facts, group, tried)
        or _resize(facts, group, settings)
    )


# ------------------------------------------------------------------------------------------------- what cannot be done


def _refuse(
    facts: Facts, group: Group, tried: tuple[Attempt[Size], ...], because: str, *steps: str
) -> Nothing | Escalate:
    """Refuse what cannot be. Nothing is done, so nobody is paged, unless it was possible when it was begun."""
    if tried:
        return Escalate(because=because, evidence=evidence(facts, group), next_steps=steps)
    return Nothing(because=because, evidence=evidence(facts, group), next_steps=steps, refused=True)


def _weighted(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Escalate | None:
    if not group.weighted:
        return None
    because = f"The instances of {group.name} have weights, so its size counts units and not instances: that is not supported."
    return _refuse(facts, group, tried, because)


def _out_of_bounds(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Escalate | None:
    if facts.desired == 0:
        return _refuse(facts, group, tried, f"{NONE[0].upper()}{NONE[1:]}.")
    if group.min_size <= facts.desired <= group.max_size:
        return None
    limit, value = ("min_size", group.min_size) if facts.desired < group.min_size else ("max_size", group.max_size)
    because = f"{group.name} may have {group.min_size} to {group.max_size} instances, not {facts.desired}."
    step = f"In terraform.tfvars: {limit} = {facts.desired} (was {value}), then `terraform apply`."
    return _refuse(facts, group, tried, because, step)


def _suspended(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Escalate | None:
    """Ask for no size for which the group would not do what it takes."""
    needed, way = (OUT, "out") if facts.desired > group.desired else (IN, "in")
    stopped = [process for process in needed if process in group.suspended]
    if not stopped:
        return None
    because = f"{group.name} cannot be scaled {way}, {_change(facts, group)}: {suspended(stopped)}."
    return _refuse(facts, group, tried, because, commands(facts, group).resume(stopped))


def _all_protected(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Escalate | None:
    """Ask for no smaller size for which too few instances may go: AWS takes it, and terminates none."""
    number, may, spared = going(group, facts.desired), len(free(group)), protected(group)
    if number <= may:
        return None
    because = (
        f"{group.name} cannot be scaled in, {_change(facts, group)}: {number} would have to go, {may} may, and "
        f"{listed(spared)} cannot (protected from scale-in)."
    )
    return _refuse(facts, group, tried, because, commands(facts, group).unprotect(spared[: number - may]))


# --------------------------------------------------------------------------------------------------- somebody is at it


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
    back = undone(facts, group, before=done[-1].target.from_, to=facts.desired)
    return Escalate(
        because=f"{group.name} was asked for {facts.desired} instances, and somebody else (a policy?) has asked for "
        f"{group.desired} since." + (f" {back.because}; {back.keep}." if back else ""),
        evidence=evidence(facts, group),
        next_steps=(*((back.step,) if back else ()), commands(facts, group).policies()),
    )


def _there(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing | Wait | None:
    if group.desired != facts.desired:
        return None
    lacks = settled(group, facts.healthy)
    if not lacks:
        return _complete(facts, group, tried)
    because = f"{group.name} wants {facts.desired} instances, and is not complete: {lacks}."
    if not tried:
        steps = (commands(facts, group).activities(),)
        return Nothing(because=because, evidence=evidence(facts, group), next_steps=steps)
    return _wait(facts, group, because)


def _complete(facts: Facts, group: Group, tried: tuple[Attempt[Size], ...]) -> Nothing:
    """Say that all are there, and whether that lasts."""
    because = f"{group.name} has {facts.desired} instances, in service and healthy."
    back = undone(facts, group, before=tried[-1].target.from_, to=facts.desired) if tried else None
    if back is None:
        return Nothing(because=because, evidence=evidence(facts, group))
    because = f"{because} It will not last: {back.because}; {back.keep}."
    return Nothing(because=because, evidence=evidence(facts, group), next_steps=(back.step,))


def _at_work(facts: Facts, group: Group) -> Wait | None:
    """Hazard C8."""
    doing = at_work(group, facts.history.unfinished)
    return _wait(facts, group, f"{group.name} is at work: {'; '.join(doing)}.") if doing else None


def _wait(facts: Facts, group: Group, because: str) -> Wait:
    steps = (commands(facts, group).activities(),)
    return Wait(because=because, for_=UNTIL_SETTLED, evidence=evidence(facts, group), next_steps=steps)


# ------------------------------------------------------------------------------------------------------------- the act


def _resize(facts: Facts, group: Group, settings: Settings) -> Act[Size]:
    name, before, to = group.name, group.desired, facts.desired
    back, known = undone(facts, group, before=before, to=to), commands(facts, group)
    way, bounds = "out" if to > before else "in", f"{group.min_size} to {group.max_size}"
    said = [f"{name} is to be scaled {way}, {_change(facts, group)}; it may have {bounds}."]
    if to < before:
        said.append(leaving(facts, group, to))
    if back:
        said.append(f"It will not last: {back.because}; {back.keep}.")
    return Act(
        action=SCALE,
        target=size(name, from_=before, to=to),
        resource=f"autoscaling-group/{name}",
        because=" ".join(said),
        settle=settings.settle,
        evidence=evidence(facts, group),
        next_steps=(*((back.step,) if back else ()), known.activities(), known.policies()),
        drift=reverted(name, before=before, to=to),
    )


def _change(facts: Facts, group: Group) -> str:
    return f"{group.desired} -> {facts.desired}"
