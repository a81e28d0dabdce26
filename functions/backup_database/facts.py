"""What backup-database looks at, and what it asks for."""

from msgspec import Struct

from remediation.atlas.facts import Cluster, Snapshot
from remediation.core.verdict import Target


class Facts(Struct, frozen=True, kw_only=True):
    """The cluster, None where there is none of the name; and of its snapshots those that matter now, newest first."""

    environment: str
    project: str
    name: str
    cluster: Cluster | None = None
    snapshots: tuple[Snapshot, ...] = ()


class Save(Target, frozen=True, kw_only=True):
    """The cluster that is saved. `description` is what the snapshot is known by afterwards: it is this run's alone."""

    description: str
    days: int
