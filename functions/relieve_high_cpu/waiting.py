"""Who is seen to already, and what cannot be judged yet: a deploy, a group at work, values that are too few, old or partial."""

from datetime import timedelta

from relieve_high_cpu.case import Case
from relieve_high_cpu.wording import Commands, evidence, hot_now, minutes, named
from remediation.aws.autoscaling import ACTIVE_REFRESH
from remediation.aws.group_commands import suspended
from remediation.core.verdict import Escalate, Nothing, Wait

SOON = timedelta(minutes=2)
PATIENCE = 2
"""So many times as long as values take they are waited for; then CloudWatch will have none."""
REGISTERS = "AddToLoadBalancer"
"""The process that makes targets of new instances."""


def being_deployed(case: Case) -> Wait | None:
    """Hazard C8."""
    refresh = case.facts.refresh
    if refresh is None or refresh.status not in ACTIVE_REFRESH:
        return None
    return Wait(
        because=f"An instance refresh of {case.group.name} is {refresh.status}: a deploy is on, and what its instances do "
        "now says nothing.",
        for_=SOON,
        evidence=evidence(case),
        next_steps=(Commands(case).refreshes(),),
        stand_down=True,
    )


def growing(case: Case) -> Nothing | Wait | None:
    """Leave alone a group that is changing, or that lacks what it wants (hazards C2, C7)."""
    name, desired = case.group.name, case.group.desired
    if not case.doing and case.in_service >= desired:
        return None
    if not case.tried and case.calling and case.in_service < desired and case.doing:
        policy, _ = case.calling[0]
        return Nothing(
            because=f"The policy {policy.name} is scaling {name}: {case.in_service} -> {desired}.",
            evidence=evidence(case),
        )
    what = "; ".join(case.doing) or f"{case.in_service} of {desired} instances are in service"
    because = f"{name} is at work: {what}."
    if not case.doing:
        because = f"{name} lacks instances and launches none: {what} (recover-failed-launches is for that)."
    return wait(case, because)


def too_early(case: Case) -> Wait | None:
    """After an act, or any other change, see as many new values as it takes."""
    heat, period = case.heat, case.settings.period
    there, enough = len(heat.moments), heat.rule[0]
    if heat.since is None or there >= enough or case.now > heat.since + PATIENCE * enough * period:
        return None
    because = f"{there} of {enough} values since {heat.since:%H:%M} UTC are there: too early to tell."
    wanted = heat.since + enough * period - case.now
    return wait(case, because, for_=min(max(wanted, SOON), period))


def blind(case: Case) -> Wait | Escalate | None:
    """Judge by nothing that is old, nor by a part of the instances: it may come, and if it does not a person is called."""
    heat, period, name = case.heat, case.settings.period, case.group.name
    if heat.newest:
        return None
    if not heat.mature:
        said = f"No instance of {name} is known to be in service for {minutes(case.settings.warm_up)} minutes"
    elif heat.last is None:
        said = f"CloudWatch has no CPU of any instance of {name} that is in service"
        if any(heat.warmed.values()):
            said = f"CloudWatch has no CPU of {named(heat.late)}"
    else:
        age = case.now - heat.last.at - period
        late = f"; it has no newer one of {named(heat.late)}" if 0 < len(heat.late) < len(heat.mature) else ""
        said = f"CloudWatch's newest CPU of the instances of {name} is {minutes(age)} minutes old{late}"
        if age <= case.settings.evaluate * period:
            return wait(case, f"{said}: too old to judge by, and it may still come.")
    return Escalate(
        because=f"{said}: how busy it is is unknown.",
        evidence=evidence(case),
        next_steps=(Commands(case).activities(),),
    )


def ill(case: Case) -> Wait | Escalate | None:
    """Leave to the runbook for it what makes the others hot: those that take no requests. Some are in no target group at all."""
    if case.shared is None or not (case.heat.hot or case.fleet_hot):
        return None
    said = (
        f"{hot_now(case)}, and {len(case.ill)} of {len(case.heat.mature)} instances take no requests, because they are no "
        f"healthy targets ({named(case.ill)}): the others bear their load"
    )
    strangers = [each for each in case.ill if each in case.unregistered]
    if not strangers:
        return wait(case, f"{said} (restart-unhealthy-targets is for that).", for_=case.settings.period)
    commands, now, resume = Commands(case), "", tuple[str, ...]()
    if REGISTERS in case.group.suspended:
        now, resume = f" {suspended([REGISTERS])}.", (commands.resume([REGISTERS]),)
    return Escalate(
        because=f"{said}. No targets at all: {named(strangers)}.{now} What is launched while {REGISTERS} is suspended does not "
        "become one when it is resumed.",
        evidence=evidence(case),
        next_steps=(*resume, commands.register(strangers), commands.activities()),
    )


def wait(case: Case, because: str, *steps: str, for_: timedelta = SOON) -> Wait:
    """Return a wait with all that a person needs who is called if the time is up meanwhile."""
    return Wait(because=because, for_=for_, evidence=evidence(case), next_steps=(*steps, Commands(case).activities()))
