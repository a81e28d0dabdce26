"""A fake of Elastic Load Balancing: one load balancer, one target group, and the health that the world has."""

from typing import Any

from tests.functions.fakes.strict import Calls, Fake
from tests.functions.fakes.world import Machine, StartTech


class Elbv2(Fake):
    """Elastic Load Balancing."""

    service = "elbv2"

    def __init__(self, world: StartTech, calls: Calls) -> None:
        super().__init__(calls)
        self._world = world

    def describe_target_groups(self, **asked: Any) -> Any:
        """Answer for one ARN or one name."""
        self._asked("DescribeTargetGroups", asked)
        if asked not in ({"TargetGroupArns": [self._world.group_arn]}, {"Names": ["dev-backend-tg-v2"]}):
            self._refuse("DescribeTargetGroups", "TargetGroupNotFound", "One or more target groups not found")
        group = {
            "TargetGroupArn": self._world.group_arn,
            "TargetGroupName": "dev-backend-tg-v2",
            "TargetType": "instance",
            "Protocol": "HTTP",
            "Port": 8080,
            "HealthCheckPort": "traffic-port",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": int(self._world.interval.total_seconds()),
            "HealthCheckTimeoutSeconds": 3,
            "HealthyThresholdCount": self._world.threshold,
            "UnhealthyThresholdCount": self._world.threshold,
            "LoadBalancerArns": [self._world.balancer_arn],
        }
        return self._answered("DescribeTargetGroups", {"TargetGroups": [group]})

    def describe_target_health(self, **asked: Any) -> Any:
        """Answer for all targets, or for those asked for: `unused` where one is not registered."""
        self._asked("DescribeTargetHealth", asked)
        if asked["TargetGroupArn"] != self._world.group_arn:
            self._refuse("DescribeTargetHealth", "TargetGroupNotFound", "One or more target groups not found")
        self._world.catch_up()
        registered = {machine.id: machine for machine in self._world.machines.values() if machine.state}
        wanted = [target["Id"] for target in asked.get("Targets", ())] or list(registered)
        described = [_described(instance, registered.get(instance)) for instance in wanted]
        return self._answered("DescribeTargetHealth", {"TargetHealthDescriptions": described})

    def describe_load_balancers(self, **asked: Any) -> Any:
        """Answer for the one load balancer."""
        self._asked("DescribeLoadBalancers", asked)
        assert asked == {"LoadBalancerArns": [self._world.balancer_arn]}
        balancer = {"LoadBalancerArn": self._world.balancer_arn, "SecurityGroups": ["sg-0000000000000a1b0"]}
        return self._answered("DescribeLoadBalancers", {"LoadBalancers": [balancer]})


def _described(instance: str, machine: Machine | None) -> dict[str, Any]:
    health = {"State": "unused", "Reason": "Target.NotRegistered", "Description": "Target is not registered"}
    if machine is not None:
        health = {"State": machine.state}
        if machine.reason:
            health |= {"Reason": machine.reason, "Description": machine.description}
    return {"Target": {"Id": instance, "Port": 8080}, "HealthCheckPort": "8080", "TargetHealth": health}
