"""What restore-redis-access looks at, and what it judges."""

from datetime import datetime

from msgspec import Struct

from remediation.aws.caches import Cache
from remediation.aws.cloudtrail import Change
from remediation.aws.rules import Rule
from remediation.core.probed import Probed
from remediation.core.verdict import Target


class Facts(Struct, frozen=True, kw_only=True):
    """Redis as the probe sees it from within the VPC, as AWS describes it, and the way to it."""

    environment: str
    cache: Cache
    probed: Probed | None
    """None where the probe cannot be asked, as `unasked` says."""
    unasked: str = ""
    events: tuple[str, ...] = ()
    rules: tuple[Rule, ...] | None = ()
    """The ingress of the cache's security group; None where there is no such group."""
    missing_since: datetime | None = None
    """Since when we see that the rule is missing."""
    removals: tuple[Change, ...] | None = ()
    """Who took rules away lately, newest first; None where CloudTrail cannot be asked. Read only where the rule is missing."""
    restored_at: datetime | None = None
    """When this runbook restored the rule last."""
    connections: float | None = None
    evictions: float | None = None
    memory: float | None = None
    """Of the last ten minutes: the most connections, the keys evicted in all, the highest percentage of memory."""
    saved: str = ""
    """The newest complete snapshot, in words."""


class Way(Target, frozen=True, kw_only=True):
    """What is to be changed: the rule of a security group, or a node. Its id is the group's, or the cache's."""

    node: str = ""
    """The id of the one node, where it is rebooted."""
