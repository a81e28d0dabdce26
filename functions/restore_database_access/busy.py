"""What Atlas or the probe is busy with, if anything, where that can be what fails: then it is waited for, and not for ever."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from remediation.atlas.facts import Cluster, Happening
from remediation.core.probed import Fault, Probed
from restore_database_access.members import UNREACHED, lost, unseen

MAINTAINED, ELECTING, UNSEEN, CREATING = "maintenance", "election", "unseen", "CREATING"
STATES = (CREATING, "UPDATING", "REPAIRING")
"""Atlas' words for a cluster that is being worked on."""
CAUSED: frozenset[Fault] = UNREACHED | {"no-primary"}
"""What members that are restarted can cause. A login, a certificate, a name or a string is wrong for another reason."""
UNBORN: frozenset[Fault] = frozenset({"records-unknown", "name-unknown"})
"""What fails as well while a cluster is made, which has its names when it is ready."""
_LONGEST: Mapping[str, timedelta] = {ELECTING: timedelta(minutes=3), UNSEEN: timedelta(minutes=3)}
LONGEST = timedelta(minutes=30)
MAINTAINED_FOR = timedelta(hours=2)
"""So long after it began a maintenance counts as going on: Atlas has no event that says that one has ended. It restarts the members
one after the other, which takes minutes for each; what fails hours later has another reason."""
_BEGAN = "MAINTENANCE_STARTED"
_NOT = ("MAINTENANCE_NO_LONGER_NEEDED", "MAINTENANCE_AUTO_DEFERRED")


def busy(cluster: Cluster | None, happenings: Iterable[Happening], probed: Probed | None, now: datetime) -> str:
    """Return what can cause what fails and passes: a state, a maintenance, an election, a probe that sees too little; or nothing."""
    fault = probed.failed.fault if probed is not None and probed.failed is not None else None
    state = cluster.state if cluster is not None and cluster.state in STATES else ""
    if fault in UNBORN and state == CREATING:
        return state
    if fault not in CAUSED:
        return UNSEEN if unseen(probed) else ""
    if state:
        return state
    latest = next((each for each in happenings if each.kind in {_BEGAN, *_NOT}), None)
    if latest is not None and latest.kind == _BEGAN and now - latest.at < MAINTAINED_FOR:
        return MAINTAINED
    if fault == "no-primary" or lost(probed):
        return ELECTING
    return UNSEEN if unseen(probed) else ""


def longest(with_: str) -> timedelta:
    """Return how long it is waited for: a replica set elects its primary within seconds, an update takes minutes.

    A probe that had no time or no files has them with one of the next looks, or somebody has to look at it.
    """
    return _LONGEST.get(with_, LONGEST)


def in_words(with_: str, cluster: str, probed: Probed | None) -> str:
    """Return it as people say it."""
    if with_ == MAINTAINED:
        return f"Atlas maintains {cluster}"
    if with_ == UNSEEN:
        return f"The probe does not see enough of {cluster} to judge it"
    if with_ == ELECTING and lost(probed):
        return f"The primary of {cluster} cannot be used, and the other members take none of themselves for it"
    if with_ == ELECTING:
        return f"{cluster} has no primary that can be used: its members elect one"
    return f"{cluster} is {with_} at Atlas"
