"""Tell who changed what by hand: the answer of `remedy audit`."""

from datetime import datetime

from remediation.adapters.switches import Change, change_of
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.listing import listed


def changes(aws: Aws, environment: Environment, *, since: datetime, limit: int) -> list[Change]:
    """Return the changes since then, the newest first. Raises RemedyError."""
    partition = f"{environment.place.environment}/audit"
    with asking(environment):
        found = listed(aws.clients, environment.names.table, partition, since=since, limit=limit)
        return [change_of(item) for item in found if item.attributes]
