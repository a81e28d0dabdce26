"""The two rungs of the ladder. Each makes one mutating call on one target, which it looks at once more right before."""

from typing import TYPE_CHECKING

from remediation.aws import autoscaling, elbv2, ssm
from remediation.core.errors import AwsError, LeftAloneError
from restart_unhealthy_targets.case import LEAVING, within_blast_radius
from restart_unhealthy_targets.documents import RESTART, SUPERSEDED
from restart_unhealthy_targets.facts import IN_SERVICE, SICK, Judged
from restart_unhealthy_targets.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def restart_container(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Restart the container that was judged, unless its target has recovered or left since.

    Once the command is sent it may have been carried out, so whatever becomes of it is told and not raised. Only the
    script's own word that the container is another one by now says that nothing happened.
    """
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
    said = answer.output.strip()
    if answer.status != "Success":
        return f"Command {command} ended with {answer.status}: {(answer.error.strip() or said)[:300]}"
    if said.startswith(SUPERSEDED):
        raise LeftAloneError(f"Somebody else was at {target.id} since it was judged. {said[:300]}.")
    return f"Command {command} ended with {answer.status}: {said[:300]}."


def replace_instance(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Tell the Auto Scaling group that the instance is unhealthy; the group replaces it, at its desired size.

    Hazard R6: only while more others serve than the group's minimum. In service alone is not to serve: an instance is
    that as soon as it runs.
    """
    group = autoscaling.group(aws, settings.asg)
    healthy = _insist(aws, settings, target, group)
    members = group.members if group else ()
    others = [member.id for member in members if member.lifecycle == IN_SERVICE and member.id in healthy - {target.id}]
    if group is None or len(others) <= group.min_size:
        raise LeftAloneError(
            f"Of {settings.asg} {len(others)} are healthy and in service by now beside {target.id}, "
            "not more than its minimum; it stays."
        )
    aws.acting.autoscaling.set_instance_health(
        InstanceId=target.id, HealthStatus="Unhealthy", ShouldRespectGracePeriod=True
    )
    return f"{settings.asg} was told that {target.id} is unhealthy, and replaces it."


def _insist(aws: "Clients", settings: Settings, target: Judged, group: autoscaling.Group | None) -> frozenset[str]:
    """Raise LeftAloneError unless the target still is sick, in service and one of few (hazards R1, R7).

    Returns the ids of the targets that are healthy now.
    """
    targets = elbv2.target_health(aws, target.group)
    now = next((found for found in targets if (found.id, found.port) == (target.id, target.port)), None)
    if now is None or (now.state, now.reason) not in SICK:
        raise LeftAloneError(f"{target.id} is {now.state if now else 'not registered'} by now.")
    lifecycles = {member.id: member.lifecycle for member in group.members} if group else {}
    lifecycle = lifecycles.get(target.id, "gone")
    if lifecycle != IN_SERVICE:
        raise LeftAloneError(f"{target.id} is {lifecycle} in {settings.asg} by now.")
    states = [found.state for found in targets if found.state not in LEAVING]
    total, unhealthy, healthy = len(states), states.count("unhealthy"), states.count("healthy")
    small = within_blast_radius(total, unhealthy, healthy, settings.max_unhealthy_fraction)
    if not target.dead and not small:
        raise LeftAloneError(
            f"{unhealthy} of {total} targets are unhealthy by now, and {healthy} healthy; {target.id} may still serve."
        )
    return frozenset(found.id for found in targets if found.state == "healthy")
