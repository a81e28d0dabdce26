"""Ask the writer for one snapshot: it alone has the key that may, and it takes none twice for the same description."""

from typing import TYPE_CHECKING

from backup_database.facts import Save
from backup_database.settings import Settings
from remediation.atlas import asking
from remediation.atlas.done import done

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def take_snapshot(aws: "Clients", settings: Settings, target: Save) -> str:
    """Have Atlas save the cluster. Raises AwsError where the writer refuses or does not answer."""
    asked = asking.Save(cluster=target.id, description=target.description, days=target.days)
    return done(aws, asked, "Atlas:TakeSnapshot")
