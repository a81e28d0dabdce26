"""What restore-database looks at, and what two people have agreed to: one snapshot, and the new cluster that gets it."""

from datetime import datetime

from msgspec import Struct

from remediation.atlas.facts import Cluster, Origin, Restore, Snapshot
from remediation.core.verdict import Target


class Counted(Struct, frozen=True, kw_only=True):
    """A collection, and how many documents it has."""

    name: str
    documents: int


class Counts(Struct, frozen=True, kw_only=True, tag="counts"):
    """What is in a database: `dbStats`, and a count for each collection. Sizes are in bytes."""

    database: str
    collections: tuple[Counted, ...] = ()
    objects: int = 0
    indexes: int = 0
    data: int = 0
    storage: int = 0

    @property
    def documents(self) -> int:
        """Return how many documents the collections have together."""
        return sum(each.documents for each in self.collections)


class Uncounted(Struct, frozen=True, kw_only=True, tag="uncounted"):
    """Why nothing was counted. `passes`: it may well be otherwise in some minutes."""

    because: str
    passes: bool = True


class Facts(Struct, frozen=True, kw_only=True):
    """The cluster that was saved, the new one, and what of Atlas's snapshots and restore jobs is about these two."""

    environment: str
    project: str
    name: str
    new_name: str
    asked: str = ""
    """The id of the snapshot that was asked for; empty: the newest that is completed."""
    source: Cluster | None = None
    snapshot: Snapshot | None = None
    new: Cluster | None = None
    origin: Origin | None = None
    """Since when there is the new one, and for which cluster it was made."""
    jobs: tuple[Restore, ...] = ()
    """The restore jobs to the new one."""
    held: Counts | Uncounted | None = None
    """What is in the new one before it is filled; None where it was not looked at."""
    restored: Counts | Uncounted | None = None
    """What is in it once it is filled; None before."""
    live: Counts | Uncounted | None = None
    """None where the new one could not be counted: the live one is not bothered for nothing."""

    @property
    def ours(self) -> bool:
        """Tell whether the new one was made here to hold the data of this very cluster."""
        return self.origin is not None and self.origin.made_for == self.name

    @property
    def job(self) -> Restore | None:
        """Return the restore to the new one that goes on or has finished."""
        return next((job for job in self.jobs if not job.failed), None)


class New(Target, frozen=True, kw_only=True):
    """The new cluster; its id is its name. What is approved is all of it: of what it is made, and what it gets."""

    like: str
    snapshot: str
    at: datetime | None = None
    """When the snapshot was taken."""
