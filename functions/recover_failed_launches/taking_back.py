"""Launch the last good version again: with a person's yes, by rolling back the refresh that is on, or by starting one."""

from recover_failed_launches.answers import SOON, escalate, resource
from recover_failed_launches.case import Broken, Case
from recover_failed_launches.commands import Commands
from recover_failed_launches.facts import Judged
from recover_failed_launches.wording import counted, evidence
from remediation.core.verdict import Act, Approval, Escalate

ROLL_BACK = "roll-back-refresh"
START = "start-refresh"


def take_back(case: Case, broken: Broken, because: str) -> Act[Judged] | Escalate:
    """Launch the last good version again: roll the refresh back that is on, or start one."""
    bad, good = broken.bad.version.number, broken.good.version.number
    worked = f"version {good} works: {counted(len(broken.serving), 'instance')} in service"
    because = f"{because} Version {bad} fails, and {worked}."
    refresh, source = case.refresh, case.group.source
    if not case.refreshing or refresh is None:
        if not case.settings.may_launch:
            because = f"{because} Start an instance refresh with version {good}: this runbook may not."
            start = Commands(case).start_refresh(broken)
            return escalate(case, because, start, _drift(case, broken), Commands(case).refreshes())
        return _go_back(case, broken, START, f"Start an instance refresh with version {good}. {because}")
    reversible = refresh.source is not None and refresh.source.numbered
    if reversible and source == broken.good.version.source:
        return _go_back(case, broken, ROLL_BACK, f"Roll the instance refresh {refresh.id} back. {because}")
    because = f"{because} The instance refresh {refresh.id} that is on cannot be rolled back to it: cancel it, then start one."
    to = Commands(case)
    return escalate(case, because, to.cancel_refresh(), to.start_refresh(broken), _drift(case, broken))


def _go_back(case: Case, broken: Broken, action: str, because: str) -> Act[Judged]:
    bad, good = str(broken.bad.version.number), str(broken.good.version.number)
    refresh = case.refresh.id if case.refresh is not None and action == ROLL_BACK else ""
    return Act(
        action=action,
        target=Judged(id=case.asg, template=broken.template, bad=bad, good=good, blame=broken.blame, refresh=refresh),
        resource=resource(case),
        because=because,
        settle=SOON,
        evidence=evidence(case),
        next_steps=(Commands(case).refreshes(), Commands(case).start_refresh(broken), Commands(case).activities()),
        approval=Approval(
            because=f"It undoes a deploy: the instances of version {bad} are replaced by version {good}."
        ),
        drift=_drift(case, broken),
    )


def _drift(case: Case, broken: Broken) -> str:
    """Return what Terraform does to it: the group keeps the good version by its number, also where it said `$Latest`."""
    bad, good = broken.bad.version.number, broken.good.version.number
    return (
        f"After that {case.asg} launches version {good}, until the next terraform apply launches version {bad} of"
        f" {broken.template} again: mend its launch template in Terraform first."
    )
