"""What a person is told: what was seen, who leaves, and the exact commands to go on with."""

from collections.abc import Iterator, Sequence

from remediation.aws.autoscaling import Group
from remediation.aws.group_commands import GroupCommands
from remediation.aws.scaling import IN_SERVICE, at_work, free
from scale_service.facts import Facts

_NAMED = 6
"""So many instances are named one by one."""


def evidence(facts: Facts, group: Group) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(facts, group))


def _evidence(facts: Facts, group: Group) -> Iterator[str]:
    yield f"{group.name} wants {group.desired} instances ({group.min_size} to {group.max_size})."
    for member in group.members:
        well = "healthy" if member.id in facts.healthy else "not healthy"
        protected = "; it is protected from scale-in" if member.protected else ""
        yield f"{member.id} is {member.lifecycle}, and {well} in the target group{protected}."
    if group.suspended:
        yield f"Suspended: {', '.join(group.suspended)}."
    states = {alarm.name: alarm.state for alarm in facts.alarms}
    for policy in facts.policies:
        alarms = [f"{name} ({states.get(name, 'which is not there')})" for name in (*policy.alarms, *policy.lows)]
        disabled = "" if policy.enabled else " is disabled; it"
        yield f"Policy {policy.name}{disabled} follows {', '.join(alarms) or 'no alarm'}."
    yield from (f"{group.name} is at work: {doing}." for doing in at_work(group, facts.history.unfinished))


def going(group: Group, to: int) -> int:
    """Return how many instances have to go for a group to have this size."""
    return max(0, sum(member.lifecycle == IN_SERVICE for member in group.members) - to)


def protected(group: Group) -> tuple[str, ...]:
    """Return the instances that may not."""
    return tuple(member.id for member in group.members if member.lifecycle == IN_SERVICE and member.protected)


def leaving(facts: Facts, group: Group, to: int) -> str:
    """Say which instance goes when the group is made smaller, who chooses it, and what is protected."""
    number, may, spared = going(group, to), free(group), protected(group)
    cannot = f"{listed(spared)} cannot go (protected from scale-in)" if spared else "none is protected"
    if number == 0:
        return f"No instance has to go; {cannot}."
    verb, has, their = ("goes", "has", "its") if number == 1 else ("go", "have", "their")
    who = listed([member.id for member in may])
    if number < len(may):
        who = f"{number} of {who}"
    rules = ", ".join(group.termination) or "Default"
    chosen = f" (chosen by {rules})" if number < len(may) else ""
    drained = "" if facts.drain is None else f", and {has} {facts.drain} s to finish {their} requests"
    return f"{who} {verb}{chosen}{drained}; {cannot}."


def listed(ids: Sequence[str]) -> str:
    """Name instances, or say how many they are."""
    return ", ".join(ids) if len(ids) <= _NAMED else f"{len(ids)} instances"


def commands(facts: Facts, group: Group) -> GroupCommands:
    """Return the commands for a person to go on with."""
    return GroupCommands(group.name, facts.place.region)
