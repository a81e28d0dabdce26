"""What is to be done about a busy group, read top to bottom like the page of RUNBOOK.md that it replaces.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds.
"""

from datetime import datetime, timedelta
from math import ceil

from relieve_high_cpu.case import REPLACE, SCALE, Case
from relieve_high_cpu.facts import Facts, Instance
from relieve_high_cpu.settings import Settings
from relieve_high_cpu.step import ceiling
from relieve_high_cpu.waiting import being_deployed, blind, growing, ill, too_early, wait
from relieve_high_cpu.wording import Commands, cost, evidence, hot_now, last_deploy, minutes, named, slowed_down
from remediation.aws.group_commands import count, reverted, suspended
from remediation.aws.scaling import IN, OUT, size
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Target, Verdict, Wait

REPLACING = (*OUT, *IN, "ReplaceUnhealthy")
"""Processes that a group needs to replace an instance by one that serves."""


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Target], ...], now: datetime) -> Verdict[Target]:
    """Return what to do now. After an act, Nothing means that the group is complete and not hot any more."""
    if facts.group is None:
        return Escalate(because=f"There is no Auto Scaling group {settings.asg} (setting `asg`) to relieve.")
    if facts.group.weighted:
        because = f"The instances of {settings.asg} have weights, so its size counts units: that is not supported."
        return Escalate(because=because)
    case = Case(facts, settings, tried, now)
    return (
        _nothing_to_relieve(case)
        or being_deployed(case)
        or growing(case)
        or too_early(case)
        or blind(case)
        or ill(case)
        or _slowed_down(case)
        or _cool(case)
        or _one_hot(case)
        or _not_the_load(case)
        or _policy_works(case)
        or _no_more_to_give(case)
        or _cannot_grow(case)
        or _too_little_headroom(case)
        or _step(case)
    )


def _nothing_to_relieve(case: Case) -> Nothing | None:
    """Leave a group alone that is not hot, whatever else goes on: a scale-in alarm on the same metric is answered here."""
    return _not_hot(case) if case.heat.calm and not case.tried and not case.throttled else None


# ------------------------------------------------------------------------------------------------------------- how hot


def _slowed_down(case: Case) -> Escalate | None:
    """Take no low CPU for calm where it is all that the instances may use; a regression is told as one while it can be seen."""
    if not case.throttled or (case.fleet_hot and case.loaded is False):
        return None
    commands = Commands(case)
    return Escalate(
        because=f"{hot_now(case)}, and {slowed_down(case)}. {cost(case)}",
        evidence=evidence(case),
        next_steps=(*commands.unlimited(), *commands.bigger(more=False), commands.activities()),
    )


def _cool(case: Case) -> Nothing | Wait | Escalate | None:
    if case.fleet_hot or case.alone:
        return None
    name, heat = case.group.name, case.heat
    last, (wanted, of) = heat.cpu[-1].value, heat.rule
    if len(heat.hot) > 1:
        return _some_hot(case)
    if high := heat.too_high(heat.cpu):
        return wait(
            case,
            f"CPU of {name} is {last:.0f}%, but only {high} of the last {of} values are {case.settings.hot:.0f}% or more; "
            f"{wanted} are needed.",
        )
    if case.tried and case.unwell:
        well = f"{case.in_service - len(case.unwell)} of {case.in_service} instances are healthy targets"
        return wait(case, f"CPU of {name} is {last:.0f}%, but it is not complete: {well}.")
    return _not_hot(case)


def _some_hot(case: Case) -> Wait | Escalate:
    """Look at several that are hot in a group that is not: more instances do not help them, and they go one at a time."""
    heat = case.heat
    said = f"{named(heat.hot)} are hot, while {case.group.name} as a whole is at {heat.cpu[-1].value:.0f}%"
    steps = [Commands(case).shell(each.id) for each in heat.hot[:2]]
    if min(heat.hot_for(heat.warm[each]) for each in heat.hot) < case.settings.out_of_line_for:
        return wait(case, f"{said}; that may pass.", *steps)
    because = f"{said}: work is not shared evenly, and more instances do not change that."
    return Escalate(
        because=because, evidence=evidence(case), next_steps=(*steps, Commands(case).activities()), team="application"
    )


def _not_hot(case: Case) -> Nothing:
    heat = case.heat
    last = heat.last.value if heat.last else 0.0
    shown = min(round(last), ceil(case.settings.hot) - 1)  # 69.8 is not too much, and 70 is
    young = case.in_service - len(heat.mature)
    warming = "1 instance that is warming up does" if young == 1 else f"{young} instances that are warming up do"
    not_counted = f"; {warming} not count" if young else ""
    uneven = f"; {heat.hot[0].id} is hotter, but not out of line" if heat.hot else ""
    because = f"CPU of {case.group.name} is {shown}%, which is not too much{uneven}{not_counted}."
    return Nothing(because=because, evidence=evidence(case))


# ------------------------------------------------------------------------------------------------------ one instance


def _one_hot(case: Case) -> Act[Target] | Wait | Escalate | None:
    """Replace one instance that is out of line, if a person agrees: what is wrong with it is worth a look first."""
    instance = case.alone
    if instance is None:
        return None
    commands, long = Commands(case), case.heat.hot_for(case.heat.warm[instance])
    needed = case.settings.out_of_line_for
    said = f"{instance.id} alone is hot, for {minutes(long)} minutes, while the others of {case.group.name} are not"
    by_hand = (commands.shell(instance.id), commands.replace(instance.id))
    if long < needed:
        return wait(case, f"{said}; out of line is what is so for {minutes(needed)} minutes.", *by_hand)
    steps = (*by_hand, commands.activities())
    if any(attempt.action == REPLACE for attempt in case.tried):
        because = f"{said}, though one was replaced in this run: replacing does not help."
        return Escalate(because=because, evidence=evidence(case), next_steps=steps, team="application")
    if stopped := [process for process in REPLACING if process in case.group.suspended]:
        because = f"{said}, and the group cannot replace it: {suspended(stopped)}."
        return Escalate(because=because, evidence=evidence(case), next_steps=(commands.resume(stopped), *steps))
    if instance in case.unwell:
        because = f"{said}. It is no healthy target (restart-unhealthy-targets is for that)."
        return wait(case, because, commands.shell(instance.id), _healing(case, instance), for_=case.settings.period)
    if case.facts.healthy is None:
        because = f"{said}. It is not replaced: how many are healthy besides it is unknown."
        return Escalate(because=because, evidence=evidence(case), next_steps=steps)
    healthy = f"{count(case.others)} healthy besides it"
    if case.others < case.enough:
        return Escalate(
            because=f"{said}. It is not replaced: {healthy}, and {_why_not(case)}.",
            evidence=evidence(case),
            next_steps=(_more_first(case), *steps),
        )
    return Act(
        action=REPLACE,
        target=Target(id=instance.id),
        resource=_resource(case),
        because=f"{said}. {healthy}, at least the minimum of {case.group.min_size}, and meanwhile at about "
        f"{case.alone_at(case.others):.0f}%.",
        settle=case.settings.warm_up,
        evidence=evidence(case),
        next_steps=steps,
        approval=Approval(because="Whatever it is busy with ends, and with it the chance to see what that was."),
    )


def _why_not(case: Case) -> str:
    if case.others < max(1, case.group.min_size):
        return f"the minimum is {case.group.min_size}"
    left = f"{case.settings.headroom:.0%} have to be left"
    return f"meanwhile they would be at about {case.alone_at(case.others):.0f}%; {left}"


def _more_first(case: Case) -> str:
    """Say how there would be enough others, so that one can go: those that are there, healed; else more.

    No more where what all of them lean on could not take it.
    """
    if case.in_service > case.enough:
        return _healing(case, *case.unwell)
    size = case.number + case.enough - case.others
    if size > case.group.max_size:
        return Commands(case).room(size)
    if tight := case.tight(size):
        return f"No instance more, before one goes: {'; '.join(tight)}."
    return Commands(case).larger(size)


def _healing(case: Case, *ill: Instance) -> str:
    """Say how instances become healthy targets that are none; those that are no targets at all have to be made some first."""
    strangers = [each for each in ill if each in case.unregistered]
    return Commands(case).register(strangers) if strangers else Commands(case).heal()


# ---------------------------------------------------------------------------------------------------- the whole group


def _not_the_load(case: Case) -> Escalate | None:
    """Hazard C5: more instances do not help against a regression."""
    if case.loaded is not False:
        return None
    requests, change = case.facts.requests, case.facts.change
    deploy = f" The last deploy: {last_deploy(case)}." if change else " No deploy is known."
    return Escalate(
        because=f"{hot_now(case)}, but there are {requests.now:.0f} requests per target where {requests.usual:.0f} are usual: "
        f"not load, but what the application does with it.{deploy}",
        evidence=evidence(case),
        next_steps=(*(Commands(case).shell(each.id) for each in case.heat.hot[:1]), Commands(case).refreshes()),
        team="application",
    )


def _policy_works(case: Case) -> Nothing | Wait | None:
    """Hazard C7: what scales by itself is not scaled a second time."""
    if not case.working or case.number >= case.group.max_size:
        return None
    if case.calling:
        policy, alarm = case.calling[0]
        said = f"the policy {policy.name} is on it: {alarm.name} is in ALARM"
    else:
        said = f"the policy {case.working[0].name} works, and its alarm sees no reason yet"
    because = f"{hot_now(case)}, and {said}."
    return wait(case, because) if case.tried else Nothing(because=because, evidence=evidence(case))


def _no_more_to_give(case: Case) -> Escalate | None:
    """At max, without help from what was done, or beyond what is usual: a larger size is a person's."""
    group, settings, steps = case.group, case.settings, case.steps
    if case.number >= group.max_size:
        why = f"{group.name} has all of its {group.max_size} instances"
    elif len(steps) >= settings.steps:
        done = ", ".join(f"{from_} -> {to}" for from_, to in steps)
        hours = settings.steps_within / timedelta(hours=1)
        why = f"it is hot after {len(steps)} steps within {hours:g} hours ({done})"
    elif case.facts.usual_hosts is None:
        why = "how many instances are usual is unknown, and so is how many are too many"
    elif case.next_size <= case.number:
        most = ceiling(case.facts.usual_hosts, settings.baseline_factor)
        why = (
            f"{group.name} may have {most} instances, {settings.baseline_factor:g} times what is usual in 24 hours, and "
            f"has {case.number}"
        )
    else:
        return None
    steps_ = (*Commands(case).bigger(), Commands(case).activities(), Commands(case).policies())
    return Escalate(because=f"{hot_now(case)}, and {why}. {cost(case)}", evidence=evidence(case), next_steps=steps_)


def _cannot_grow(case: Case) -> Escalate | None:
    """Ask for no instance that would not be launched, or would take no requests."""
    stopped = [process for process in OUT if process in case.group.suspended]
    if not stopped:
        return None
    launches = "nothing" if "Launch" in stopped else "only what would take no requests"
    return Escalate(
        because=f"{hot_now(case)}, and {case.group.name} launches {launches}: {suspended(stopped)}.",
        evidence=evidence(case),
        next_steps=(Commands(case).resume(case.suspended), Commands(case).activities()),
    )


def _too_little_headroom(case: Case) -> Escalate | None:
    """Hazard C4: more instances must not take down what all of them need."""
    if case.loaded is None:
        why = "how many requests there are is unknown: whether more instances help cannot be told"
    elif tight := case.tight(case.next_size):
        why = f"{case.group.name} is not made larger: {'; '.join(tight)}; {case.settings.headroom:.0%} have to be left"
    else:
        return None
    return Escalate(
        because=f"{hot_now(case)}, and {why}.",
        evidence=evidence(case),
        next_steps=(*Commands(case).bigger(more=False), Commands(case).activities()),
    )


def _step(case: Case) -> Act[Target]:
    name, desired, to = case.group.name, case.group.desired, case.next_size
    why = "; ".join(case.broken(policy) for policy in case.outward) or "no policy makes it larger"
    more = f" ({case.in_service} are in service)" if case.in_service > desired else ""
    return Act(
        action=SCALE,
        target=size(name, from_=desired, to=to),
        resource=_resource(case),
        because=f"{hot_now(case)} with {case.facts.requests.now or 0:.0f} requests per target ({case.facts.requests.usual or 0:.0f} "
        f"are usual), and {why}: {desired} -> {to}{more}.",
        settle=case.settings.warm_up,
        evidence=evidence(case),
        next_steps=(Commands(case).larger(to), Commands(case).activities(), Commands(case).policies()),
        drift=reverted(name, before=desired, to=to),
    )


# ------------------------------------------------------------------------------------------------------------- wording


def _resource(case: Case) -> str:
    return f"autoscaling-group/{case.settings.asg}"
