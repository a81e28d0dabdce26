"""What Atlas says of a project, as typed facts: times in UTC, sizes in bytes, nothing of it a secret.

Source: the Atlas Administration API v2. What Atlas names with words of its own keeps them (`IDLE`, `M0`).
"""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

ClusterState: TypeAlias = Literal["IDLE", "CREATING", "UPDATING", "DELETING", "REPAIRING", "OTHER"]
"""`OTHER`: a state that Atlas had not published when this was written; nothing is done in it."""
SnapshotState: TypeAlias = Literal["queued", "inProgress", "completed", "failed"]


class Cluster(Struct, frozen=True, kw_only=True):
    """A cluster, or a free or Flex one. `tier` is `M0`, `FLEX`, `M10` and so on; `host` is the name in its `mongodb+srv` string."""

    name: str
    state: ClusterState
    paused: bool
    version: str
    tier: str
    backups: bool
    """Whether Atlas takes snapshots of it. An M0 has none, whatever anybody asks."""
    host: str = ""
    hosts: tuple[str, ...] = ()
    """Every host of the strings that Atlas gives for it, also for a peering and for private endpoints."""
    provider: str = ""
    region: str = ""
    replica_set: bool = True
    """False: it is sharded."""
    disk: int | None = None


class Origin(Struct, frozen=True, kw_only=True):
    """Since when there is a cluster, and of which cluster it was made here to hold the data (empty: nobody here made it)."""

    at: datetime
    made_for: str = ""


class Access(Struct, frozen=True, kw_only=True):
    """One line of the project's access list. `cidr` is a block, also for one address (`/32`); `until` is when Atlas deletes it."""

    cidr: str = ""
    group: str = ""
    """An AWS security group, where the line is one instead of a block."""
    comment: str = ""
    until: datetime | None = None


class Happening(Struct, frozen=True, kw_only=True):
    """An event or an open alert: its type as Atlas names it (`MAINTENANCE_STARTED`, `NO_PRIMARY`), and on what."""

    kind: str
    at: datetime
    cluster: str = ""
    text: str = ""


class Maintenance(Struct, frozen=True, kw_only=True):
    """When Atlas may maintain the project's clusters: a day (1 is Sunday) and an hour, or as soon as it can."""

    day: int
    hour: int
    as_soon_as_possible: bool = False


class Snapshot(Struct, frozen=True, kw_only=True):
    """A snapshot of a cluster."""

    id: str
    cluster: str
    state: SnapshotState
    on_demand: bool
    at: datetime | None = None
    expires: datetime | None = None
    description: str = ""
    size: int | None = None
    version: str = ""


class Restore(Struct, frozen=True, kw_only=True):
    """A restore job. Neither finished nor failed: it goes on."""

    id: str
    snapshot: str
    target: str
    finished: bool = False
    failed: bool = False
    """Failed or cancelled, or expired before it had finished."""
    at: datetime | None = None
    """When it ended, or else when it was begun; None where Atlas tells neither."""
