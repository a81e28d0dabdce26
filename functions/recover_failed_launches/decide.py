"""Why a group cannot launch, and what is to be done about it, read top to bottom like the page of RUNBOOK.md that it replaces.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds. Only two things are ever
done, both with a person's yes: the last good version of the launch template is launched again, and a process that an ended
maintenance left suspended is resumed. Everything else is a name for the cause, and a command for whoever mends it.
"""

import re
from datetime import datetime, timedelta

from recover_failed_launches.case import Broken, Case
from recover_failed_launches.causes import PASSING, Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.diagnose import ACTIVE_REFRESH
from recover_failed_launches.facts import Facts, Judged
from recover_failed_launches.fixes import of_instances, of_launch
from recover_failed_launches.settings import Settings
from recover_failed_launches.wording import WATCHED, at, counted, evidence, failing, minutes, stands
from remediation.aws.launches import Suspension
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Tell, Verdict, Wait

ROLL_BACK = "roll-back-refresh"
START = "start-refresh"
RESUME = "resume-process"
SOON = timedelta(seconds=60)
LATER = timedelta(minutes=2)
NEEDED = ("Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy")
"""Processes without which a group does not get complete again."""
REVERSIBLE = frozenset({"Pending", "InProgress", "Baking"})
_SUSPENDED = re.compile(
    r"\AUser suspended at (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))\Z"
)


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Judged], ...], now: datetime) -> Verdict[Judged]:
    """Return what to do now. After an act, Nothing means that the group is complete."""
    if facts.group is None:
        return _no_group(facts)
    case = Case(facts, settings, tried, now)
    return (
        _at_it(case)
        or _all_is_well(case)
        or _suspended(case, ("Launch",))
        or _failing(case)
        or _dying(case)
        or _suspended(case, NEEDED)
        or _not_terminating(case)
        or _refresh_failed(case)
        or _under_way(case)
        or _unexplained(case)
    )


def _no_group(facts: Facts) -> Escalate:
    region = facts.place.region
    return Escalate(
        because=f"There is no Auto Scaling group {facts.asg} in {region}: it was deleted, or the setting `asg` is wrong.",
        next_steps=(f"aws autoscaling describe-auto-scaling-groups --region {region} --max-items 20",),
        about=facts.asg,
    )


def _at_it(case: Case) -> Wait | None:
    """Wait while an instance refresh takes back what was deployed, or does what this run has asked for."""
    refresh = case.refresh
    if refresh is None or refresh.status not in ACTIVE_REFRESH:
        return None
    if case.tried or refresh.status not in REVERSIBLE:
        because = f"The instance refresh {refresh.id} of {case.asg} is {refresh.status}; {stands(case)}."
        return _wait(case, because, SOON, stand_down=not case.tried)
    return None


def _all_is_well(case: Case) -> Nothing | None:
    if (
        case.short
        or case.dying
        or case.refresh_failed
        or case.standing("terminate")
        or (case.refreshing and case.failures)
    ):
        return None
    because = f"{stands(case)}; nothing is missing."
    if WATCHED in case.group.metrics:
        return Nothing(because=because)
    return Nothing(
        because=f"{because} It does not publish {WATCHED}, so our alarm on that can never fire.",
        next_steps=(
            Commands(case).metrics(),
            "Set enabled_metrics of the group in Terraform, or the next apply removes it.",
        ),
        tell=Tell(id=f"{case.asg}|metrics", title=f"{case.asg} does not publish the metric that its alarm watches"),
    )


# ---------------------------------------------------------------------------------------------------- suspended processes


def _suspended(case: Case, needed: tuple[str, ...]) -> Act[Judged] | Wait | Escalate | None:
    """Resume what an ended maintenance left suspended; leave alone what may be one that is on.

    Where launches are suspended none can fail, so that is judged first; any other process hides no cause of a failure.
    """
    found = {each.process: each for each in case.group.suspended}
    process = next((found[name] for name in needed if name in found), None)
    if process is None or not case.short:
        return None
    name, since = process.process, _since(process)
    lead = f"{stands(case)}, and its process {name} is suspended"
    if since is None:
        because = f"{lead} by AWS itself, or nobody knows by whom: mend what fails first, then resume it."
        return _escalate(case, because, Commands(case).activities(), Commands(case).resume(name))
    ago, most = case.now - since, case.settings.maintenance_at_most
    if ago > most:
        return _resume(case, process, f"{lead} since {since:%Y-%m-%d %H:%M} UTC. No maintenance takes longer than "
                       f"{minutes(most) // 60} hours, so it was left behind by one that has ended.")  # fmt: skip
    if not case.serving:
        because = f"{lead} by a person since {at(since)}: if that is no maintenance, resume it, as nothing serves."
        return _escalate(case, because, Commands(case).resume(name), team="critical")
    because = f"{lead} by a person since {at(since)}, {minutes(ago)} min ago: that may be a maintenance."
    return _wait(case, because, LATER, Commands(case).resume(name), stand_down=True)


def _since(process: Suspension) -> datetime | None:
    said = _SUSPENDED.match(process.reason)
    try:
        return datetime.fromisoformat(said["at"]) if said else None
    except ValueError:
        return None


def _resume(case: Case, process: Suspension, because: str) -> Act[Judged]:
    name = process.process
    return Act(
        action=RESUME,
        target=Judged(id=f"{case.asg}/{name}", process=name, reason=process.reason),
        resource=_resource(case),
        because=because,
        settle=SOON,
        evidence=evidence(case),
        next_steps=(Commands(case).resume(name), Commands(case).activities()),
        approval=Approval(
            because=f"Somebody suspended {name} on purpose, and may still need it to be; how long ago is all that is known."
        ),
    )


# ----------------------------------------------------------------------------------------------------- launches that fail


def _failing(case: Case) -> Act[Judged] | Wait | Escalate | None:
    """Name the cause of the launches that fail; take the version back that breaks them; wait for what passes."""
    failure = case.failure
    if failure is None or failure.cause is None:
        return None
    fix = of_launch(case, failure.cause)
    because = f"{stands(case)}. {failing(case.failures, failure.cause)}: {fix.why}."
    if case.broken is not None:
        return _take_back(case, case.broken, because)
    waited = case.now - case.failures[-1].at
    if failure.cause in PASSING and waited < case.settings.patience:
        because = f"{because} Auto Scaling goes on trying by itself."
        return _wait(case, because, LATER, *fix.steps)
    if failure.cause in PASSING:
        because = f"{because} That has not passed for {minutes(waited)} min."
    return _escalate(case, because, *fix.steps, team=fix.team)


def _take_back(case: Case, broken: Broken, because: str) -> Act[Judged] | Escalate:
    """Launch the last good version again: roll the refresh back that is on, or start one."""
    bad, good = broken.bad.version.number, broken.good.version.number
    worked = f"version {good} works: {counted(len(broken.serving), 'instance')} in service"
    because = f"{because} Version {bad} is the first to fail, and {worked}."
    refresh, source = case.refresh, case.group.source
    if not case.refreshing or refresh is None:
        if not case.settings.may_launch:
            because = f"{because} Start an instance refresh with version {good}: this runbook may not."
            return _escalate(case, because, Commands(case).start_refresh(broken), Commands(case).refreshes())
        return _go_back(case, broken, START, f"Start an instance refresh with version {good}. {because}")
    reversible = refresh.source is not None and refresh.source.numbered
    if reversible and source is not None and source.version == str(good):
        return _go_back(case, broken, ROLL_BACK, f"Roll the instance refresh {refresh.id} back. {because}")
    because = f"{because} The instance refresh {refresh.id} that is on cannot be rolled back to it: cancel it, then start one."
    return _escalate(case, because, Commands(case).cancel_refresh(), Commands(case).start_refresh(broken))


def _go_back(case: Case, broken: Broken, action: str, because: str) -> Act[Judged]:
    bad, good = str(broken.bad.version.number), str(broken.good.version.number)
    refresh = case.refresh.id if case.refresh is not None and action == ROLL_BACK else ""
    return Act(
        action=action,
        target=Judged(id=case.asg, template=broken.template, bad=bad, good=good, refresh=refresh),
        resource=_resource(case),
        because=because,
        settle=SOON,
        evidence=evidence(case),
        next_steps=(Commands(case).refreshes(), Commands(case).start_refresh(broken), Commands(case).activities()),
        approval=Approval(
            because=f"It undoes a deploy: the instances of version {bad} are replaced by version {good}."
        ),
        drift=f"The next terraform apply launches version {bad} of {broken.template} again: mend the launch template of"
        f" {case.asg} in Terraform first.",
    )


# ------------------------------------------------------------------------------------------ instances that launch and die


def _dying(case: Case) -> Act[Judged] | Escalate | None:
    """Name what keeps instances from coming up that could be launched."""
    if (
        len(case.deaths) < case.settings.deaths
        and not case.late
        and not (case.boots and case.short and not case.under_way)
    ):
        return None
    if case.deaths:
        what = f"{counted(len(case.deaths), 'instance')} came up and died again since {at(case.deaths[-1].ended_at)}"
    else:
        what = "instances were launched and do not come up"
    ended = next((died.cause for died in case.deaths if died.cause is not None), None)
    fix = of_launch(case, ended) if ended is not None else of_instances(case)
    because = f"{stands(case)}; {what}: {fix.why}."
    if case.broken is not None and len(case.deaths) >= case.settings.deaths:
        return _take_back(case, case.broken, because)
    return _escalate(case, because, *fix.steps, team=fix.team)


# --------------------------------------------------------------------------------------------------------- everything else


def _not_terminating(case: Case) -> Escalate | None:
    stuck = case.standing("terminate")
    if not stuck:
        return None
    fix = of_launch(case, stuck[0].cause or Cause.UNKNOWN)
    times = f"{len(stuck)} times since {at(stuck[-1].at)}" if len(stuck) > 1 else f"at {at(stuck[0].at)}"
    return _escalate(case, f"{stands(case)}. It could not terminate an instance {times}: {fix.why}.", *fix.steps)


def _refresh_failed(case: Case) -> Escalate | None:
    refresh = case.refresh
    if refresh is None or not case.refresh_failed:
        return None
    ended = f"{stands(case)}. Its instance refresh {refresh.id} ended with {refresh.status}"
    failures = case.refresh_failures
    cause = failures[0].cause if failures else None
    if cause is None:
        because = f"{ended}, and no launch failed lately."
        return _escalate(case, because, Commands(case).refreshes(), team="application")
    fix = of_launch(case, cause)
    because = f"{ended}: {failing(failures, cause)}: {fix.why}."
    return _escalate(case, because, *fix.steps, Commands(case).refreshes(), team=fix.team)


def _under_way(case: Case) -> Wait | None:
    """Wait for instances that are starting, for a deploy that gets on, and for what this run has done."""
    if case.refreshing and case.refresh is not None:
        because = f"{stands(case)}; the instance refresh {case.refresh.id} is {case.refresh.status}: a deploy is on."
        return _wait(case, because, LATER, stand_down=True)
    if case.under_way:
        since = case.under_way[-1].at
        because = f"{stands(case)}; {counted(len(case.under_way), 'launch')} under way since {at(since)}."
        return _wait(case, because, SOON)
    if case.tried and case.now - case.tried[-1].at < case.settings.starting:
        because = (
            f"{stands(case)}; {case.tried[-1].action} was done at {at(case.tried[-1].at)}, and takes time to show."
        )
        return _wait(case, because, SOON)
    return None


def _unexplained(case: Case) -> Escalate:
    because = f"{stands(case)}, no launch has failed lately and none is under way: why it does not launch is not known."
    return _escalate(case, because, Commands(case).activities(), Commands(case).refreshes())


def _wait(case: Case, because: str, for_: timedelta, *steps: str, stand_down: bool = False) -> Wait:
    """Return a wait with all that a person needs who is called if the time is up meanwhile."""
    then = (*steps, Commands(case).activities())
    return Wait(because=because, for_=for_, evidence=evidence(case), next_steps=then, stand_down=stand_down)


def _escalate(case: Case, because: str, *steps: str, team: str = "") -> Escalate:
    """Return a page. It is about the group, whatever started the run, so that all of it is one incident."""
    then = tuple(dict.fromkeys((*steps, Commands(case).activities())))
    return Escalate(because=because, evidence=evidence(case), next_steps=then, team=team, about=case.asg)


def _resource(case: Case) -> str:
    return f"autoscaling-group/{case.asg}"
