"""Instances that ended: why, in EC2's words; their consoles; and the quota of what may run at once."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.aws import quotas

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import InstanceTypeDef

    from remediation.adapters.clients import Clients

_TEMPLATE, _VERSION = "aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"
"""EC2 tags what it launches from a template."""


class Ending(Struct, frozen=True, kw_only=True):
    """An instance as EC2 still knows it, also for an hour after its end; and the launch template and the version that it was launched from."""

    id: str
    state: str
    launched_at: datetime
    code: str = ""
    reason: str = ""
    template: str = ""
    version: str = ""


def endings(aws: "Clients", ids: Iterable[str]) -> tuple[Ending, ...]:
    """Return those of these instances that EC2 still knows. Filtered, not listed: one that is gone would refuse the call."""
    wanted = sorted(set(ids))
    if not wanted:
        return ()
    answer = aws.ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": wanted}])
    found = _instances(instance for each in answer["Reservations"] for instance in each.get("Instances", ()))
    return tuple(sorted(found, key=lambda each: each.id))


def _instances(found: "Iterable[InstanceTypeDef]") -> Iterator[Ending]:
    for each in found:
        reason = each.get("StateReason", {})
        tags = {tag.get("Key", ""): tag.get("Value", "") for tag in each.get("Tags", ())}
        yield Ending(
            id=each["InstanceId"],
            state=each["State"]["Name"],
            launched_at=each["LaunchTime"],
            code=reason.get("Code", ""),
            reason=reason.get("Message", ""),
            template=tags.get(_TEMPLATE, ""),
            version=tags.get(_VERSION, ""),
        )


def console(aws: "Clients", instance: str) -> str:
    """Return what an instance wrote to its console, which may hold secrets: redact it before it goes anywhere."""
    return aws.ec2.get_console_output(InstanceId=instance).get("Output", "")


def vcpu_quota(aws: "Clients", type_: str) -> int | None:
    """Return how many vCPUs of the standard kinds of instance may run On-Demand at once; None for types that do not count there.

    The quotas of the rarer kinds may not be read (runbook.py).
    """
    if quotas.vcpus(type_) != quotas.STANDARD:
        return None
    found = aws.service_quotas.get_service_quota(ServiceCode="ec2", QuotaCode=quotas.STANDARD)["Quota"]
    return int(found["Value"])
