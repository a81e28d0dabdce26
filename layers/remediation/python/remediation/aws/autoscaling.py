"""Auto Scaling groups: members, instance refreshes, and the replacements that a group made by itself."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from mypy_boto3_autoscaling.type_defs import ActivityTypeDef, AutoScalingGroupTypeDef, InstanceTypeDef

    from remediation.adapters.clients import Clients

ACTIVE_REFRESH = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
ENDED = frozenset({"Cancelled", "Failed", "Successful"})
"""How an activity ends."""
_FAILED_CHECK = re.compile(
    r"\AAt \S{1,40} (?:an )?instance (?:i-\w{1,17} )?was taken out of service in response to an?"
    r" ([^.]{0,80}(?:health|status)[ -]checks?)\b",
    re.IGNORECASE,
)
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")


class Member(Struct, frozen=True, kw_only=True):
    """One instance of a group, as the group sees it."""

    id: str
    lifecycle: str
    health: str
    template: str = ""
    """Id of the launch template that it was launched from, if it was."""
    version: str = ""
    protected: bool = False
    """Whether it cannot go when the group is made smaller."""


class Group(Struct, frozen=True, kw_only=True):
    """An Auto Scaling group."""

    name: str
    min_size: int
    max_size: int
    desired: int
    health_checks: tuple[str, ...]
    """Kinds of health checks that make it replace an instance: EC2, ELB, EBS ..."""
    grace: timedelta
    suspended: tuple[str, ...]
    members: tuple[Member, ...]
    weighted: bool = False
    """Whether an instance may count as several: then its sizes are not numbers of instances."""
    termination: tuple[str, ...] = ()
    """The rules by which it chooses which instance goes, in AWS's words."""


class Refresh(Struct, frozen=True, kw_only=True):
    """An instance refresh: how this environment deploys."""

    id: str
    status: str
    started_at: datetime | None = None
    ended_at: datetime | None = None
    percent: int | None = None
    reason: str = ""
    """Why it stands where it stands, in AWS's own words."""


class Activity(Struct, frozen=True, kw_only=True):
    """Something that a group does or did: it launches or terminates an instance. `status` is AWS's own word."""

    description: str
    status: str
    started_at: datetime
    message: str = ""

    @property
    def launch(self) -> bool:
        """Tell whether an instance was to be launched."""
        return self.description.startswith("Launching")

    @property
    def ended(self) -> bool:
        """Tell whether it came to an end, whatever end."""
        return self.status in ENDED


class Replacement(Struct, frozen=True, kw_only=True):
    """The group took an instance out of service because it failed the load balancer's health check."""

    instance: str
    at: datetime


def group(aws: "Clients", name: str) -> Group | None:
    """Describe one group; None where there is none of this name."""
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return _group(found[0]) if found else None


def _group(found: "AutoScalingGroupTypeDef") -> Group:
    return Group(
        name=found["AutoScalingGroupName"],
        min_size=found["MinSize"],
        max_size=found["MaxSize"],
        desired=found["DesiredCapacity"],
        health_checks=tuple(kind.strip() for kind in found["HealthCheckType"].split(",")),
        grace=timedelta(seconds=found.get("HealthCheckGracePeriod", 0)),
        suspended=tuple(sorted(process["ProcessName"] for process in found.get("SuspendedProcesses", ()))),
        members=tuple(sorted(map(_member, found.get("Instances", ())), key=lambda member: member.id)),
        termination=tuple(found.get("TerminationPolicies", ())),
        weighted=weighted(found),
    )


def weighted(found: "AutoScalingGroupTypeDef") -> bool:
    """Tell whether an instance may count as several: by its weight, also of one yet to come, or by its vCPUs or memory."""
    template = found.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    weighs = ("WeightedCapacity" in each for each in (*found.get("Instances", ()), *template.get("Overrides", ())))
    return any(weighs) or found.get("DesiredCapacityType", "units") != "units"


def _member(instance: "InstanceTypeDef") -> Member:
    template = instance.get("LaunchTemplate", {})
    return Member(
        id=instance["InstanceId"],
        lifecycle=instance["LifecycleState"],
        health=instance["HealthStatus"],
        template=template.get("LaunchTemplateId", ""),
        version=template.get("Version", ""),
        protected=instance.get("ProtectedFromScaleIn", False),
    )


def latest_refresh(aws: "Clients", name: str) -> Refresh | None:
    """Return the newest instance refresh of a group; AWS answers newest first."""
    answer = aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name, MaxRecords=1)
    return next(
        (
            Refresh(
                id=refresh["InstanceRefreshId"],
                status=refresh["Status"],
                started_at=refresh.get("StartTime"),
                ended_at=refresh.get("EndTime"),
                percent=refresh.get("PercentageComplete"),
                reason=refresh.get("StatusReason", ""),
            )
            for refresh in answer["InstanceRefreshes"]
        ),
        None,
    )


def activities(aws: "Clients", name: str, since: datetime) -> tuple[Activity, ...]:
    """Return what a group has begun since then, and what it has not finished, among its 50 newest activities."""
    answer = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=50)
    found = map(activity, answer["Activities"])
    return tuple(each for each in found if each.started_at >= since or not each.ended)


def activity(found: "ActivityTypeDef") -> Activity:
    """Return one activity of those that AWS answers."""
    return Activity(
        description=found.get("Description", ""),
        status=found["StatusCode"],
        started_at=found["StartTime"],
        message=found.get("StatusMessage", ""),
    )


def elb_replacements(aws: "Clients", name: str) -> tuple[Replacement, ...]:
    """Return the replacements for a failed ELB health check among the 100 newest activities of a group."""
    answer = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=100)
    return tuple(
        Replacement(instance=named[0] if (named := _INSTANCE.search(about)) else "an instance", at=found["StartTime"])
        for found in answer["Activities"]
        if (about := found.get("Description", "")).startswith("Terminating")
        and "ELB" in failed_check(found["Cause"]).split()
    )


def failed_check(cause: str) -> str:
    """Return which check an instance failed that was taken out, in AWS's words; empty where it went for another reason.

    A cause of that kind begins with these words. Later on a cause may quote an alarm or a policy, which anybody names.
    """
    found = _FAILED_CHECK.match(cause)
    return found[1] if found else ""
