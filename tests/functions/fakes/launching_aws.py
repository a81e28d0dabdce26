"""Fake clients of what a group that launches touches: what is handed in as `aws`. They refuse what AWS refuses."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from recover_failed_launches.documents import READ_START
from remediation.core.errors import AwsError
from tests.functions.fakes.launching import GROUP, REPOSITORY, Backend, Instance, Refresh
from tests.functions.fakes.locks import Seeing
from tests.functions.fakes.strict import Calls, Fake, Pages
from tests.functions.recorder import PREFIXES

VPC = "vpc-00000000000000001"
PROCESSES = frozenset(
    [
        "Launch",
        "Terminate",
        "AddToLoadBalancer",
        "AlarmNotification",
        "AZRebalance",
        "HealthCheck",
        "InstanceRefresh",
        "ReplaceUnhealthy",
        "ScheduledActions",
    ]
)


class Service(Fake):
    """A service that answers by its methods, `_<operation>`, what the world has; an action may be denied."""

    def __init__(self, world: Backend, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._world = world

    def get_paginator(self, operation: str) -> Any:
        """Answer a paginator, which asks for the next page only if it is wanted."""
        return _Pages(getattr(self, operation))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        answer, operation = object.__getattribute__(self, f"_{name}"), _operation(name)
        permission = f"{PREFIXES.get(self.service, self.service)}:{operation}"

        def call(**asked: Any) -> Any:
            self._asked(operation, asked)
            if permission in self._world.unreadable:
                self._refuse(operation, "AccessDenied", "not authorized")
            self._world.catch_up()
            return self._answered(operation, answer(asked))

        return call

    def _refuse(self, operation: str, code: str, message: str) -> None:
        permission = f"{PREFIXES.get(self.service, self.service)}:{operation}"
        raise AwsError(f"{permission} failed with {code}: {message}.", operation=permission, code=code)


class _Pages(Pages):
    """A paginator that goes on for as long as there is a token."""

    def paginate(self, **parameters: Any) -> Iterator[Any]:
        """Yield page after page."""
        while True:
            page = self._page(**parameters)
            yield page
            if "NextToken" not in page:
                return
            parameters["NextToken"] = page["NextToken"]


def _operation(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


class AutoScaling(Service):
    """Auto Scaling."""

    service = "autoscaling"

    def _describe_auto_scaling_groups(self, asked: Any) -> Any:
        world = self._world
        group = {
            "AutoScalingGroupName": GROUP,
            "MinSize": world.min_size,
            "MaxSize": 6,
            "DesiredCapacity": world.desired,
            "DefaultCooldown": 300,
            "AvailabilityZones": ["us-east-1a", "us-east-1b"],
            "VPCZoneIdentifier": "subnet-1,subnet-2",
            "HealthCheckType": "ELB",
            "CreatedTime": world.made[7],
            **_launches(world),
            **({"DesiredCapacityType": world.counts} if world.counts else {}),
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": reason} for name, reason in world.suspended.items()
            ],
            "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in world.metrics],
            "Instances": [
                {
                    "InstanceId": each.id,
                    "AvailabilityZone": each.zone,
                    "LifecycleState": each.lifecycle,
                    "HealthStatus": "Healthy" if each.healthy else "Unhealthy",
                    "ProtectedFromScaleIn": False,
                    "LaunchTemplate": _source(each.template, each.version),
                    **({"WeightedCapacity": each.weight} if each.weight else {}),
                }
                for each in world.instances.values()
            ],
        }
        found = [group] if world.exists and asked["AutoScalingGroupNames"] == [GROUP] else []
        return {"AutoScalingGroups": found}

    def _describe_scaling_activities(self, asked: Any) -> Any:
        self._known("DescribeScalingActivities", asked)
        first, most = int(asked.get("NextToken", 0)), asked.get("MaxRecords", 100)
        rest = len(self._world.activities) - first - most
        page = {"Activities": self._world.activities[first : first + most]}
        return page | ({"NextToken": str(first + most)} if rest > 0 else {})

    def _describe_instance_refreshes(self, asked: Any) -> Any:
        self._known("DescribeInstanceRefreshes", asked)
        found = [
            {
                "InstanceRefreshId": each.id,
                "AutoScalingGroupName": GROUP,
                "Status": each.status,
                "StartTime": each.started_at,
                **({"EndTime": each.ended_at} if each.ended_at else {}),
                **({"StatusReason": each.reason} if each.reason else {}),
                **({"DesiredConfiguration": _desired(each)} if each.version else {}),
            }
            for each in self._world.refreshes[: asked.get("MaxRecords", 100)]
        ]
        return {"InstanceRefreshes": found}

    def _start_instance_refresh(self, asked: Any) -> Any:
        self._changes("StartInstanceRefresh", asked)
        world = self._world
        if world.active is not None:
            self._refuse(
                "StartInstanceRefresh", "InstanceRefreshInProgress", "An Instance Refresh is already in progress"
            )
        preferences = asked.get("Preferences", {})
        least, most = preferences.get("MinHealthyPercentage", 90), preferences.get("MaxHealthyPercentage", 100)
        if not (100 <= most <= 200 and 0 <= least <= 100 and most - least <= 100):
            self._refuse("StartInstanceRefresh", "ValidationError", "the healthy percentages do not go together")
        version, template = "", world.template
        if "DesiredConfiguration" in asked:
            if not world.may_launch:
                self._refuse("StartInstanceRefresh", "AccessDenied", "You are not authorized to use launch template")
            source = asked["DesiredConfiguration"]["LaunchTemplate"]
            version, template = source["Version"], source["LaunchTemplateId"]
            versions = world.templates.get(template, {})
            if not version.isdigit() or int(version) not in versions:
                self._refuse("StartInstanceRefresh", "ValidationError", "The launch template version does not exist")
        started = world.refresh("Pending", version=version, template=template, ago=world.clock() - world.clock())
        return {"InstanceRefreshId": started.id}

    def _rollback_instance_refresh(self, asked: Any) -> Any:
        self._changes("RollbackInstanceRefresh", asked)
        active = self._world.active
        if active is None or active.status not in {"Pending", "InProgress", "Baking"}:
            self._refuse("RollbackInstanceRefresh", "ActiveInstanceRefreshNotFound", "No in progress instance refresh")
        assert active is not None
        if not active.version or not self._world.version.isdigit():
            self._refuse("RollbackInstanceRefresh", "IrreversibleInstanceRefresh", "It has no desired configuration")
        active.status = "RollbackInProgress"
        return {"InstanceRefreshId": active.id}

    def _resume_processes(self, asked: Any) -> Any:
        self._changes("ResumeProcesses", asked)
        if not set(asked.get("ScalingProcesses", PROCESSES)) <= PROCESSES:
            self._refuse("ResumeProcesses", "ValidationError", "Invalid scaling process")
        for process in asked.get("ScalingProcesses", PROCESSES):
            self._world.suspended.pop(process, None)
        return {}

    def _answered(self, operation: str, answer: dict[str, Any]) -> Any:
        return answer if operation == "ResumeProcesses" else super()._answered(operation, answer)

    def _changes(self, operation: str, asked: Any) -> None:
        assert self._acting, f"{operation} changes something"
        self._known(operation, asked)

    def _known(self, operation: str, asked: Any) -> None:
        if asked["AutoScalingGroupName"] != GROUP:
            self._refuse(operation, "ValidationError", "AutoScalingGroup name not found")


def _launches(world: Backend) -> dict[str, Any]:
    source = _source(world.template, world.version)
    mixed = {"MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": source}}}
    return mixed if world.mixed else {"LaunchTemplate": source}


def _source(template: str, version: str) -> dict[str, str]:
    return {"LaunchTemplateId": template, "LaunchTemplateName": f"name-of-{template}", "Version": version}


def _desired(refresh: Refresh) -> dict[str, Any]:
    """Return the desired configuration as it was asked for: by the template's id, by its name, or with a mix."""
    source = _source(refresh.template, refresh.version)
    if refresh.named == "mix":
        return {"MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": source}}}
    del source["LaunchTemplateId" if refresh.named == "name" else "LaunchTemplateName"]
    return {"LaunchTemplate": source}


class Ec2(Service):
    """EC2."""

    service = "ec2"

    def _describe_launch_template_versions(self, asked: Any) -> Any:
        (wanted,) = asked["Versions"]
        template = asked["LaunchTemplateId"]
        versions = self._world.templates.get(template, {})
        number = max(versions, default=0) if wanted in {"$Latest", "$Default"} else int(wanted)
        if number not in versions:
            self._refuse("DescribeLaunchTemplateVersions", "InvalidLaunchTemplateId.VersionNotFound", "no such version")
        found = {
            "LaunchTemplateId": template,
            "VersionNumber": number,
            "CreateTime": self._world.made[number],
            "LaunchTemplateData": versions[number],
        }
        return {"LaunchTemplateVersions": [found]}

    def _describe_images(self, asked: Any) -> Any:
        (wanted,) = _filter(asked, "image-id")
        state = self._world.images.get(wanted)
        return {"Images": [{"ImageId": wanted, "State": state}] if state else []}

    def _describe_security_groups(self, asked: Any) -> Any:
        found = [group for group in _filter(asked, "group-id") if group in self._world.groups]
        return {"SecurityGroups": [{"GroupId": group} for group in found]}

    def _describe_instance_type_offerings(self, asked: Any) -> Any:
        (type_,) = _filter(asked, "instance-type")
        assert asked["LocationType"] == "availability-zone"
        return {"InstanceTypeOfferings": [{"InstanceType": type_, "Location": zone} for zone in self._world.offered]}

    def _describe_subnets(self, asked: Any) -> Any:
        zones, world = {"subnet-1": "us-east-1a", "subnet-2": "us-east-1b"}, self._world
        free = {"subnet-1": world.free, "subnet-2": world.free if world.fuller is None else world.fuller}
        return {
            "Subnets": [
                {
                    "SubnetId": subnet,
                    "VpcId": VPC,
                    "AvailabilityZone": zones[subnet],
                    "AvailableIpAddressCount": free[subnet],
                }
                for subnet in _filter(asked, "subnet-id")
                if subnet in zones
            ]
        }

    def _describe_route_tables(self, asked: Any) -> Any:
        """Answer for the table of subnet-1, and for the main one, which subnet-2 uses."""
        world = self._world
        first, second = (
            _routes(way, world.route) for way in (world.way, world.way if world.main_way is None else world.main_way)
        )
        own = {"RouteTableId": "rtb-1", "VpcId": VPC, "Routes": first, "Associations": [{"SubnetId": "subnet-1"}]}
        main = {"RouteTableId": "rtb-2", "VpcId": VPC, "Routes": second, "Associations": [{"Main": True}]}
        by = asked["Filters"][0]["Name"]
        return {"RouteTables": [own] if by == "association.subnet-id" else [own, main]}

    def _describe_instances(self, asked: Any) -> Any:
        everything = self._world.instances | self._world.gone
        found = [everything[id_] for id_ in _filter(asked, "instance-id") if id_ in everything]
        return {"Reservations": [{"Instances": [_instance(each) for each in found]}]}

    def _describe_instance_status(self, asked: Any) -> Any:
        for id_ in asked["InstanceIds"]:
            if id_ not in self._world.instances:
                self._refuse("DescribeInstanceStatus", "InvalidInstanceID.NotFound", f"{id_} does not exist")
        found = [self._world.instances[id_] for id_ in asked["InstanceIds"]]
        return {
            "InstanceStatuses": [
                {
                    "InstanceId": each.id,
                    "InstanceStatus": {"Status": "ok" if each.healthy else "impaired"},
                    "SystemStatus": {"Status": "ok"},
                }
                for each in found
            ]
        }

    def _get_console_output(self, asked: Any) -> Any:
        return {"InstanceId": asked["InstanceId"], "Output": self._world.console}


def _routes(way: str, state: str) -> list[dict[str, str]]:
    to = {"NatGatewayId": way} if way.startswith("nat") else {"GatewayId": way}
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
    return [local, *([{"DestinationCidrBlock": "0.0.0.0/0", "State": state, **to}] if way else [])]


def _filter(asked: Any, name: str) -> list[str]:
    (found,) = asked["Filters"]
    assert found["Name"] == name
    assert found["Values"], "an empty filter answers everything"
    values: list[str] = found["Values"]
    return values


def _instance(each: Instance) -> dict[str, Any]:
    reason = {"StateReason": {"Code": each.code, "Message": each.reason}} if each.code else {}
    return {
        "InstanceId": each.id,
        "State": {"Name": each.state},
        "LaunchTime": each.launched_at,
        "Tags": [
            {"Key": "aws:ec2launchtemplate:id", "Value": each.template},
            {"Key": "aws:ec2launchtemplate:version", "Value": each.version},
        ],
        **reason,
    }


class Ecr(Service):
    """ECR: one repository."""

    service = "ecr"

    def _describe_images(self, asked: Any) -> Any:
        if asked["repositoryName"] != REPOSITORY:
            self._refuse("DescribeImages", "RepositoryNotFoundException", "no such repository")
        (image,) = asked["imageIds"]
        if image["imageTag"] not in self._world.tags:
            self._refuse("DescribeImages", "ImageNotFoundException", "no such image")
        return {"imageDetails": [{"repositoryName": REPOSITORY, "imageTags": [image["imageTag"]]}]}


class Iam(Service):
    """IAM: one instance profile with a role, or with none."""

    service = "iam"

    def _get_instance_profile(self, asked: Any) -> Any:
        name = asked["InstanceProfileName"]
        if name != "dev-ec2-profile":
            self._refuse("GetInstanceProfile", "NoSuchEntity", "no such profile")
        at, account = self._world.made[7], self._world.place.account
        arn = f"arn:aws:iam::{account}:role/{self._world.role}"
        about = {"Path": "/", "CreateDate": at}
        role = about | {"RoleName": self._world.role, "RoleId": "AROA00000000000000000", "Arn": arn}
        profile = about | {
            "InstanceProfileName": name,
            "InstanceProfileId": "AIPA00000000000000000",
            "Arn": f"arn:aws:iam::{account}:instance-profile/{name}",
            "Roles": [role] if self._world.role else [],
        }
        return {"InstanceProfile": profile}

    def _simulate_principal_policy(self, asked: Any) -> Any:
        return {
            "EvaluationResults": [
                {
                    "EvalActionName": action,
                    "EvalDecision": "implicitDeny" if action in self._world.denied else "allowed",
                }
                for action in asked["ActionNames"]
            ]
        }


class ServiceQuotas(Service):
    """Service Quotas."""

    service = "service-quotas"

    def _get_service_quota(self, asked: Any) -> Any:
        assert (asked["ServiceCode"], asked["QuotaCode"]) == ("ec2", "L-1216C47A")
        return {"Quota": {"QuotaCode": asked["QuotaCode"], "Value": self._world.quota}}


class Ssm(Service):
    """Systems Manager: it reaches the members whose agent is in contact, and runs the one document that reads."""

    service = "ssm"

    def __init__(self, world: Backend, calls: Calls, sent: dict[str, str], *, acting: bool = False) -> None:
        super().__init__(world, calls, acting=acting)
        self._sent = sent

    def _describe_instance_information(self, asked: Any) -> Any:
        (by_id,) = asked["Filters"]
        found = [self._world.instances[id_] for id_ in by_id["Values"] if id_ in self._world.instances]
        return {
            "InstanceInformationList": [
                {"InstanceId": each.id, "PingStatus": "Online" if each.in_ssm else "ConnectionLost"} for each in found
            ]
        }

    def _send_command(self, asked: Any) -> Any:
        assert self._acting, "SendCommand is not repeated"
        assert asked["DocumentName"] == self._world.place.name(READ_START.name)
        assert asked["Parameters"] == {"Container": ["backend"]}
        for id_ in asked["InstanceIds"]:
            if id_ not in self._world.instances or not self._world.instances[id_].in_ssm:
                self._refuse("SendCommand", "InvalidInstanceId", f"{id_} is not in contact")
        command = f"00000000-0000-4000-8000-{len(self._sent):012d}"
        self._sent[command] = ""
        return {"Command": {"CommandId": command, "InstanceIds": asked["InstanceIds"]}}

    def _get_command_invocation(self, asked: Any) -> Any:
        each = self._world.instances[asked["InstanceId"]]
        log = b64encode(each.log.encode()).decode()
        said = {"cloud_init": each.cloud_init, "container": each.container, "log": log, "container_log": ""}
        return {
            "CommandId": asked["CommandId"],
            "InstanceId": each.id,
            "Status": "Success",
            "StandardOutputContent": json.dumps(said),
        }


class FakeActing:
    """The clients that change something."""

    def __init__(self, autoscaling: AutoScaling, ssm: Ssm) -> None:
        self.autoscaling, self.ssm = autoscaling, ssm


class FakeLaunching:
    """What an action and a diagnosis are handed as `aws`."""

    def __init__(self, world: Backend) -> None:
        self.place, self.calls, self.now = world.place, Calls(), world.clock
        self.sightings = Seeing(world.clock)
        sent: dict[str, str] = {}
        self.autoscaling, self.ec2 = AutoScaling(world, self.calls), Ec2(world, self.calls)
        self.ecr, self.iam = Ecr(world, self.calls), Iam(world, self.calls)
        self.service_quotas = ServiceQuotas(world, self.calls)
        self.ssm = Ssm(world, self.calls, sent)
        self.acting = FakeActing(AutoScaling(world, self.calls, acting=True), Ssm(world, self.calls, sent, acting=True))

    @property
    def mutations(self) -> list[str]:
        """Return the operations that changed something; to read how an instance started is none."""
        return [call.operation for call in self.calls.made if call.acting and call.operation != "SendCommand"]
