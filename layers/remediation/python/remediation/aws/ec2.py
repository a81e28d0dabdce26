"""Instances, security groups and launch templates. User data is never read: it holds secrets (FACTS.md)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import (
        DescribeInstancesResultTypeDef,
        InstanceTypeDef,
        IpPermissionOutputTypeDef,
    )

    from remediation.adapters.clients import Clients

NOT_GONE = ("pending", "running", "shutting-down", "stopping", "stopped")
STATUSES_AT_ONCE = 100
"""How many instances' checks one call asks for by their ids."""
VALUES_AT_ONCE = 200
"""How many values one filter takes."""
EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})


class Instance(Struct, frozen=True, kw_only=True):
    """An instance."""

    id: str
    state: str
    launched_at: datetime
    security_groups: tuple[str, ...]
    type: str = ""


class Status(Struct, frozen=True, kw_only=True):
    """What EC2's own checks say of a running instance and of the machine below it, in AWS's words."""

    id: str
    instance: str
    system: str


class Ingress(Struct, frozen=True, kw_only=True):
    """One rule of a security group: who may connect to which ports. Every port where `from_port` is None."""

    protocol: str
    from_port: int | None
    to_port: int | None
    groups: tuple[str, ...]
    ranges: tuple[str, ...]
    """CIDR blocks and prefix lists."""

    def covers(self, port: int) -> bool:
        """Tell whether a TCP connection to this port is the rule's business."""
        if self.protocol == "-1":
            return True
        if self.protocol not in {"tcp", "6"} or self.from_port is None or self.to_port is None:
            return False
        return self.from_port <= port <= self.to_port


def instances(aws: "Clients", ids: Iterable[str]) -> dict[str, Instance]:
    """Return those of these instances that still exist, by id.

    They are filtered, not listed: a list makes AWS refuse the whole call for one instance that is gone.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    batches = [wanted[at : at + VALUES_AT_ONCE] for at in range(0, len(wanted), VALUES_AT_ONCE)]
    return {
        found.id: found
        for batch in batches
        for found in map(
            _instance, _found(aws.ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": batch}]))
        )
    }


def instances_of(aws: "Clients", environment: str) -> tuple[Instance, ...]:
    """Return the instances with the environment's tag that are not gone, by id."""
    pages = aws.ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag:Environment", "Values": [environment]},
            {"Name": "instance-state-name", "Values": list(NOT_GONE)},
        ]
    )
    return tuple(sorted((_instance(each) for page in pages for each in _found(page)), key=lambda each: each.id))


def statuses(aws: "Clients", ids: Iterable[str]) -> tuple[Status, ...]:
    """Return what EC2's checks say of these instances; only the running ones have an answer."""
    wanted = sorted(set(ids))
    batches = [wanted[at : at + STATUSES_AT_ONCE] for at in range(0, len(wanted), STATUSES_AT_ONCE)]
    return tuple(
        Status(
            id=found["InstanceId"],
            instance=found.get("InstanceStatus", {}).get("Status", "unknown"),
            system=found.get("SystemStatus", {}).get("Status", "unknown"),
        )
        for batch in batches
        for found in aws.ec2.describe_instance_status(InstanceIds=batch)["InstanceStatuses"]
    )


def _found(answer: "DescribeInstancesResultTypeDef") -> "Iterator[InstanceTypeDef]":
    for reservation in answer["Reservations"]:
        yield from reservation.get("Instances", ())


def _instance(found: "InstanceTypeDef") -> Instance:
    return Instance(
        id=found["InstanceId"],
        state=found["State"]["Name"],
        launched_at=found["LaunchTime"],
        security_groups=tuple(sorted(group["GroupId"] for group in found.get("SecurityGroups", ()))),
        type=found.get("InstanceType", ""),
    )


def credit_modes(aws: "Clients", ids: Iterable[str]) -> dict[str, str]:
    """Return what EC2 does where these instances have no CPU credits, by id: `standard` slows down, `unlimited` charges.

    Without those that are gone by now, or have no credits: EC2 refuses the whole list for one of them, so its halves are asked for.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    try:
        answer = aws.ec2.describe_instance_credit_specifications(InstanceIds=wanted)
    except AwsError as error:
        if not error.code.startswith("InvalidInstance"):
            raise
        half = len(wanted) // 2
        return credit_modes(aws, wanted[:half]) | credit_modes(aws, wanted[half:]) if half else {}
    return {found["InstanceId"]: found["CpuCredits"] for found in answer["InstanceCreditSpecifications"]}


def ingress(aws: "Clients", groups: Iterable[str]) -> dict[str, tuple[Ingress, ...]]:
    """Return the rules for incoming traffic of security groups, by group."""
    wanted = sorted(set(groups))
    if not wanted:
        return {}
    answer = aws.ec2.describe_security_groups(GroupIds=wanted)
    return {
        group["GroupId"]: tuple(map(_ingress, group.get("IpPermissions", ()))) for group in answer["SecurityGroups"]
    }


def _ingress(permission: "IpPermissionOutputTypeDef") -> Ingress:
    ranges = [block["CidrIp"] for block in permission.get("IpRanges", ())]
    ranges += [block["CidrIpv6"] for block in permission.get("Ipv6Ranges", ())]
    ranges += [prefixes["PrefixListId"] for prefixes in permission.get("PrefixListIds", ())]
    return Ingress(
        protocol=permission["IpProtocol"],
        from_port=permission.get("FromPort"),
        to_port=permission.get("ToPort"),
        groups=tuple(pair["GroupId"] for pair in permission.get("UserIdGroupPairs", ())),
        ranges=tuple(ranges),
    )


def admits(rules: Iterable[Ingress], *, port: int, sources: tuple[str, ...]) -> bool | None:
    """Tell whether rules let any of these security groups connect to a TCP port.

    None where a rule names addresses that may or may not be the source's.
    """
    covering = [rule for rule in rules if rule.covers(port)]
    if any(not EVERYWHERE.isdisjoint(rule.ranges) or not set(sources).isdisjoint(rule.groups) for rule in covering):
        return True
    return None if any(rule.ranges for rule in covering) else False


def template_created_at(aws: "Clients", template: str, versions: Iterable[str]) -> datetime | None:
    """Return when the newest of these versions of a launch template was made; None where one has been deleted since.

    Instances outlive the template they were launched from, so that is no error.
    """
    wanted = sorted(set(versions))
    if not wanted:
        return None
    try:
        answer = aws.ec2.describe_launch_template_versions(LaunchTemplateId=template, Versions=wanted)
    except AwsError as error:
        if "NotFound" not in error.code:  # InvalidLaunchTemplateId.NotFound, .VersionNotFound
            raise
        return None
    return max((version["CreateTime"] for version in answer["LaunchTemplateVersions"]), default=None)
