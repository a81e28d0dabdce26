"""Fake clients of the services that judge and scale a fleet: what is handed in as `aws`. They refuse what AWS refuses."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from tests.functions.fakes.fleet import BALANCER, GROUP, TARGETS, Fleet, Watch
from tests.functions.fakes.fleet import key as kept
from tests.functions.fakes.strict import Calls, Fake, Pages

NAMESPACES = {
    "CPUUtilization": "AWS/EC2",
    "CPUCreditBalance": "AWS/EC2",
    "RequestCountPerTarget": "AWS/ApplicationELB",
    "HealthyHostCount": "AWS/ApplicationELB",
    "MongoConnections": "StartTech",
    "CurrConnections": "AWS/ElastiCache",
}


class _OfFleet(Fake):
    def __init__(self, fleet: Fleet, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._fleet = fleet

    def _takes(self, operation: str, asked: dict[str, Any]) -> None:
        self._asked(operation, asked)
        self._fleet.catch_up()


class AutoScaling(_OfFleet):
    """Auto Scaling: one group."""

    service = "autoscaling"

    def describe_auto_scaling_groups(self, **asked: Any) -> Any:
        """Answer for the one group; for an unknown name with nothing, as AWS does."""
        self._takes("DescribeAutoScalingGroups", asked)
        fleet = self._fleet
        group = {
            "AutoScalingGroupName": GROUP,
            "MinSize": fleet.min_size,
            "MaxSize": fleet.max_size,
            "DesiredCapacity": fleet.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": ["us-east-1a", "us-east-1b"],
            "HealthCheckType": "ELB",
            "HealthCheckGracePeriod": 300,
            "CreatedTime": fleet.clock(),
            "TerminationPolicies": ["Default"],
            "SuspendedProcesses": [{"ProcessName": name} for name in fleet.suspended],
            "Instances": [
                {
                    "InstanceId": box.id,
                    "AvailabilityZone": "us-east-1a",
                    "LifecycleState": box.lifecycle,
                    "HealthStatus": "Unhealthy" if box.reported_unhealthy else "Healthy",
                    "ProtectedFromScaleIn": box.protected,
                    "LaunchTemplate": {"LaunchTemplateId": "lt-00000000000000001", "Version": "7"},
                }
                for box in fleet.boxes.values()
            ],
        }
        found = [group] if asked["AutoScalingGroupNames"] == [GROUP] else []
        return self._answered("DescribeAutoScalingGroups", {"AutoScalingGroups": found})

    def describe_instance_refreshes(self, **asked: Any) -> Any:
        """Answer with the one refresh there is."""
        self._takes("DescribeInstanceRefreshes", asked)
        self._known("DescribeInstanceRefreshes", asked)
        refresh = self._fleet.refresh
        found = [{"InstanceRefreshId": "08b91cf7", "Status": refresh[0], "StartTime": refresh[1]}] if refresh else []
        return self._answered("DescribeInstanceRefreshes", {"InstanceRefreshes": found})

    def describe_scaling_activities(self, **asked: Any) -> Any:
        """Answer with the history, newest first."""
        self._takes("DescribeScalingActivities", asked)
        self._known("DescribeScalingActivities", asked)
        fleet = self._fleet
        activities = [
            {
                "ActivityId": f"activity-{number}",
                "AutoScalingGroupName": GROUP,
                "Description": activity.description,
                "Cause": activity.cause,
                "StartTime": activity.at,
                "StatusCode": fleet.status(activity),
            }
            | ({"StatusMessage": activity.failed} if activity.failed else {})
            for number, activity in enumerate(fleet.activities[: asked.get("MaxRecords", 100)])
        ]
        return self._answered("DescribeScalingActivities", {"Activities": activities})

    def get_paginator(self, operation: str) -> Pages:
        """Answer a paginator of the one operation that has one here."""
        assert operation == "describe_policies"
        return Pages(self._describe_policies)

    def _describe_policies(self, **asked: Any) -> Any:
        self._takes("DescribePolicies", asked)
        self._known("DescribePolicies", asked)
        policies = [
            {
                "AutoScalingGroupName": GROUP,
                "PolicyName": watch.policy,
                "PolicyType": "SimpleScaling",
                "AdjustmentType": "ChangeInCapacity",
                "ScalingAdjustment": watch.change,
                "Cooldown": 300,
                "Enabled": watch.enabled,
                "Alarms": [{"AlarmName": watch.name, "AlarmARN": _arn(watch)}],
            }
            for watch in self._fleet.watches
        ]
        return self._answered("DescribePolicies", {"ScalingPolicies": policies})

    def set_desired_capacity(self, **asked: Any) -> Any:
        """Take a size within the limits, outside the cooldown where that is honoured."""
        assert self._acting, "SetDesiredCapacity changes something"
        self._takes("SetDesiredCapacity", asked)
        self._known("SetDesiredCapacity", asked)
        fleet, wanted = self._fleet, asked["DesiredCapacity"]
        if not fleet.min_size <= wanted <= fleet.max_size:
            sentence = f"New SetDesiredCapacity value {wanted} is not between {fleet.min_size} and {fleet.max_size}"
            self._refuse("SetDesiredCapacity", "ValidationError", sentence)
        if asked.get("HonorCooldown") and fleet.now < fleet.cooldown_until:
            sentence = f"Scaling activity in progress, or in cooldown until {fleet.cooldown_until}"
            self._refuse("SetDesiredCapacity", "ScalingActivityInProgress", sentence)
        fleet.sizes.append((fleet.now, wanted))
        if wanted != fleet.desired:
            fleet.resize(wanted, "a user request explicitly set group desired capacity")
        return {}

    def set_instance_health(self, **asked: Any) -> Any:
        """Take an instance's health from outside; only of instances that are in service."""
        assert self._acting, "SetInstanceHealth changes something"
        self._takes("SetInstanceHealth", asked)
        box = self._fleet.boxes.get(asked["InstanceId"])
        if box is None or box.lifecycle != "InService":
            self._refuse("SetInstanceHealth", "ValidationError", f"Instance Id not found - {asked['InstanceId']}")
        assert box is not None
        box.reported_unhealthy = asked["HealthStatus"] == "Unhealthy"
        return {}

    def _known(self, operation: str, asked: dict[str, Any]) -> None:
        if asked["AutoScalingGroupName"] != GROUP:
            self._refuse(operation, "ValidationError", "AutoScalingGroup name not found")


class CloudWatch(_OfFleet):
    """CloudWatch: the alarms of the policies, and the figures of the fleet."""

    service = "cloudwatch"

    def get_paginator(self, operation: str) -> Pages:
        """Answer a paginator."""
        return Pages({"describe_alarms": self._describe_alarms, "get_metric_data": self._get_metric_data}[operation])

    def _describe_alarms(self, **asked: Any) -> Any:
        self._takes("DescribeAlarms", asked)
        found = [_described(watch) for watch in self._fleet.watches if watch.name in asked["AlarmNames"]]
        return self._answered("DescribeAlarms", {"MetricAlarms": found})

    def _get_metric_data(self, **asked: Any) -> Any:
        self._takes("GetMetricData", asked)
        if len(asked["MetricDataQueries"]) > 500:
            self._refuse("GetMetricData", "ValidationError", "at most 500 queries")
        ids = [query["Id"] for query in asked["MetricDataQueries"]]
        if len(ids) != len(set(ids)):
            self._refuse("GetMetricData", "ValidationError", "the ids of queries differ")
        results = [self._result(query, asked["StartTime"], asked["EndTime"]) for query in asked["MetricDataQueries"]]
        return self._answered("GetMetricData", {"MetricDataResults": results})

    def _result(self, query: Any, since: datetime, until: datetime) -> Any:
        stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
        assert stat["Period"] % 300 == 0, "with basic monitoring there is a value in five minutes"
        assert NAMESPACES[metric["MetricName"]] == metric["Namespace"], f"{metric} is in another namespace"
        dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        period = timedelta(seconds=stat["Period"])
        found = self._fleet.aggregated(kept(metric["MetricName"], **dimensions), since, until, period, stat["Stat"])
        newest_first = found[::-1]
        return {
            "Id": query["Id"],
            "Label": metric["MetricName"],
            "Timestamps": [at for at, _ in newest_first],
            "Values": [value for _, value in newest_first],
            "StatusCode": "Complete",
        }


class Ec2(_OfFleet):
    """EC2."""

    service = "ec2"

    def describe_instances(self, **asked: Any) -> Any:
        """Answer for those instances of a filter by id that exist."""
        self._takes("DescribeInstances", asked)
        (by_id,) = asked["Filters"]
        assert by_id["Name"] == "instance-id"
        if len(by_id["Values"]) > 200:
            self._refuse("DescribeInstances", "FilterLimitExceeded", "at most 200 values a filter")
        instances = [
            {
                "InstanceId": box.id,
                "InstanceType": box.type,
                "State": {"Name": "running"},
                "LaunchTime": box.launched_at,
                "SecurityGroups": [],
            }
            for box in self._fleet.boxes.values()
            if box.id in by_id["Values"]
        ]
        return self._answered("DescribeInstances", {"Reservations": [{"Instances": instances}]})

    def describe_instance_credit_specifications(self, **asked: Any) -> Any:
        """Answer for instances that earn credits; the whole list is refused for one that does not, or that is gone."""
        self._takes("DescribeInstanceCreditSpecifications", asked)
        boxes = [self._fleet.boxes.get(id_) for id_ in asked["InstanceIds"]]
        if not all(box and box.credits is not None for box in boxes):
            sentence = f"The instance IDs '{', '.join(asked['InstanceIds'])}' do not exist, or are no burstable ones"
            self._refuse("DescribeInstanceCreditSpecifications", "InvalidInstanceID.NotFound", sentence)
        found = [{"InstanceId": box.id, "CpuCredits": box.credit_mode} for box in boxes if box]
        return self._answered("DescribeInstanceCreditSpecifications", {"InstanceCreditSpecifications": found})

    def describe_launch_template_versions(self, **asked: Any) -> Any:
        """Answer for the version that every instance runs."""
        self._takes("DescribeLaunchTemplateVersions", asked)
        assert asked["Versions"] == ["7"]
        made = self._fleet.template_created_at
        found = [{"VersionNumber": 7, "CreateTime": made}] if made else []
        return self._answered("DescribeLaunchTemplateVersions", {"LaunchTemplateVersions": found})


class Elbv2(_OfFleet):
    """Elastic Load Balancing: the targets that are in service."""

    service = "elbv2"

    def describe_target_health(self, **asked: Any) -> Any:
        """Answer for the one target group."""
        self._takes("DescribeTargetHealth", asked)
        self._known("DescribeTargetHealth", asked)
        targets = [
            {
                "Target": {"Id": box.id, "Port": 8080},
                "TargetHealth": {"State": "healthy" if box.healthy else "unhealthy"},
            }
            for box in self._fleet.boxes.values()
            if box.lifecycle == "InService" and box.registered
        ]
        return self._answered("DescribeTargetHealth", {"TargetHealthDescriptions": targets})

    def describe_target_group_attributes(self, **asked: Any) -> Any:
        """Answer for the one target group."""
        self._takes("DescribeTargetGroupAttributes", asked)
        self._known("DescribeTargetGroupAttributes", asked)
        drain = {"Key": "deregistration_delay.timeout_seconds", "Value": "300"}
        return self._answered("DescribeTargetGroupAttributes", {"Attributes": [drain]})

    def _known(self, operation: str, asked: dict[str, Any]) -> None:
        place = self._fleet.place
        arn = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}:{TARGETS}"
        if asked["TargetGroupArn"] != arn:
            self._refuse(operation, "TargetGroupNotFound", "One or more target groups not found")


class Ssm(_OfFleet):
    """Systems Manager: every agent in contact answers what `says` says."""

    service = "ssm"
    says = "load: 3.10, 2.80, 2.00\nprocess: node (4711, ec2-user) 187.3% of a CPU, 40.1% of memory\n"
    status = "Success"
    broken = ""
    """The operation that AWS refuses for now."""

    def _takes(self, operation: str, asked: dict[str, Any]) -> None:
        super()._takes(operation, asked)
        if operation == self.broken:
            self._refuse(operation, "ThrottlingException", "Rate exceeded")

    def get_paginator(self, operation: str) -> Pages:
        """Answer a paginator of the one operation that has one here."""
        assert operation == "describe_instance_information"
        return Pages(self._describe_instance_information)

    def _describe_instance_information(self, **asked: Any) -> Any:
        self._takes("DescribeInstanceInformation", asked)
        (by_id,) = asked["Filters"]
        known = [
            {"InstanceId": box.id, "PingStatus": "Online"}
            for box in self._fleet.boxes.values()
            if box.id in by_id["Values"] and box.in_ssm
        ]
        return self._answered("DescribeInstanceInformation", {"InstanceInformationList": known})

    def send_command(self, **asked: Any) -> Any:
        """Take a command with a document that is deployed, for instances whose agents are in contact."""
        assert self._acting, "SendCommand is sent once"
        self._takes("SendCommand", asked)
        names = [self._fleet.place.name(document.name) for document in self._fleet.documents]
        if asked["DocumentName"] not in names:
            self._refuse("SendCommand", "InvalidDocument", f"Document {asked['DocumentName']} does not exist")
        for id_ in asked["InstanceIds"]:
            if not (box := self._fleet.boxes.get(id_)) or not box.in_ssm:
                self._refuse("SendCommand", "InvalidInstanceId", f"Instances not in a valid state for account: {id_}")
        return self._answered("SendCommand", {"Command": {"CommandId": "00000000-0000-4000-8000-000000000000"}})

    def get_command_invocation(self, **asked: Any) -> Any:
        """Answer what an instance printed."""
        self._takes("GetCommandInvocation", asked)
        said = {"Status": self.status, "StandardOutputContent": self.says}
        return self._answered("GetCommandInvocation", said)


class FleetClients:
    """What an action and a diagnosis are handed as `aws`."""

    def __init__(self, fleet: Fleet) -> None:
        self.place, self.calls, self.now = fleet.place, Calls(), fleet.clock
        self.autoscaling, self.cloudwatch = AutoScaling(fleet, self.calls), CloudWatch(fleet, self.calls)
        self.ec2, self.elbv2, self.ssm = Ec2(fleet, self.calls), Elbv2(fleet, self.calls), Ssm(fleet, self.calls)
        self.acting = SimpleNamespace(
            autoscaling=AutoScaling(fleet, self.calls, acting=True), ssm=Ssm(fleet, self.calls, acting=True)
        )

    @property
    def mutations(self) -> list[tuple[str, Any]]:
        """Return what was changed and to what; a look by Systems Manager is none."""
        return [
            (call.operation, call.parameters.get("DesiredCapacity", call.parameters.get("InstanceId")))
            for call in self.calls.made
            if call.acting and call.operation != "SendCommand"
        ]


def _arn(watch: Watch) -> str:
    return f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{watch.name}"


def _described(watch: Watch) -> dict[str, Any]:
    since = {"StateTransitionedTimestamp": watch.since} if watch.since else {}
    return since | {
        "AlarmName": watch.name,
        "AlarmArn": _arn(watch),
        "StateValue": watch.state,
        "ActionsEnabled": watch.actions_enabled,
        "AlarmActions": ["arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1"],
        "Namespace": "AWS/EC2",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "AutoScalingGroupName", "Value": GROUP}],
        "Statistic": "Average",
        "Period": 300,
        "Threshold": watch.threshold,
    }


__all__ = ["BALANCER", "GROUP", "TARGETS", "FleetClients"]
