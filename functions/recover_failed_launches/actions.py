"""The three acts. Each makes one mutating call on one group, which it looks at once more right before."""

from typing import TYPE_CHECKING

from recover_failed_launches.deaths import quoted
from recover_failed_launches.diagnose import ACTIVE_REFRESH, IN_SERVICE
from recover_failed_launches.facts import Judged
from recover_failed_launches.settings import Settings
from remediation.aws import launches, templates
from remediation.aws.launches import Group, Refresh
from remediation.core.errors import LeftAloneError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def roll_back_refresh(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Roll back the instance refresh that was judged, unless another one is on, or it would go back to another version."""
    refresh = launches.refresh(aws, settings.asg)
    if refresh is None or refresh.id != target.refresh or refresh.status not in ACTIVE_REFRESH:
        raise LeftAloneError(f"The instance refresh {target.refresh} of {settings.asg} is {_now(refresh)} by now.")
    _insist(_group(aws, settings), target, refresh)
    aws.acting.autoscaling.rollback_instance_refresh(AutoScalingGroupName=settings.asg)
    return f"{settings.asg} rolls the instance refresh {target.refresh} back to version {target.good}."


def start_refresh(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Start an instance refresh with the version that works, unless one is on or another version is launched by now.

    New instances come before old ones go, so that the group never serves with less than it has; members that run the version
    already are left alone.
    """
    refresh = launches.refresh(aws, settings.asg)
    if refresh is not None and refresh.status in ACTIVE_REFRESH:
        raise LeftAloneError(f"The instance refresh {refresh.id} of {settings.asg} is {refresh.status} by now.")
    group = _group(aws, settings)
    launched = templates.version(aws, target.template, group.source.version) if group.source else None
    if launched is None or str(launched.number) != target.bad:
        number = launched.number if launched else "nothing that exists"
        raise LeftAloneError(f"{settings.asg} launches {number} by now, and not version {target.bad}.")
    _insist(group, target, None)
    answer = aws.acting.autoscaling.start_instance_refresh(
        AutoScalingGroupName=settings.asg,
        Strategy="Rolling",
        DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": target.template, "Version": target.good}},
        Preferences={
            "MinHealthyPercentage": 100,
            "MaxHealthyPercentage": 150,
            "InstanceWarmup": round(settings.warm_up.total_seconds()),
            "SkipMatching": True,
        },
    )
    return f"{settings.asg} launches version {target.good} again (instance refresh {answer['InstanceRefreshId']})."


def resume_process(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Resume the one process that was judged, unless it was resumed or suspended anew since."""
    now = {each.process: quoted(each.reason) for each in _group(aws, settings).suspended}
    if now.get(target.process) != target.reason:
        state = "suspended anew" if target.process in now else "not suspended"
        raise LeftAloneError(f"{target.process} of {settings.asg} is {state} by now.")
    aws.acting.autoscaling.resume_processes(AutoScalingGroupName=settings.asg, ScalingProcesses=[target.process])
    return f"{target.process} of {settings.asg} is resumed."


def _group(aws: "Clients", settings: Settings) -> Group:
    group = launches.group(aws, settings.asg)
    if group is None:
        raise LeftAloneError(f"There is no Auto Scaling group {settings.asg} by now.")
    return group


def _insist(group: Group, target: Judged, refresh: Refresh | None) -> None:
    """Raise LeftAloneError unless the version still works, the other one does not, and a rollback leads to it."""
    runs = [
        each.source.version
        for each in group.members
        if each.lifecycle == IN_SERVICE and each.healthy and each.source and each.source.template == target.template
    ]
    if target.good not in runs or target.bad in runs:
        raise LeftAloneError(f"{group.name} serves with versions {', '.join(sorted(set(runs))) or 'none'} by now.")
    if refresh is None:
        return
    leads_to = group.source.version if group.source else "none"
    if refresh.source is None or refresh.source.version != target.bad or leads_to != target.good:
        raise LeftAloneError(
            f"A rollback of {refresh.id} leads to version {leads_to} by now, and not to {target.good}."
        )


def _now(refresh: Refresh | None) -> str:
    return f"{refresh.id} and {refresh.status}" if refresh else "gone"
