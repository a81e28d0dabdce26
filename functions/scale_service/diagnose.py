"""Look at the group, its targets, what is under way, and what else scales it. Reads only."""

from typing import TYPE_CHECKING

from remediation.aws import autoscaling, cloudwatch, elbv2, scaling
from scale_service.facts import Facts
from scale_service.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Return the facts. Raises AwsError where the group or its targets cannot be read."""
    group = autoscaling.group(aws, settings.asg)
    if group is None:
        return Facts(place=aws.place, desired=incident.desired, group=None)
    arn = f"arn:aws:elasticloadbalancing:{aws.place.region}:{aws.place.account}:{settings.target_group}"
    policies = scaling.policies(aws, settings.asg)
    followed = [name for policy in policies for name in (*policy.alarms, *policy.lows)]
    return Facts(
        place=aws.place,
        desired=incident.desired,
        group=group,
        healthy=frozenset(found.id for found in elbv2.target_health(aws, arn) if found.state == "healthy"),
        refresh=autoscaling.latest_refresh(aws, settings.asg),
        history=scaling.history(aws, settings.asg, aws.now()),
        policies=policies,
        alarms=cloudwatch.alarms_called(aws, followed),
        drain=elbv2.drain(aws, arn),
    )
