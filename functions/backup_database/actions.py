"""Ask the writer for one snapshot: it alone has the key that may, and it takes none twice for the same description."""

from typing import TYPE_CHECKING

from backup_database.facts import Save
from backup_database.settings import Settings
from remediation.atlas import asking
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def take_snapshot(aws: "Clients", settings: Settings, target: Save) -> str:
    """Have Atlas save the cluster. Raises AwsError where the writer refuses or does not answer."""
    answered = asking.ask(aws, asking.Save(cluster=target.id, description=target.description, days=target.days))
    if not answered.done:
        raise AwsError(answered.because, operation="Atlas:TakeSnapshot", code="Refused")
    return answered.because
