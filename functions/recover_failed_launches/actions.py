"""The three acts. Each makes one mutating call on one group, which it looks at once more right before."""

from typing import TYPE_CHECKING

from recover_failed_launches.deaths import quoted
from recover_failed_launches.facts import Blame, Judged
from recover_failed_launches.instances import died
from recover_failed_launches.proof import deaths, proves_after, serving_longer
from recover_failed_launches.settings import Settings
from recover_failed_launches.sources import Sources
from remediation.aws import launches, templates
from remediation.aws.launches import Group, Refresh, Source
from remediation.core.errors import LeftAloneError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def roll_back_refresh(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Roll back the instance refresh that was judged, unless another one is on, or it would go back to another version."""
    group = _group(aws, settings)
    refresh = launches.refresh(aws, group)
    if refresh is None or refresh.id != target.refresh or not refresh.reversible:
        raise LeftAloneError(f"The instance refresh {target.refresh} of {settings.asg} is {_now(refresh)} by now.")
    _insist(aws, settings, group, target)
    good, bad = (Source(template=target.template, version=each) for each in (target.good, target.bad))
    if refresh.source != bad:
        raise LeftAloneError(f"{refresh.id} deploys {_named(refresh.source)} by now, and not {_named(bad)}.")
    if group.source != good:
        leads_to = _named(group.source)
        raise LeftAloneError(f"A rollback of {refresh.id} leads to {leads_to} by now, and not to {_named(good)}.")
    aws.acting.autoscaling.rollback_instance_refresh(AutoScalingGroupName=settings.asg)
    return f"{settings.asg} rolls the instance refresh {target.refresh} back to version {target.good}."


def start_refresh(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Start an instance refresh with the version that works, unless one is on or another version is launched by now.

    New instances come before old ones go, so that the group never serves with less than it has; members that run the version
    already are left alone.
    """
    group = _group(aws, settings)
    refresh = launches.refresh(aws, group)
    if refresh is not None and refresh.active:
        raise LeftAloneError(f"The instance refresh {refresh.id} of {settings.asg} is {refresh.status} by now.")
    launched = templates.version(aws, group.source.template, group.source.version) if group.source else None
    bad = Source(template=target.template, version=target.bad)
    if launched is None or launched.source != bad:
        what = _named(launched.source) if launched else "nothing that exists"
        raise LeftAloneError(f"{settings.asg} launches {what} by now, and not {_named(bad)}.")
    _insist(aws, settings, group, target)
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


def _insist(aws: "Clients", settings: Settings, group: Group, target: Judged) -> None:
    """Raise LeftAloneError unless the version still works, and no instance proves that the other one does; nor of a mix."""
    runs = {each.source for each in group.members if each.serves and each.source}
    good, bad = (Source(template=target.template, version=each) for each in (target.good, target.bad))
    if group.mixed:
        raise LeftAloneError(f"{group.name} mixes instance types by now.")
    if good not in runs or (bad in runs and _proven(aws, settings, group, bad, target.blame)):
        what = ", ".join(sorted(map(_named, runs))) or "nothing that is known"
        raise LeftAloneError(f"{group.name} serves with {what} by now.")


def _proven(aws: "Clients", settings: Settings, group: Group, bad: Source, blame: Blame) -> bool:
    """Tell whether an instance proves by now that the version works. Where it cannot be read who died, any does."""
    now = aws.now()
    activities = launches.activities(aws, settings.asg, now - max(settings.recent, settings.dies_within))
    dead = deaths(died(aws, Sources(), activities), settings, now) if blame == "dies" else ()
    before = now - proves_after(blame, bad, dead, settings)
    return bool(serving_longer(group, bad, launches.launched(activities), before))


def _named(source: Source | None) -> str:
    return f"version {source.version} of {source.template}" if source else "no version that is known"


def _now(refresh: Refresh | None) -> str:
    return f"{refresh.id} and {refresh.status}" if refresh else "gone"
