"""Processes of the group that are suspended: what an ended maintenance left behind is resumed, or told of."""

import re
from datetime import datetime

from recover_failed_launches.answers import LATER, SOON, escalate, resource, wait
from recover_failed_launches.case import Case
from recover_failed_launches.causes import Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.facts import Judged
from recover_failed_launches.fixes import of_launch
from recover_failed_launches.wording import at, day, evidence, minutes, stands
from remediation.aws.launches import Suspension
from remediation.core.verdict import Act, Approval, Escalate, Tell, Wait

RESUME = "resume-process"
NEEDED = ("Launch", "Terminate", "HealthCheck", "ReplaceUnhealthy")
"""Processes without which a group does not get complete again."""
MISSED = (*NEEDED, "AddToLoadBalancer", "InstanceRefresh")
"""Processes that are missed one day, though the group is complete now."""
_SUSPENDED = re.compile(
    r"\AUser suspended at (?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))\Z"
)


def suspended(case: Case, needed: tuple[str, ...]) -> Act[Judged] | Wait | Escalate | None:
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
        return _by_aws(case, name, f"{lead} by AWS itself, or nobody knows by whom.")
    ago, most = case.now - since, case.settings.maintenance_at_most
    if ago > most:
        return _resume(case, process, f"{lead} since {since:%Y-%m-%d %H:%M} UTC. No maintenance takes longer than "
                       f"{minutes(most) // 60} hours, so it was left behind by one that has ended.")  # fmt: skip
    if not case.serving:
        because = f"{lead} by a person since {at(since)}: if that is no maintenance, resume it, as nothing serves."
        return escalate(case, because, Commands(case).resume(name), team="critical")
    because = f"{lead} by a person since {at(since)}, {minutes(ago)} min ago: that may be a maintenance."
    return wait(case, because, LATER, Commands(case).resume(name), stand_down=True)


def _by_aws(case: Case, name: str, because: str) -> Escalate:
    """Name the last launch that failed, however long ago: AWS suspends a group that has failed to launch for a day."""
    last = case.last_failed
    if last is None:
        because = f"{because} No launch that failed is on record any more: see what it tried, then resume it."
        return escalate(case, because, Commands(case).activities(), Commands(case).resume(name))
    fix = of_launch(case, last.cause or Cause.UNKNOWN)
    because = f"{because} The last launch, on {day(last.at)}, failed: {fix.why}. Mend that first, then resume it."
    return escalate(case, because, *fix.steps, Commands(case).resume(name), team=fix.team)


def left_behind(case: Case) -> tuple[Suspension, ...]:
    """Return the processes that will be missed one day and that no maintenance suspends any more, as far as is known."""
    now, most = case.now, case.settings.maintenance_at_most
    found = {each.process: each for each in case.group.suspended}
    missed = tuple(found[name] for name in MISSED if name in found)
    return tuple(each for each in missed if (since := _since(each)) is None or now - since > most)


def told(case: Case, left: tuple[Suspension, ...]) -> tuple[str, str, Tell]:
    """Return a sentence about processes that were left suspended, the command that resumes all of them, and a notice."""
    since = {each.process: _since(each) for each in left}
    each_since = ", ".join(
        f"{name} (since {day(when) if when else 'nobody knows when'})" for name, when in since.items()
    )
    resume = Commands(case).named(
        "autoscaling", "resume-processes", "--auto-scaling-group-name", case.asg, "--scaling-processes", *since
    )
    marks = ",".join(f"{name}@{when.isoformat() if when else ''}" for name, when in since.items())
    title = f"Processes of {case.asg} were left suspended: {', '.join(since)}"
    because = f"These of its processes were left suspended, and will be missed one day: {each_since}."
    return because, resume, Tell(id=f"{case.asg}|suspended|{marks}", title=title)


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
        resource=resource(case),
        because=because,
        settle=SOON,
        evidence=evidence(case),
        next_steps=(Commands(case).resume(name), Commands(case).activities()),
        approval=Approval(
            because=f"Somebody suspended {name} on purpose, and may still need it to be; how long ago is all that is known."
        ),
    )
