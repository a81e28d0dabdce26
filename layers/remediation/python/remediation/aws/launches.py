"""How an Auto Scaling group launches: what it launches from and where, what it tried lately, and its newest instance refresh."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

if TYPE_CHECKING:
    from mypy_boto3_autoscaling.type_defs import (
        ActivityTypeDef,
        AutoScalingGroupTypeDef,
        InstanceRefreshTypeDef,
        LaunchTemplateSpecificationTypeDef,
    )

    from remediation.adapters.clients import Clients

MOST_ACTIVITIES = 50
_INSTANCE = re.compile(r"\bi-[0-9a-f]{8,17}\b")

Kind: TypeAlias = Literal["launch", "terminate", "other"]


class Source(Struct, frozen=True, kw_only=True):
    """What instances are launched from: a launch template and its version, as a number or as `$Latest` or `$Default`."""

    template: str
    version: str

    @property
    def numbered(self) -> bool:
        """Tell whether it is one version for ever."""
        return self.version.isdigit()


class Member(Struct, frozen=True, kw_only=True):
    """One instance of the group, as the group sees it."""

    id: str
    lifecycle: str
    healthy: bool
    zone: str
    source: Source | None = None


class Suspension(Struct, frozen=True, kw_only=True):
    """A process of the group that somebody suspended, and why, in AWS's words."""

    process: str
    reason: str


class Group(Struct, frozen=True, kw_only=True):
    """An Auto Scaling group, as far as launches need it. Without `source` it uses a launch configuration."""

    name: str
    min_size: int
    desired: int
    zones: tuple[str, ...]
    subnets: tuple[str, ...]
    source: Source | None
    mixed: bool = False
    """Whether it mixes instance types: then its launch template is a part of a policy."""
    suspended: tuple[Suspension, ...]
    metrics: tuple[str, ...]
    """Names of the group metrics that it publishes."""
    members: tuple[Member, ...]


class Activity(Struct, frozen=True, kw_only=True):
    """One thing that a group tried. `status` is AWS's own word, `message` its own sentence, which quotes whatever it likes."""

    id: str
    kind: Kind
    status: str
    at: datetime
    message: str = ""
    cause: str = ""
    zone: str = ""
    instance: str = ""


class Refresh(Struct, frozen=True, kw_only=True):
    """An instance refresh. `source` is its desired configuration; without one AWS cannot roll it back."""

    id: str
    status: str
    reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    percent: int | None = None
    source: Source | None = None


class _Details(Struct, rename={"zone": "Availability Zone"}):
    """What the details of an activity say, which are JSON in a string."""

    zone: Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")] = ""


def group(aws: "Clients", name: str) -> Group | None:
    """Describe one group; None where there is none of this name."""
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return _group(found[0]) if found else None


def _group(found: "AutoScalingGroupTypeDef") -> Group:
    mixed = found.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    source = found.get("LaunchTemplate") or mixed
    return Group(
        name=found["AutoScalingGroupName"],
        min_size=found["MinSize"],
        desired=found["DesiredCapacity"],
        zones=tuple(sorted(found["AvailabilityZones"])),
        subnets=tuple(sorted(filter(None, found.get("VPCZoneIdentifier", "").replace(" ", "").split(",")))),
        source=_source(source),
        mixed=mixed is not None,
        suspended=tuple(
            Suspension(process=each.get("ProcessName", ""), reason=each.get("SuspensionReason", ""))
            for each in found.get("SuspendedProcesses", ())
        ),
        metrics=tuple(sorted(each.get("Metric", "") for each in found.get("EnabledMetrics", ()))),
        members=tuple(
            Member(
                id=each["InstanceId"],
                lifecycle=each["LifecycleState"],
                healthy=each["HealthStatus"] == "Healthy",
                zone=each["AvailabilityZone"],
                source=_source(each.get("LaunchTemplate")),
            )
            for each in sorted(found.get("Instances", ()), key=lambda each: each["InstanceId"])
        ),
    )


def _source(found: "LaunchTemplateSpecificationTypeDef | None") -> Source | None:
    """Return a source; a version that is not said is the template's default."""
    if not found or "LaunchTemplateId" not in found:
        return None
    return Source(template=found["LaunchTemplateId"], version=found.get("Version", "$Default"))


def activities(aws: "Clients", name: str) -> tuple[Activity, ...]:
    """Return the newest activities of a group, newest first."""
    answer = aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=name, MaxRecords=MOST_ACTIVITIES)
    return tuple(map(_activity, answer["Activities"]))


def _activity(found: "ActivityTypeDef") -> Activity:
    description = found.get("Description", "")
    named = _INSTANCE.search(description)
    return Activity(
        id=found["ActivityId"],
        kind=_kind(description),
        status=found["StatusCode"],
        at=found["StartTime"],
        message=found.get("StatusMessage", ""),
        cause=found["Cause"],
        zone=_zone(found.get("Details", "")),
        instance=named[0] if named else "",
    )


def _kind(description: str) -> Kind:
    if description.startswith("Launching"):
        return "launch"
    return "terminate" if description.startswith("Terminating") else "other"


def _zone(details: str) -> str:
    """Return the Availability Zone that an activity names; nothing where that is no name of one."""
    try:
        return msgspec.json.decode(details, type=_Details).zone
    except msgspec.MsgspecError:
        return ""


def refresh(aws: "Clients", name: str) -> Refresh | None:
    """Return the newest instance refresh of a group; AWS answers newest first."""
    answer = aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name, MaxRecords=1)
    return next(_refreshes(answer["InstanceRefreshes"]), None)


def _refreshes(found: "list[InstanceRefreshTypeDef]") -> Iterator[Refresh]:
    for each in found:
        yield Refresh(
            id=each["InstanceRefreshId"],
            status=each["Status"],
            reason=each.get("StatusReason", ""),
            started_at=each.get("StartTime"),
            ended_at=each.get("EndTime"),
            percent=each.get("PercentageComplete"),
            source=_source(each.get("DesiredConfiguration", {}).get("LaunchTemplate")),
        )
