"""Look at both clusters, the snapshot and the restore jobs; count what is in the new one, and in both once it is filled."""

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
from restore_database.refusals import refused_lately, refused_now
from restore_database.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

REFUSED = frozenset({"credentials-refused", "not-permitted", "secret-unreadable", "string-not-understood"})
"""What is wrong with who asks: asking again does not help."""


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Ask Atlas, and log in only to count: the new cluster before and after it is filled, then the live one. Raises AwsError."""
    project = atlas(aws, settings.reader, settings.project)
    facts = Facts(
        environment=aws.place.environment,
        project=settings.project,
        name=settings.cluster,
        new_name=incident.new_cluster,
        asked=incident.snapshot,
    )
    source, new = reads.cluster(project, settings.cluster), reads.cluster(project, incident.new_cluster)
    if source is None:
        return replace(facts, new=new)
    if not source.backups:
        return replace(facts, source=source, new=new)
    facts = replace(
        facts,
        source=source,
        snapshot=_chosen(reads.snapshots(project, source), incident.snapshot),
        new=new,
        **(_about(project, source, new) if new is not None else {}),
    )
    if new is None or new.state != "IDLE" or new.paused or not facts.ours:
        return facts
    if facts.job is None:
        return replace(facts, held=_count(aws, settings, new))
    return _with_counts(aws, settings, facts, new, source) if facts.job.finished else facts


def _chosen(found: tuple[Snapshot, ...], asked: str) -> Snapshot | None:
    """Return the snapshot that was asked for, or the newest that is completed."""
    fitting = (each for each in found if (each.id == asked if asked else each.state == "completed"))
    return next(fitting, None)


def _about(project: Atlas, source: Cluster, new: Cluster) -> dict[str, object]:
    origin = reads.origin(project, new.name)
    return {"origin": origin, "jobs": to_it(reads.restores(project, source), new.name, origin)}


def _with_counts(aws: "Clients", settings: Settings, facts: Facts, new: Cluster, source: Cluster) -> Facts:
    """Count the new one, and only if that went well the live one: a run looks for hours, and nobody logs in there meanwhile."""
    restored = _count(aws, settings, new)
    live = _count(aws, settings, source) if isinstance(restored, Counts) else None
    return replace(facts, restored=restored, live=live)


def _count(aws: "Clients", settings: Settings, cluster: Cluster) -> Counts | Uncounted:
    """Return what is in a cluster, or why that is not known."""
    try:
        if lately := refused_lately(aws, cluster.host):
            return Uncounted(because=lately)
        return counted(aws, settings, cluster.host)
    except UnreachableError as error:
        if error.fault == "credentials-refused":
            refused_now(aws, cluster.host)
        return Uncounted(because=error.because, passes=error.fault not in REFUSED)
    except SecretShapeError as error:
        return Uncounted(because=str(error), passes=False)
    except AwsError as error:
        return Uncounted(because=str(error))
