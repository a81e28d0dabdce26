"""Which snapshots may be taken, which clusters made, and which of them filled: only those made here, lately and for this.

What is in a cluster Atlas does not tell, so it is not known here: restore-database looks before it asks (docs/mongodb-backups.md).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from atlas_writer.refused import RefusedError
from remediation.atlas.asking import Create, Refill, Save
from remediation.atlas.facts import Cluster, Origin, Snapshot

LONGEST_KEPT = 90
"""Days."""
LONGEST_DESCRIPTION = 200
NEW = timedelta(hours=24)
"""So old a cluster may be that is filled."""
SAME = timedelta(hours=1)
"""So old a snapshot of the same description may be to be that of the same request."""
SHARED = frozenset({"M0", "FLEX"})


def worth_saving(asked: Save, cluster: Cluster | None) -> Cluster:
    """Return the cluster that a snapshot may be taken of. Raises RefusedError."""
    found = _dedicated(asked.cluster, cluster)
    if not found.backups:
        raise RefusedError(f"Backups of {asked.cluster} are switched off at Atlas.")
    if found.paused:
        raise RefusedError(f"{asked.cluster} is paused, and Atlas takes no snapshot of it.")
    if not 1 <= asked.days <= LONGEST_KEPT:
        raise RefusedError(f"A snapshot is kept for 1 to {LONGEST_KEPT} days, not for {asked.days}.")
    if not 0 < len(asked.description) <= LONGEST_DESCRIPTION or not asked.description.isprintable():
        raise RefusedError(f"A description of 1 to {LONGEST_DESCRIPTION} printable characters is needed.")
    return found


def saved_already(asked: Save, snapshots: Iterable[Snapshot], now: datetime) -> Snapshot | None:
    """Return the snapshot that was taken for the same request before, whose answer was lost: lately, with its description.

    Raises RefusedError where another one is being taken: Atlas takes one at a time.
    """
    taken = [each for each in snapshots if each.on_demand and each.state != "failed"]
    for each in taken:
        if each.description == asked.description and (each.at is None or now - each.at <= SAME):
            return each
    for each in taken:
        if each.state in {"queued", "inProgress"}:
            raise RefusedError(
                f"The snapshot {each.id} of {asked.cluster} is still being taken; Atlas takes one at a time."
            )
    return None


def made_already(asked: Create, clusters: Mapping[str, Cluster], origin: Origin | None, now: datetime) -> bool:
    """Tell whether the cluster was made for the same request before. Raises RefusedError where it is another one."""
    _dedicated(asked.like, clusters.get(asked.like))
    if asked.cluster not in clusters:
        return False
    if not _ours(origin, asked.like, now):
        raise RefusedError(f"There is a cluster {asked.cluster} already; a new one needs a name of its own.")
    return True


def refillable(asked: Refill, clusters: Mapping[str, Cluster], origin: Origin | None, now: datetime) -> Cluster:
    """Return the cluster whose snapshot may be restored to another one. Raises RefusedError."""
    source = _dedicated(asked.cluster, clusters.get(asked.cluster))
    target = clusters.get(asked.target)
    if target is None:
        raise RefusedError(f"There is no cluster {asked.target} to restore to.")
    if not _ours(origin, asked.cluster, now):
        raise RefusedError(
            f"{asked.target} was not made here for {asked.cluster} within the last 24 hours: what it holds would be gone."
        )
    if target.state != "IDLE" or target.paused:
        raise RefusedError(
            f"{asked.target} is {'paused' if target.paused else target.state}, and Atlas restores to an idle one."
        )
    return source


def _ours(origin: Origin | None, made_for: str, now: datetime) -> bool:
    return origin is not None and origin.made_for == made_for and now - origin.at <= NEW


def _dedicated(name: str, cluster: Cluster | None) -> Cluster:
    if cluster is None:
        raise RefusedError(f"There is no cluster {name}.")
    if cluster.tier in SHARED:
        raise RefusedError(f"{name} is {cluster.tier}: Atlas takes and restores snapshots on demand from M10 on.")
    return cluster
