"""What Atlas is busy with, if anything: then it is waited for, and not for ever."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from remediation.atlas.facts import Cluster, Happening
from remediation.core.probed import Probed

MAINTAINED, ELECTING = "maintenance", "election"
STATES = ("CREATING", "UPDATING", "REPAIRING")
"""Atlas' words for a cluster that is being worked on."""
_LONGEST: Mapping[str, timedelta] = {ELECTING: timedelta(minutes=3)}
LONGEST = timedelta(minutes=30)
_BEGAN = "MAINTENANCE_STARTED"
_OVER = ("MAINTENANCE_COMPLETED", "MAINTENANCE_NO_LONGER_NEEDED", "MAINTENANCE_AUTO_DEFERRED")


def busy(cluster: Cluster | None, happenings: Iterable[Happening], probed: Probed | None) -> str:
    """Return what Atlas is busy with: a state of the cluster, a maintenance, an election; empty where with nothing."""
    if cluster is not None and cluster.state in STATES:
        return cluster.state
    of_maintenance = (each.kind for each in happenings if each.kind in {_BEGAN, *_OVER})
    if next(of_maintenance, "") == _BEGAN:
        return MAINTAINED
    failed = probed.failed if probed else None
    return ELECTING if failed is not None and failed.fault == "no-primary" else ""


def longest(with_: str) -> timedelta:
    """Return how long it is waited for: a replica set elects its primary within seconds, an update takes minutes."""
    return _LONGEST.get(with_, LONGEST)


def in_words(with_: str, cluster: str) -> str:
    """Return it as people say it."""
    if with_ == MAINTAINED:
        return f"Atlas maintains {cluster}"
    if with_ == ELECTING:
        return f"{cluster} has no primary: its members elect one"
    return f"{cluster} is {with_} at Atlas"
