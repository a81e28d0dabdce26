"""The two rungs of the ladder. Each makes one mutating call on one target, which it looks at once more right before."""

from typing import TYPE_CHECKING

from remediation.aws import autoscaling, elbv2, ssm
from remediation.core.errors import AwsError, NotNeededError
from restart_unhealthy_targets.documents import RESTART
from restart_unhealthy_targets.facts import IN_SERVICE, SICK, Judged
from restart_unhealthy_targets.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


class TooFewError(Exception):
    """There are fewer instances in service than when it was judged: replacing one would go below the minimum."""


def restart_container(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Restart the container that was judged, unless its target has recovered or left since (hazards R7, R8)."""
    _insist(aws, settings, target, autoscaling.group(aws, settings.asg))
    document, instances = aws.place.name(RESTART.name), (target.id,)
    parameters = {"Container": settings.container, "StartedAt": target.started_at}
    command = ssm.send(aws, document, instances, parameters, comment=f"Unhealthy in {target.group}: restart")
    try:
        answer = ssm.answers(aws, command, instances, within=settings.act_within)[target.id]
    except AwsError as error:
        return f"Sent command {command}; its answer cannot be read: {error}"
    if not answer.finished:
        return f"Sent command {command}; it has not answered within {settings.act_within.seconds} s."
    if answer.status == "Failed":  # the script's own word; after any other the restart may have happened
        raise AwsError(
            f"Command {command} ended with {answer.status}: {answer.error.strip()[:300]}",
            operation=document,
            code=answer.status,
        )
    return f"Command {command} ended with {answer.status}: {answer.output.strip()[:300]}."


def replace_instance(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Tell the Auto Scaling group that the instance is unhealthy; the group replaces it, at its desired size."""
    group = autoscaling.group(aws, settings.asg)
    _insist(aws, settings, target, group)
    others = (
        [member for member in group.members if member.lifecycle == IN_SERVICE and member.id != target.id]
        if group
        else []
    )
    if group is None or len(others) <= group.min_size:
        raise TooFewError(
            f"Only {len(others)} other instances of {settings.asg} are in service by now; {target.id} was left alone."
        )
    aws.acting.autoscaling.set_instance_health(
        InstanceId=target.id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=True
    )
    return f"{settings.asg} was told that {target.id} is unhealthy, and replaces it."


def _insist(aws: "Clients", settings: Settings, target: Judged, group: autoscaling.Group | None) -> None:
    """Raise NotNeededError unless the target still is sick and in service (hazard R7)."""
    now = elbv2.health_of(aws, target.group, target=target.id, port=target.port)
    if (now.state, now.reason) not in SICK:
        raise NotNeededError(f"{target.id} is {now.state} by now.")
    lifecycles = {member.id: member.lifecycle for member in group.members} if group else {}
    lifecycle = lifecycles.get(target.id, "gone")
    if lifecycle != IN_SERVICE:
        raise NotNeededError(f"{target.id} is {lifecycle} in {settings.asg} by now.")
