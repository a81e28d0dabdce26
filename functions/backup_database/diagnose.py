"""Look at the cluster and its snapshots, as Atlas tells them."""

from typing import TYPE_CHECKING

from backup_database.facts import Facts
from backup_database.settings import Incident, Settings
from remediation.atlas import reads
from remediation.atlas.client import atlas

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

NEWEST = 20
"""So many snapshots are looked at; older ones say nothing about now."""


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Ask for the cluster, and for its snapshots where it can have any. Raises AwsError."""
    project = atlas(aws, settings.reader, settings.project)
    found = reads.cluster(project, settings.cluster)
    saved = reads.snapshots(project, found)[:NEWEST] if found is not None and found.backups else ()
    environment = aws.place.environment
    return Facts(
        environment=environment, project=settings.project, name=settings.cluster, cluster=found, snapshots=saved
    )
