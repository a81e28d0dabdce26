"""What a look at a group finds out that is to be scaled by hand."""

from msgspec import Struct

from remediation.aws.autoscaling import Group, Refresh
from remediation.aws.scaling import History, Policy
from remediation.core.spec import Place
from remediation.core.sweep import DescribedAlarm


class Facts(Struct, frozen=True, kw_only=True):
    """The size that is asked for, the group, and what goes on around it."""

    place: Place
    desired: int
    group: Group | None
    healthy: frozenset[str] = frozenset()
    """Instances that the load balancer finds healthy."""
    refresh: Refresh | None = None
    history: History = History()
    policies: tuple[Policy, ...] = ()
    alarms: tuple[DescribedAlarm, ...] = ()
    """Those that the policies follow."""
    drain: int | None = None
    """Seconds for which the load balancer lets a leaving instance finish its requests."""
