"""Application load balancers: target groups, the health of their targets, and who may talk to them."""

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_elbv2.type_defs import TargetGroupTypeDef, TargetHealthDescriptionTypeDef

    from remediation.adapters.clients import Clients


class TargetGroup(Struct, frozen=True, kw_only=True):
    """A target group and how it checks its targets."""

    arn: str
    name: str
    target_type: str
    port: int
    load_balancers: tuple[str, ...]
    """ARNs; empty while no listener forwards to the group."""
    path: str
    check_port: int
    interval: timedelta
    timeout: timedelta
    healthy_threshold: int
    unhealthy_threshold: int


class LoadBalancer(Struct, frozen=True, kw_only=True):
    """A load balancer. `state` is AWS's own word."""

    name: str
    state: str
    reason: str = ""


class TargetHealth(Struct, frozen=True, kw_only=True):
    """What the load balancer says of one registered target. `state` and `reason` are AWS's own words."""

    id: str
    port: int
    state: str
    reason: str = ""
    description: str = ""


def target_group(aws: "Clients", *, arn: str = "", name: str = "") -> TargetGroup:
    """Describe one target group by its ARN, or else by its name. Raises AwsError where there is none."""
    if arn:
        found = aws.elbv2.describe_target_groups(TargetGroupArns=[arn])
    else:
        found = aws.elbv2.describe_target_groups(Names=[name])
    (group,) = found["TargetGroups"]
    return _target_group(group)


def _target_group(group: "TargetGroupTypeDef") -> TargetGroup:
    port = group.get("Port", 0)
    check_port = group.get("HealthCheckPort", "traffic-port")
    return TargetGroup(
        arn=group["TargetGroupArn"],
        name=group["TargetGroupName"],
        target_type=group.get("TargetType", "instance"),
        port=port,
        load_balancers=tuple(group.get("LoadBalancerArns", ())),
        path=group.get("HealthCheckPath", "/"),
        check_port=port if check_port == "traffic-port" else int(check_port),
        interval=timedelta(seconds=group.get("HealthCheckIntervalSeconds", 30)),
        timeout=timedelta(seconds=group.get("HealthCheckTimeoutSeconds", 5)),
        healthy_threshold=group.get("HealthyThresholdCount", 5),
        unhealthy_threshold=group.get("UnhealthyThresholdCount", 2),
    )


def target_health(aws: "Clients", arn: str) -> tuple[TargetHealth, ...]:
    """Return the health of every target of a group, by id."""
    answer = aws.elbv2.describe_target_health(TargetGroupArn=arn)
    return tuple(sorted(map(_health, answer["TargetHealthDescriptions"]), key=lambda target: (target.id, target.port)))


def _health(described: "TargetHealthDescriptionTypeDef") -> TargetHealth:
    target, health = described["Target"], described["TargetHealth"]
    return TargetHealth(
        id=target["Id"],
        port=target.get("Port", 0),
        state=health["State"],
        reason=health.get("Reason", ""),
        description=health.get("Description", ""),
    )


def load_balancer(aws: "Clients", name: str) -> LoadBalancer:
    """Describe one load balancer. Raises AwsError where there is none."""
    (found,) = aws.elbv2.describe_load_balancers(Names=[name])["LoadBalancers"]
    state = found.get("State", {})
    return LoadBalancer(name=name, state=state.get("Code", "unknown"), reason=state.get("Reason", ""))


def load_balancer_security_groups(aws: "Clients", arns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the security groups that traffic of these load balancers comes from."""
    if not arns:
        return ()
    answer = aws.elbv2.describe_load_balancers(LoadBalancerArns=list(arns))
    return tuple(
        sorted({group for balancer in answer["LoadBalancers"] for group in balancer.get("SecurityGroups", ())})
    )


def drain(aws: "Clients", arn: str) -> int | None:
    """Return for how many seconds a target that leaves may finish its requests; None where the group does not say."""
    found = aws.elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    said = {attribute.get("Key", ""): attribute.get("Value", "") for attribute in found}
    delay = said.get("deregistration_delay.timeout_seconds", "")
    return int(delay) if delay.isdigit() else None
