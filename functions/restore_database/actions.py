"""Ask the writer for the two steps. It checks each again: nothing that was there before is ever written over (docs/atlas.md)."""

from typing import TYPE_CHECKING

from remediation.atlas.asking import Create, Refill
from remediation.atlas.done import done
from restore_database.facts import New
from restore_database.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def create_cluster(aws: "Clients", settings: Settings, target: New) -> str:
    """Have a new cluster made. Raises AwsError where the writer refuses or does not answer."""
    return done(aws, Create(cluster=target.id, like=target.like), "Atlas:CreateCluster")


def restore_snapshot(aws: "Clients", settings: Settings, target: New) -> str:
    """Have the snapshot restored to the new cluster. Raises AwsError where the writer refuses or does not answer."""
    asked = Refill(snapshot=target.snapshot, cluster=target.like, target=target.id)
    return done(aws, asked, "Atlas:CreateRestoreJob")
