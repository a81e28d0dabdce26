"""What a look at a busy group finds out."""

from datetime import datetime

from msgspec import Struct

from remediation.aws.autoscaling import Group, Refresh
from remediation.aws.load import Points
from remediation.aws.scaling import History, Policy
from remediation.core.spec import Place
from remediation.core.sweep import DescribedAlarm


class Instance(Struct, frozen=True, kw_only=True):
    """A member of the group. `busy` is what keeps it busy, in its own words, where it was asked."""

    id: str
    lifecycle: str
    launched_at: datetime | None = None
    type: str = ""
    cpu: Points = ()
    credits: float | None = None
    """CPU credits left; None where its type has none."""
    credit_mode: str = ""
    """What EC2 does without credits: `standard` slows down, `unlimited` charges for more. Asked of one that has none."""
    busy: tuple[str, ...] = ()
    unanswered: str = ""


class Requests(Struct, frozen=True, kw_only=True):
    """Requests per target in one period: now, and as a rule in the last 24 hours. None: unknown."""

    now: float | None = None
    usual: float | None = None


class Fullness(Struct, frozen=True, kw_only=True):
    """How full something is that the application leans on, from 0 to 1. None: unknown."""

    name: str
    used: float | None = None
    per_instance: bool = True


class Change(Struct, frozen=True, kw_only=True):
    """The last deploy that AWS knows of."""

    what: str
    at: datetime


class Facts(Struct, frozen=True, kw_only=True):
    """A group, how busy it is, why that may be, and what would make it larger."""

    place: Place
    group: Group | None
    instances: tuple[Instance, ...] = ()
    group_cpu: Points = ()
    """As the environment's alarm sees it: of all instances, whatever they are about."""
    refresh: Refresh | None = None
    history: History = History()
    policies: tuple[Policy, ...] = ()
    alarms: tuple[DescribedAlarm, ...] = ()
    """Those that the policies follow."""
    healthy: frozenset[str] | None = None
    """Instances that the load balancer finds healthy; None: it was not asked, as no instance is busy."""
    registered: frozenset[str] = frozenset()
    """Instances that the load balancer knows and is not told to forget, healthy or not; none where it was not asked."""
    requests: Requests = Requests()
    usual_hosts: float | None = None
    """Healthy instances as a rule in the last 24 hours; None: unknown."""
    databases: tuple[Fullness, ...] = ()
    caches: tuple[Fullness, ...] = ()
    change: Change | None = None
