"""What snapshot-redis looks at, and what it judges."""

from datetime import timedelta

from msgspec import Struct

from remediation.aws.caches import Cache, Kind
from remediation.aws.snapshots import Snapshot
from remediation.core.verdict import Target


class Load(Struct, frozen=True, kw_only=True):
    """How hard the node works that would be saved, over the last minutes; None where CloudWatch has no data."""

    memory: float | None = None
    """Percent of the memory that data may take (DatabaseMemoryUsagePercentage), at its highest."""
    evictions: float | None = None
    """Keys evicted, in all."""
    cpu: float | None = None
    """Percent of the engine's processor, at its highest."""


class Saved(Struct, frozen=True, kw_only=True):
    """A cache, its snapshots (newest first), and which of those bear our tag."""

    cache: Cache
    snapshots: tuple[Snapshot, ...] = ()
    tagged: tuple[str, ...] = ()
    load: Load = Load()


class Facts(Struct, frozen=True, kw_only=True):
    """The caches that the incident is about; how young a snapshot has to be; and whether somebody waits for one."""

    caches: tuple[Saved, ...]
    within: timedelta
    asked: bool = False


class Judged(Target, frozen=True, kw_only=True):
    """A snapshot that is to be taken or deleted; its id is its name. `of` is what AWS is asked to save."""

    cache: str
    of: str = ""
    kind: Kind = "cluster"
