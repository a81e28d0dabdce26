"""A fake of Auto Scaling: one group. It refuses to touch an instance that is not in it."""

from typing import Any

from tests.functions.fakes.strict import Calls, Fake
from tests.functions.fakes.world import StartTech


class AutoScaling(Fake):
    """Auto Scaling."""

    service = "autoscaling"

    def __init__(self, world: StartTech, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._world = world

    def describe_auto_scaling_groups(self, **asked: Any) -> Any:
        """Answer for the one group; for an unknown name with nothing, as AWS does."""
        self._asked("DescribeAutoScalingGroups", asked)
        self._world.catch_up()
        world = self._world
        group = {
            "AutoScalingGroupName": "dev-backend-asg",
            "MinSize": world.min_size,
            "MaxSize": world.max_size,
            "DesiredCapacity": world.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": ["us-east-1a", "us-east-1b"],
            "HealthCheckType": world.health_check_type,
            "HealthCheckGracePeriod": int(world.grace.total_seconds()),
            "CreatedTime": world.clock(),
            "SuspendedProcesses": [{"ProcessName": name} for name in world.suspended],
            "Instances": [
                {
                    "InstanceId": machine.id,
                    "AvailabilityZone": "us-east-1a",
                    "LifecycleState": machine.lifecycle,
                    "HealthStatus": "Unhealthy" if machine.reported_unhealthy else "Healthy",
                    "ProtectedFromScaleIn": False,
                    "LaunchTemplate": {
                        "LaunchTemplateId": "lt-00000000000000001",
                        "Version": machine.template_version,
                    },
                }
                for machine in world.machines.values()
            ],
        }
        found = [group] if asked["AutoScalingGroupNames"] == ["dev-backend-asg"] else []
        return self._answered("DescribeAutoScalingGroups", {"AutoScalingGroups": found})

    def describe_instance_refreshes(self, **asked: Any) -> Any:
        """Answer with the one refresh that the world knows of."""
        self._asked("DescribeInstanceRefreshes", asked)
        self._known("DescribeInstanceRefreshes", asked["AutoScalingGroupName"])
        refreshes = []
        if self._world.refresh:
            status, start, end = self._world.refresh
            refresh = {"InstanceRefreshId": "08b91cf7", "Status": status, "StartTime": start}
            refreshes = [refresh | ({"EndTime": end} if end else {})]
        return self._answered("DescribeInstanceRefreshes", {"InstanceRefreshes": refreshes})

    def describe_scaling_activities(self, **asked: Any) -> Any:
        """Answer with the history, newest first."""
        self._asked("DescribeScalingActivities", asked)
        self._known("DescribeScalingActivities", asked["AutoScalingGroupName"])
        self._world.catch_up()
        activities = [
            {
                "ActivityId": f"activity-{number}",
                "AutoScalingGroupName": "dev-backend-asg",
                "Description": activity.description,
                "Cause": activity.cause,
                "StartTime": activity.at,
                "StatusCode": "Successful",
            }
            for number, activity in enumerate(self._world.activities[: asked.get("MaxRecords", 100)])
        ]
        return self._answered("DescribeScalingActivities", {"Activities": activities})

    def set_instance_health(self, **asked: Any) -> Any:
        """Take an instance's health from outside; only of instances that are in the group."""
        assert self._acting, "SetInstanceHealth changes something"
        self._asked("SetInstanceHealth", asked)
        machine = self._world.machines.get(asked["InstanceId"])
        if machine is None or machine.lifecycle != "InService":
            self._refuse("SetInstanceHealth", "ValidationError", f"Instance Id not found - {asked['InstanceId']}")
        assert machine is not None
        machine.reported_unhealthy = asked["HealthStatus"] == "Unhealthy"
        return {}

    def _known(self, operation: str, group: str) -> None:
        if group != "dev-backend-asg":
            self._refuse(operation, "ValidationError", "AutoScalingGroup name not found")
