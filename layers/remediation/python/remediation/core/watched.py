"""What is looked at around the runbooks of one environment, as its configuration says."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from remediation.core.spec import Team

Dependency: TypeAlias = Literal["mongodb", "redis", "nat"]
NAMES: dict[Dependency, str] = {"mongodb": "MongoDB", "redis": "Redis", "nat": "NAT"}
OWNERS: dict[Dependency, Team] = {
    "mongodb": "database",
    "redis": "infrastructure",
    "nat": "infrastructure",
}
"""Whose page it is when a dependency is down."""


class Cause(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Alarms that say a dependency is down: on this metric (any of the namespace if empty), with these dimensions."""

    dependency: Dependency
    namespace: str
    metric: str = ""
    dimensions: Mapping[str, str] = {}


class Storm(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many alarms within so long are one event, not many."""

    alarms: int = 4
    within: timedelta = timedelta(minutes=5)
    lasts: timedelta = timedelta(hours=1)
    """So long nothing is touched while they are on. By then people know, and what is left is healed one by one."""


class Lock(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where Terraform's lock of one state is: the item `id` of a table, or the object `key` (`.tflock`) of a bucket."""

    table: str = ""
    id: str = ""
    bucket: str = ""
    key: str = ""


class Deploys(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a deploy of the environment shows."""

    asgs: tuple[str, ...] = ()
    stacks: tuple[str, ...] = ()
    locks: tuple[Lock, ...] = ()


class Watched(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is looked at around the runbooks of one environment."""

    alarm_prefix: str = ""
    """How the names of this environment's alarms start."""
    quiet_alarms: tuple[str, ...] = ()
    """Alarms for which ALARM is normal, such as a scale-in policy's."""
    causes: tuple[Cause, ...] = ()
    storm: Storm = Storm()
    deploys: Deploys = Deploys()
    calendar: str = ""
    """The Systems Manager Change Calendar that says when changes are allowed; empty: none."""


def scales_in(alarm: str) -> bool:
    """Tell by its name whether AWS made the alarm for a target tracking policy that then takes instances away."""
    return alarm.startswith("TargetTracking-") and "-AlarmLow-" in alarm
