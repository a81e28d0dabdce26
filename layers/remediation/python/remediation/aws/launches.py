"""How an Auto Scaling group launches: what it launches from and where, what it tried lately, and its newest instance refresh.

The rule of the domain: the number of a version says nothing without its launch template. A group, its members and a refresh may
each name another template.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from remediation.aws.autoscaling import ACTIVE_REFRESH, weighted

if TYPE_CHECKING:
    from mypy_boto3_autoscaling.type_defs import (
        ActivityTypeDef,
        AutoScalingGroupTypeDef,
        DesiredConfigurationOutputTypeDef,
        InstanceRefreshTypeDef,
        LaunchTemplateSpecificationTypeDef,
    )

    from remediation.adapters.clients import Clients

MOST_PAGES = 5
"""Pages of activities that are read, of a hundred each."""
REVERSIBLE_REFRESH = frozenset({"Pending", "InProgress", "Baking"})
FAILED_REFRESH = frozenset({"Failed", "RollbackFailed"})
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
    units: int = 1
    """As how much of the capacity it counts."""

    @property
    def serves(self) -> bool:
        """Tell whether it is in service and healthy."""
        return self.lifecycle == "InService" and self.healthy


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
    template_name: str = ""
    """The name of that launch template."""
    mixed: bool = False
    """Whether it mixes instance types: then its launch template is a part of a policy."""
    weighted: bool = False
    """Whether its sizes are units of capacity, and not numbers of instances."""
    counted: bool = True
    """Whether AWS says as how many units each member counts."""
    suspended: tuple[Suspension, ...]
    metrics: tuple[str, ...]
    """Names of the group metrics that it publishes."""
    members: tuple[Member, ...]

    @property
    def serving(self) -> int:
        """Return how much of its capacity is in service and healthy, in what its sizes are in."""
        return sum(member.units for member in self.members if member.serves)


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
    """An instance refresh. `source` is its desired configuration; without any AWS cannot roll it back."""

    id: str
    status: str
    reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    percent: int | None = None
    source: Source | None = None
    unclear: bool = False
    """Whether it has one that is not looked into: another launch template, by its name, or a mix of instance types."""

    @property
    def active(self) -> bool:
        """Tell whether it is on."""
        return self.status in ACTIVE_REFRESH

    @property
    def reversible(self) -> bool:
        """Tell whether it is at a point at which AWS rolls back."""
        return self.status in REVERSIBLE_REFRESH

    @property
    def failed(self) -> bool:
        """Tell whether it has failed, however long ago."""
        return self.status in FAILED_REFRESH


class _Details(Struct, rename={"zone": "Availability Zone"}):
    """What the details of an activity say, which are JSON in a string."""

    zone: Annotated[str, Meta(pattern=r"\A[a-z0-9-]{1,40}\Z")] = ""


def group(aws: "Clients", name: str) -> Group | None:
    """Describe one group; None where there is none of this name."""
    found = aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return _group(found[0]) if found else None


def _group(found: "AutoScalingGroupTypeDef") -> Group:
    mixed = found.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    source, units = found.get("LaunchTemplate") or mixed, weighted(found)
    return Group(
        name=found["AutoScalingGroupName"],
        min_size=found["MinSize"],
        desired=found["DesiredCapacity"],
        zones=tuple(sorted(found["AvailabilityZones"])),
        subnets=tuple(sorted(filter(None, found.get("VPCZoneIdentifier", "").replace(" ", "").split(",")))),
        source=_source(source),
        template_name=source.get("LaunchTemplateName", "") if source else "",
        mixed=mixed is not None,
        weighted=units,
        counted=not units or all("WeightedCapacity" in each for each in found.get("Instances", ())),
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
                units=int(each.get("WeightedCapacity", "1")),
            )
            for each in sorted(found.get("Instances", ()), key=lambda each: each["InstanceId"])
        ),
    )


def _source(found: "LaunchTemplateSpecificationTypeDef | None") -> Source | None:
    """Return a source; a version that is not said is the template's default."""
    if not found or "LaunchTemplateId" not in found:
        return None
    return Source(template=found["LaunchTemplateId"], version=found.get("Version", "$Default"))


def activities(aws: "Clients", name: str, since: datetime) -> tuple[Activity, ...]:
    """Return what a group tried since then, newest first; and what came before, as far as it is on the same page."""
    found: list[Activity] = []
    pages = aws.autoscaling.get_paginator("describe_scaling_activities").paginate(AutoScalingGroupName=name)
    for page in islice(pages, MOST_PAGES):
        found.extend(map(_activity, page["Activities"]))
        if found and found[-1].at < since:
            break
    return tuple(found)


def launched(found: Iterable[Activity]) -> dict[str, datetime]:
    """Return when a group launched its instances, as far as that is among what it tried."""
    return {each.instance: each.at for each in found if each.kind == "launch" and each.instance}


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


def refresh(aws: "Clients", group: Group) -> Refresh | None:
    """Return the newest instance refresh of a group; AWS answers newest first."""
    answer = aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=group.name, MaxRecords=1)
    return next(_refreshes(answer["InstanceRefreshes"], group), None)


def _refreshes(found: "list[InstanceRefreshTypeDef]", group: Group) -> Iterator[Refresh]:
    for each in found:
        desired = each.get("DesiredConfiguration")
        source = _desired(desired, group) if desired else None
        yield Refresh(
            id=each["InstanceRefreshId"],
            status=each["Status"],
            reason=each.get("StatusReason", ""),
            started_at=each.get("StartTime"),
            ended_at=each.get("EndTime"),
            percent=each.get("PercentageComplete"),
            source=source,
            unclear=bool(desired) and source is None,
        )


def _desired(found: "DesiredConfigurationOutputTypeDef", group: Group) -> Source | None:
    """Return what a refresh launches from, by the template's id: the group's own is known by its name as well."""
    template = found.get("LaunchTemplate")
    if not template or "LaunchTemplateId" in template or group.source is None:
        return _source(template)
    name = template.get("LaunchTemplateName", "")
    if not name or name != group.template_name:
        return None
    return Source(template=group.source.template, version=template.get("Version", "$Default"))
