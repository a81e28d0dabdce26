"""Which applies hold a lock at one moment, and what is still changing around them."""

from datetime import datetime, timedelta

from msgspec import Struct

from remediation.aws.autoscaling import Activity, Refresh
from remediation.aws.cloudtrail import Refused
from remediation.aws.ec2 import Instance, Status
from remediation.aws.elasticache import Cache
from remediation.aws.elbv2 import LoadBalancer, TargetHealth
from remediation.aws.health import Event


class Deploy(Struct, frozen=True, kw_only=True):
    """An apply that holds the lock of a state."""

    name: str
    id: str
    """The ID in the lock: another apply has another one."""
    who: str
    held_for: timedelta
    """At least so long, by S3's clock and by ours; never by the holder's."""


class Group(Struct, frozen=True, kw_only=True):
    """What an Auto Scaling group does: its activities since the lock was taken, newest first, and its newest refresh."""

    name: str
    activities: tuple[Activity, ...] = ()
    refresh: Refresh | None = None


class Targets(Struct, frozen=True, kw_only=True):
    """A target group."""

    name: str
    arn: str
    health: tuple[TargetHealth, ...]


class Unasked(Struct, frozen=True, kw_only=True):
    """A source that could not be asked, and why."""

    source: str
    why: str


class Around(Struct, frozen=True, kw_only=True):
    """What was found around a slow deploy. What is empty was not configured, could not be asked, or has nothing to say."""

    since: datetime
    """When the deploy began, or before."""
    groups: tuple[Group, ...] = ()
    instances: tuple[Instance, ...] = ()
    checks: tuple[Status, ...] = ()
    targets: tuple[Targets, ...] = ()
    balancers: tuple[LoadBalancer, ...] = ()
    caches: tuple[Cache, ...] = ()
    refused: tuple[Refused, ...] = ()
    all_calls: bool = True
    """Whether every call since then was looked at."""
    issues: tuple[Event, ...] = ()
    unasked: tuple[Unasked, ...] = ()


class Facts(Struct, frozen=True, kw_only=True):
    """The applies that hold a lock; `around` only where one of them is slow."""

    environment: str
    deploys: tuple[Deploy, ...] = ()
    unreadable: tuple[str, ...] = ()
    """States whose lock says nothing that can be understood."""
    around: Around | None = None
