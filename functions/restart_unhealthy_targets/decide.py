"""What is to be done about a target group, read top to bottom like the page of RUNBOOK.md that it replaces.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds.
"""

from datetime import datetime, timedelta

from remediation.aws.autoscaling import ACTIVE_REFRESH
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait
from restart_unhealthy_targets.case import Case
from restart_unhealthy_targets.facts import NOT_RUNNING, Backend, Facts, Judged
from restart_unhealthy_targets.settings import Settings
from restart_unhealthy_targets.wording import Commands, evidence, seen

RESTART = "restart-container"
REPLACE = "replace-instance"
SOON = timedelta(seconds=30)
LATER = timedelta(seconds=60)
AT_MOST = timedelta(seconds=120)


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Judged], ...], now: datetime) -> Verdict[Judged]:
    """Return what to do now. After an act, Nothing means that every target is healthy and the group complete."""
    case = Case(facts, settings, tried, now)
    return (
        _all_is_well(case)
        or _not_our_kind(case)
        or _dependency_down(case)
        or _replaced_in_a_loop(case)
        or _somebody_is_at_it(case)
        or _not_for_us_yet(case)
        or _suspect_deploy(case)
        or _port_closed(case)
        or _too_many(case)
        or _next_rung(case, _next_target(case))
    )


def _all_is_well(case: Case) -> Nothing | Wait | None:
    name = case.facts.group.name
    if not case.facts.targets and not case.tried:
        return Nothing(because=f"No target is registered in {name}, so none is unhealthy.")
    if not case.counted:
        gone = ", ".join(f"{target.id} is {target.state}" for target in case.facts.targets) or "none is registered"
        return _wait(case, f"No target of {name} is in service: {gone}.", case.checked)
    if len(case.healthy) < len(case.counted):
        return None
    if case.tried and case.short:
        because = f"Every target of {name} is healthy, but {case.settings.asg} is not complete: {case.short}."
        return _wait(case, because, SOON)
    return Nothing(because=f"{len(case.healthy)} of {len(case.counted)} targets of {name} are healthy.")


def _not_our_kind(case: Case) -> Escalate | None:
    group, asg = case.facts.group, case.settings.asg
    if group.target_type != "instance":
        because = f"{group.name} has unhealthy targets of type {group.target_type}; this runbook knows instances only."
    elif case.facts.asg is None:
        because = f"{group.name} has unhealthy targets, and there is no Auto Scaling group {asg} (setting `asg`)."
    else:
        return None
    return Escalate(because=because, evidence=evidence(case), next_steps=(Commands(case).health(),))


def _dependency_down(case: Case) -> Escalate | None:
    saying = [(target, target.inspection) for target in case.candidates if target.inspection]
    down = sorted({name for _, inspection in saying for name in inspection.dependencies_down})
    if not down:
        return None
    who = ", ".join(target.id for target, inspection in saying if inspection.dependencies_down)
    others = f" {_count(len(case.healthy))} healthy, so it may be only their way to it." if case.healthy else ""
    return Escalate(
        because=f"{' and '.join(down)} cannot be used by {who}; restarting the application mends nothing.{others}",
        evidence=evidence(case),
        next_steps=(
            *(Commands(case).shell(target) for target, _ in saying[:1]),
            Commands(case).logs(),
            Commands(case).health(),
        ),
        team="database" if "MongoDB" in down else "infrastructure",
    )


def _replaced_in_a_loop(case: Case) -> Escalate | None:
    if len(case.loop) < case.settings.replacements:
        return None
    minutes = _minutes(case.settings.replaced_within)
    return Escalate(
        because=f"{case.settings.asg} has replaced {len(case.loop)} instances for failed load balancer checks in "
        f"{minutes} minutes, and the new ones are unhealthy as well: replacing does not help. Why they do not come up is for "
        "recover-failed-launches to say.",
        evidence=evidence(case),
        next_steps=(Commands(case).why(), Commands(case).activities(), Commands(case).suspend()),
    )


def _somebody_is_at_it(case: Case) -> Wait | None:
    refresh = case.facts.refresh
    if refresh and refresh.status in ACTIVE_REFRESH:
        return Wait(
            because=f"An instance refresh of {case.settings.asg} is {refresh.status}: a deploy is on.",
            for_=LATER,
            evidence=evidence(case),
            next_steps=(Commands(case).refreshes(), Commands(case).health()),
            stand_down=True,
        )
    if case.moving:
        return _wait(case, f"{case.settings.asg} is at work: {'; '.join(case.moving)}.", SOON)
    return None


def _not_for_us_yet(case: Case) -> Wait | None:
    """Wait for what is starting, leaving or young, and for the last target that was touched (hazard R2)."""
    ailing = [target for target in case.counted if target.state != "healthy" and target not in case.candidates]
    touched = case.tried[-1].target.id if case.tried else ""
    if case.candidates and not any(target.id == touched for target in ailing):
        return None
    ends = [end for target in ailing if (end := case.grace_ends(target)) and end > case.now]
    for_ = min(max(min(ends) - case.now, SOON), AT_MOST) if ends else case.checked
    shell = (Commands(case).shell(target) for target in ailing[:1] if target.in_ssm)
    return _wait(case, f"{'; '.join(str(case.not_yet(target)) for target in ailing)}.", for_, *shell)


def _suspect_deploy(case: Case) -> Escalate | None:
    """Hazard R9."""
    at = case.deployed_at
    if len(case.unhealthy) < 2 or at is None or case.now - at >= case.settings.deploy_suspect_for:
        return None
    return Escalate(
        because=f"{_count(len(case.unhealthy))} unhealthy only {_minutes(case.now - at)} minutes after the last change "
        f"({at:%H:%M:%S} UTC): suspect the deploy, and roll it back or forward.",
        evidence=evidence(case),
        next_steps=(Commands(case).refreshes(), Commands(case).health()),
        team="application",
    )


def _port_closed(case: Case) -> Escalate | None:
    closed = [target for target in case.candidates if target.port_open is False]
    if not closed:
        return None
    target = closed[0]
    return Escalate(
        because=f"The security groups of {target.id} ({', '.join(target.security_groups)}) do not let the load balancer "
        f"({', '.join(case.facts.balancer_groups)}) in on port {target.port}.",
        evidence=evidence(case),
        next_steps=(
            Commands(case).open_port(target),
            "Put the same rule into Terraform, or the next `terraform apply` takes it out again.",
        ),
    )


def _too_many(case: Case) -> Escalate | None:
    """Hazard R1: touch what may still serve only while others do, and what is dead only if it can come back."""
    numbers = f"{len(case.unhealthy)} of {len(case.counted)} targets of {case.facts.group.name} are unhealthy"
    commands = Commands(case)
    if not case.eligible:
        again = ", ".join(attempt.target.id for attempt in case.tried)
        because = (
            f"{numbers}, and restarting {again} has not helped."
            if again
            else (
                f"{numbers}, and the load balancer sends requests to unhealthy targets when it has no others: "
                "they may still serve, so none is restarted."
            )
        )
    elif not case.dependencies_up:
        because = (
            f"{numbers}, and whether MongoDB and Redis can be used is not known: without them a restart is in vain."
        )
    else:
        return None
    shell = (commands.shell(target) for target in case.candidates[:1])
    steps = (commands.health(), *shell, commands.logs(), commands.restart())
    return Escalate(because=because, evidence=evidence(case), next_steps=steps)


def _next_target(case: Case) -> Backend:
    """Return one that can be reached, if there is one."""
    return min(case.eligible, key=lambda target: (target.inspection is None, target.id))


def _next_rung(case: Case, target: Backend) -> Act[Judged] | Wait | Escalate:
    """Restart the container once; then replace the instance, unless its group does that by itself."""
    attempts, inspection, commands = case.attempts(target), target.inspection, Commands(case)
    if not attempts and inspection is None:
        return _out_of_reach(case, target)
    if not attempts and inspection is not None and inspection.container not in {"missing", "unknown"}:
        return Act(
            action=RESTART,
            target=_judged(case, target),
            resource=_resource(case),
            because=f"{target.id} is unhealthy ({target.reason}): {seen(inspection, case.settings.container)}. "
            f"{_count(len(case.healthy))} healthy.",
            settle=case.settle,
            evidence=evidence(case),
            next_steps=(commands.shell(target), commands.logs(), commands.restart(), commands.health()),
        )
    return _replacement(case, target)


def _out_of_reach(case: Case, target: Backend) -> Escalate:
    commands = Commands(case)
    if target.in_ssm:
        because = f"{target.id} is unhealthy ({target.reason}) and cannot be inspected: {target.unanswered}."
    else:
        because = f"{target.id} is unhealthy ({target.reason}) and out of Systems Manager's reach: nothing can be seen or restarted on it."
    return Escalate(
        because=because, evidence=evidence(case), next_steps=(commands.known(target), commands.replace(target))
    )


def _replacement(case: Case, target: Backend) -> Act[Judged] | Wait | Escalate:
    asg, commands, attempts = case.facts.asg, Commands(case), case.attempts(target)
    assert asg is not None, "_not_our_kind has let it pass"
    tried = (
        "; ".join(f"{attempt.action} {attempt.result}" for attempt in attempts) or "its container cannot be restarted"
    )
    still = f"{target.id} still is unhealthy ({target.reason}; {tried})"
    if case.suspended:
        return Escalate(
            because=f"{still}, and {asg.name} does not replace it: {', '.join(case.suspended)} is suspended.",
            evidence=evidence(case),
            next_steps=(commands.resume(), commands.replace(target)),
        )
    if "ELB" in asg.health_checks:
        because = f"{still}: {asg.name} replaces it by itself, for the same health check."
        return _wait(case, because, LATER, commands.shell(target), commands.logs(), commands.replace(target))
    replaced = [attempt for attempt in attempts if attempt.action == REPLACE]
    if replaced and replaced[-1].result != "failed":
        because = f"{still}: {asg.name} was told to replace it."
        return _wait(case, because, LATER, commands.shell(target), commands.logs())
    if replaced or len(case.serving) <= asg.min_size:
        why = (
            replaced[-1].receipt
            if replaced
            else f"{_count(len(case.serving))} healthy and in service, and the minimum is {asg.min_size}"
        )
        return Escalate(
            because=f"{still}, and it is not replaced: {why}.",
            evidence=evidence(case),
            next_steps=(commands.replace(target), commands.shell(target)),
        )
    return Act(
        action=REPLACE,
        target=_judged(case, target),
        resource=_resource(case),
        because=f"{still}. {_count(len(case.serving))} healthy and in service, more than the minimum of {asg.min_size}.",
        settle=case.settle,
        evidence=evidence(case),
        next_steps=(commands.replace(target), commands.shell(target), commands.logs(), commands.activities()),
    )


def _judged(case: Case, target: Backend) -> Judged:
    inspection = target.inspection
    return Judged(
        id=target.id,
        group=case.facts.group.arn,
        port=target.port,
        started_at=inspection.started_at if inspection else NOT_RUNNING,
        dead=inspection is not None and inspection.dead,
    )


def _wait(case: Case, because: str, for_: timedelta, *steps: str) -> Wait:
    """Return a wait with all that a person needs who is called if the time is up meanwhile."""
    then = (*steps, Commands(case).activities(), Commands(case).health())
    return Wait(because=because, for_=for_, evidence=evidence(case), next_steps=then)


def _resource(case: Case) -> str:
    return f"autoscaling-group/{case.settings.asg}"


def _count(number: int) -> str:
    return "1 target is" if number == 1 else f"{number} targets are"


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)
