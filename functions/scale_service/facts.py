"""What a look at a group finds out that is to be scaled by hand."""

from msgspec import Struct

from remediation.aws.autoscaling import Group, Refresh
from remediation.aws.scaling import History
from remediation.core.spec import Place


class Facts(Struct, frozen=True, kw_only=True):
    """The size that is asked for, the group, and what goes on around it."""

    place: Place
    desired: int
    group: Group | None
    healthy: frozenset[str] = frozenset()
    """Instances that the load balancer finds healthy."""
    refresh: Refresh | None = None
    history: History = History()
    protection: tuple[str, ...] = ()
    """Instances that are protected from scale-in."""
    termination: tuple[str, ...] = ()
    """The rules by which the group chooses what it terminates, in AWS's words."""
    drain: int | None = None
    """Seconds for which the load balancer lets a leaving instance finish its requests."""
