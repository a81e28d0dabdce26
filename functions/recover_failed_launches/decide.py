"""Why a group cannot launch, and what is to be done about it, read top to bottom like the page of RUNBOOK.md that it replaces.

Each paragraph answers a verdict, or nothing where it is not about this case; the first answer holds. Only two things are ever
done, both with a person's yes: the last good version of the launch template is launched again, and a process that an ended
maintenance left suspended is resumed. Everything else is a name for the cause, and a command for whoever mends it.
"""

from datetime import datetime, timedelta

from recover_failed_launches.answers import LATER, SOON, escalate, wait
from recover_failed_launches.case import Case
from recover_failed_launches.causes import PASSING, Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.facts import Facts, Judged, Tried
from recover_failed_launches.fixes import of_instances, of_launch
from recover_failed_launches.settings import Settings
from recover_failed_launches.suspended import NEEDED, left_behind, suspended, told
from recover_failed_launches.taking_back import take_back
from recover_failed_launches.there_now import there_now
from recover_failed_launches.wording import WATCHED, at, counted, day, failing, minutes, stands
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Tell, Verdict, Wait


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Judged], ...], now: datetime) -> Verdict[Judged]:
    """Return what to do now. After an act, Nothing means that the group is complete."""
    if facts.group is None:
        return _no_group(facts)
    if not facts.group.counted:
        return _not_counted(facts)
    case = Case(facts, settings, tried, now)
    return (
        _dark(case)
        or _at_it(case)
        or _all_is_well(case)
        or suspended(case, ("Launch",))
        or _failing(case)
        or _dying(case)
        or suspended(case, NEEDED)
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


def _not_counted(facts: Facts) -> Escalate:
    because = (
        f"The size of {facts.asg} counts units of capacity, and AWS does not say as how many each of its instances counts:"
        " that is not supported."
    )
    command = f"aws autoscaling describe-scaling-activities --auto-scaling-group-name {facts.asg} --max-items 10"
    return Escalate(because=because, next_steps=(f"{command} --region {facts.place.region}",), about=facts.asg)


def _dark(case: Case) -> Escalate | None:
    """Call a person where nothing serves, though a refresh is on: whoever deploys may not know that it is stuck."""
    refresh, since = case.refresh, case.dark_since
    if refresh is None or not refresh.active or since is None or case.now - since <= case.settings.starting:
        return None
    on = f", on since {day(refresh.started_at)}," if refresh.started_at else ""
    because = f"Nothing serves: {stands(case)}, and its instance refresh {refresh.id}{on} is {refresh.status}."
    if case.failure is None or case.failure.cause is None:
        return escalate(case, because, Commands(case).refreshes(), team="critical")
    fix = of_launch(case, case.failure.cause)
    because = f"{because} {failing(case.failures, case.failure.cause)}: {fix.why}."
    return escalate(case, because, *fix.steps, Commands(case).refreshes(), team="critical")


def _at_it(case: Case) -> Wait | None:
    """Wait while an instance refresh takes back what was deployed, or does what this run has asked for."""
    refresh = case.refresh
    if refresh is None or not refresh.active:
        return None
    if case.tried or not refresh.reversible:
        because = f"The instance refresh {refresh.id} of {case.asg} is {refresh.status}; {stands(case)}."
        return wait(case, because, SOON, stand_down=not case.tried and bool(case.serving))
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
    steps: tuple[str, ...] = ()
    tell: Tell | None = None
    if WATCHED not in case.group.metrics:
        because = f"{because} It does not publish {WATCHED}, so our alarms on that can never fire."
        lasting = "Set enabled_metrics of the group in Terraform, or the next apply removes it."
        steps = (Commands(case).metrics(), lasting)
        tell = Tell(id=f"{case.asg}|metrics", title=f"{case.asg} does not publish the metric that its alarms watch")
    if left := left_behind(case):
        what, resume, tell = told(case, left)
        because, steps = f"{because} {what}", (resume, *steps)
    return Nothing(because=because, next_steps=steps, tell=tell)


# ----------------------------------------------------------------------------------------------------- launches that fail


def _failing(case: Case) -> Act[Judged] | Wait | Escalate | None:
    """Name the cause of the launches that fail; take the version back that breaks them; wait for what passes.

    What passes hides no instances that die: those go first.
    """
    failure = case.failure
    if failure is None or failure.cause is None:
        return None
    if failure.cause in PASSING and case.dying:
        return _dying(case)
    fix = of_launch(case, failure.cause)
    because = f"{stands(case)}. {failing(case.failures, failure.cause)}: {fix.why}."
    waited = case.now - case.failing_since
    if failure.cause in PASSING and waited < case.settings.patience:
        because = f"{because} Auto Scaling goes on trying by itself."
        return wait(case, because, LATER, *fix.steps)
    if failure.cause in PASSING:
        because = f"{because} That has not passed for {minutes(waited)} min."
        return escalate(case, because, *fix.steps, team=fix.team)
    if case.broken is not None:
        return take_back(case, case.broken, because)
    if what := there_now(case.facts, failure):
        return _there_now(case, failure, what, waited)
    return escalate(case, because, *fix.steps, team=fix.team)


def _there_now(case: Case, failure: Tried, what: str, waited: timedelta) -> Wait | Escalate:
    """Wait for the next try where what a launch lacked is there by now; call a person if launches go on failing."""
    because = f"{stands(case)}. {failing(case.failures, failure.cause)}: {what}"
    if waited < case.settings.patience:
        return wait(case, f"{because}: Auto Scaling tries again by itself.", LATER)
    because = f"{because}, and still no launch has succeeded for {minutes(waited)} min."
    return escalate(case, because, Commands(case).activities())


# ------------------------------------------------------------------------------------------ instances that launch and die


def _dying(case: Case) -> Act[Judged] | Escalate | None:
    """Name what keeps instances from coming up that could be launched."""
    if (
        not case.dying
        and not (case.late and not case.refreshing)
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
    if case.broken is not None:
        return take_back(case, case.broken, because)
    return escalate(case, because, *fix.steps, team=fix.team)


# --------------------------------------------------------------------------------------------------------- everything else


def _not_terminating(case: Case) -> Escalate | None:
    stuck = case.standing("terminate")
    if not stuck:
        return None
    fix = of_launch(case, stuck[0].cause or Cause.UNKNOWN)
    times = f"{len(stuck)} times since {at(stuck[-1].at)}" if len(stuck) > 1 else f"at {at(stuck[0].at)}"
    return escalate(case, f"{stands(case)}. It could not terminate an instance {times}: {fix.why}.", *fix.steps)


def _refresh_failed(case: Case) -> Escalate | None:
    refresh = case.refresh
    if refresh is None or not case.refresh_failed:
        return None
    ended = f"{stands(case)}. Its instance refresh {refresh.id} ended with {refresh.status}"
    failures = case.refresh_failures
    cause = failures[0].cause if failures else None
    if cause is None:
        because = f"{ended}, and no launch failed lately."
        return escalate(case, because, Commands(case).refreshes(), team="application")
    fix = of_launch(case.of_given_up, cause)
    because = f"{ended}: {failing(failures, cause)}: {fix.why}."
    return escalate(case, because, *fix.steps, Commands(case).refreshes(), team=fix.team)


def _under_way(case: Case) -> Wait | None:
    """Wait for instances that are starting, for a deploy that gets on, and for what this run has done."""
    if case.refreshing and case.refresh is not None:
        because = f"{stands(case)}; the instance refresh {case.refresh.id} is {case.refresh.status}: a deploy is on."
        return wait(case, because, LATER, stand_down=bool(case.serving))
    if case.under_way:
        since = case.under_way[-1].at
        because = f"{stands(case)}; {counted(len(case.under_way), 'launch')} under way since {at(since)}."
        return wait(case, because, SOON)
    if case.tried and case.now - case.tried[-1].at < case.settings.starting:
        because = (
            f"{stands(case)}; {case.tried[-1].action} was done at {at(case.tried[-1].at)}, and takes time to show."
        )
        return wait(case, because, SOON)
    if case.leaving:
        since = case.leaving[-1].at
        because = f"{stands(case)}; {counted(len(case.leaving), 'instance')} leaving since {at(since)}, to be replaced."
        return wait(case, because, SOON)
    return None


def _unexplained(case: Case) -> Wait | Escalate:
    """Look once more before a person is called: what a group tries may show only after the event that tells of it."""
    last = case.last_failed
    if last is None:
        because = (
            f"{stands(case)}, no launch has failed lately and none is under way: why it does not launch is not known."
        )
        steps: tuple[str, ...] = ()
    else:
        fix = of_launch(case, last.cause or Cause.UNKNOWN)
        because = (
            f"{stands(case)}, and none is under way. The last launch that was tried, on {day(last.at)}, failed: {fix.why}."
            " Auto Scaling tries less and less often."
        )
        steps = fix.steps
    if case.just_short:
        return wait(case, f"{because} That is new, so it is looked at once more.", SOON)
    return escalate(case, because, *steps, Commands(case).activities(), Commands(case).refreshes())
