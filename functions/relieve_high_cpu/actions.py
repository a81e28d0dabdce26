"""The two acts. Each makes one mutating call on one thing, which it looks at once more right before."""

from typing import TYPE_CHECKING

from relieve_high_cpu.settings import Settings
from remediation.aws import autoscaling, elbv2, scaling
from remediation.aws.autoscaling import ACTIVE_REFRESH
from remediation.aws.group_commands import count
from remediation.aws.scaling import IN_SERVICE, Size
from remediation.core.errors import LeftAloneError
from remediation.core.verdict import Target

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def scale_out(aws: "Clients", settings: Settings, target: Target) -> str:
    """Ask for the size that was judged. Only ever a larger one: whatever the target says, this makes nothing smaller."""
    assert isinstance(target, Size), "a step is a size"
    if target.to <= target.from_ or target.group != settings.asg:
        raise LeftAloneError(f"{target.id} is not a step out of {settings.asg}.")
    return scaling.resize(aws, target)


def replace_instance(aws: "Clients", settings: Settings, target: Target) -> str:
    """Tell the group that an instance is unhealthy; the group replaces it, at its desired size (hazard R6).

    Not while a deploy is on, or anything else comes or goes: then it may be one of those that bear the load of the others.
    """
    health = elbv2.target_health(aws, settings.targets(aws.place))
    healthy = {found.id for found in health if found.state == "healthy"}
    refresh = autoscaling.latest_refresh(aws, settings.asg)
    if refresh and refresh.status in ACTIVE_REFRESH:
        raise LeftAloneError(f"An instance refresh of {settings.asg} is {refresh.status} by now; {target.id} stays.")
    group = autoscaling.group(aws, settings.asg)
    members = group.members if group else ()
    serving = [member.id for member in members if member.lifecycle == IN_SERVICE]
    if group is None or target.id not in serving:
        raise LeftAloneError(f"{target.id} is not in service in {settings.asg} any more.")
    if doing := scaling.at_work(group, ()):
        raise LeftAloneError(f"{settings.asg} is at work by now: {'; '.join(doing)}; {target.id} stays.")
    if target.id not in healthy:
        raise LeftAloneError(
            f"{target.id} is no healthy target by now (restart-unhealthy-targets is for that): it stays."
        )
    others = [id_ for id_ in serving if id_ in healthy and id_ != target.id]
    if len(others) < max(1, group.min_size):
        raise LeftAloneError(
            f"Only {count(len(others))} healthy and in service in {settings.asg} besides {target.id} by now, and its minimum is "
            f"{group.min_size}: it stays."
        )
    aws.acting.autoscaling.set_instance_health(
        InstanceId=target.id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=True
    )
    return f"{settings.asg} was told that {target.id} is unhealthy, and replaces it."
