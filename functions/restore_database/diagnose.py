"""Look at both clusters, the snapshot and the restore jobs; count what is in both once the new one is filled."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from remediation.atlas import reads
from remediation.atlas.client import Atlas, atlas
from remediation.atlas.facts import Cluster, Snapshot
from remediation.atlas.jobs import to_it
from remediation.aws.secrets import SecretShapeError
from remediation.core.errors import AwsError
from remediation.reach.unreachable import UnreachableError
from restore_database.counting import counted
from restore_database.facts import Counts, Facts, Uncounted
from restore_database.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

REFUSED = frozenset({"credentials-refused", "not-permitted", "secret-unreadable", "string-not-understood"})
"""What is wrong with who asks. Asking again does not help, and may lock the application's user out (HAZARDS D5)."""


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Ask Atlas, and the databases only after a restore has finished. Raises AwsError."""
    project = atlas(aws, settings.reader, settings.project)
    facts = Facts(
        environment=aws.place.environment,
        name=settings.cluster,
        new_name=incident.new_cluster,
        asked=incident.snapshot,
    )
    source, new = reads.cluster(project, settings.cluster), reads.cluster(project, incident.new_cluster)
    if source is None:
        return replace(facts, new=new)
    facts = replace(
        facts,
        source=source,
        snapshot=_chosen(reads.snapshots(project, source), incident.snapshot),
        new=new,
        **(_about(project, source, new) if new is not None else {}),
    )
    if new is None or new.state != "IDLE" or not any(job.finished for job in facts.jobs):
        return facts
    return _with_counts(aws, settings, facts, new, source)


def _chosen(found: tuple[Snapshot, ...], asked: str) -> Snapshot | None:
    """Return the snapshot that was asked for, or the newest that is completed."""
    fitting = (each for each in found if (each.id == asked if asked else each.state == "completed"))
    return next(fitting, None)


def _about(project: Atlas, source: Cluster, new: Cluster) -> dict[str, object]:
    origin = reads.origin(project, new.name)
    return {"origin": origin, "jobs": to_it(reads.restores(project, source), new.name, origin)}


def _with_counts(aws: "Clients", settings: Settings, facts: Facts, new: Cluster, source: Cluster) -> Facts:
    restored, refused = _count(aws, settings, new)
    if refused:
        return replace(facts, restored=restored, live=Uncounted(because="It was not asked: the same login would be."))
    live, _ = _count(aws, settings, source)
    return replace(facts, restored=restored, live=live)


def _count(aws: "Clients", settings: Settings, cluster: Cluster) -> tuple[Counts | Uncounted, bool]:
    """Return what is in a cluster, or why that is not known; and whether it was the login."""
    try:
        return counted(aws, settings, cluster.host), False
    except UnreachableError as error:
        refused = error.fault in REFUSED
        return Uncounted(because=error.because, passes=not refused), refused
    except SecretShapeError as error:
        return Uncounted(because=str(error), passes=False), True
    except AwsError as error:
        return Uncounted(because=str(error)), False
