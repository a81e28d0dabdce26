"""Have one of our own addresses let in, by the one function that may write to Atlas."""

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.atlas import reads
from remediation.atlas.asking import Allow, ask
from remediation.atlas.client import atlas
from remediation.aws.egress import egress
from remediation.core.acting import NotNowError
from remediation.core.errors import AwsError, LeftAloneError
from remediation.core.steps import NotActed, failed
from restore_database_access.access import listed
from restore_database_access.facts import Came, Line
from restore_database_access.once import keep
from restore_database_access.person import HOURS
from restore_database_access.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LASTS = timedelta(hours=HOURS) - timedelta(minutes=1)
"""The minute is for clocks: the writer refuses what ends later than four hours from its own now."""
REFUSED = "Refused"


def let_in(aws: "Clients", settings: Settings, target: Line) -> str:
    """Have the writer add one line to the access list, unless it is there or the address is not ours by now.

    Raises AwsError, and LeftAloneError where nothing is to be done any more.
    """
    if target.id not in egress(aws, settings.subnets):
        raise LeftAloneError(f"{target.id} is no address of our NAT gateways any more.")
    now = aws.now()
    if listed(reads.access(atlas(aws, settings.reader, settings.project)), target.id, now):
        raise LeftAloneError(f"{target.id} is on the access list already.")
    keep(aws, settings, target.id, Came(at=now, how="unknown"))  # before the call: what is not known counts as done
    comment = f"remediation: restore-database-access {now:%Y-%m-%d %H:%M} UTC"
    try:
        answered = ask(aws, Allow(address=target.id, comment=comment, until=now + LASTS))
    except NotNowError:
        _kept(aws, settings, target.id, Came(at=now, how="refused"))
        raise
    except AwsError as error:
        if isinstance(failed(error), NotActed):
            _kept(aws, settings, target.id, Came(at=now, how="refused"))
        raise
    _kept(aws, settings, target.id, Came(at=now, how="done" if answered.done else "refused"))
    if not answered.done:
        raise AwsError(answered.because, operation="Atlas:CreateAccess", code=REFUSED)
    return answered.because


def _kept(aws: "Clients", settings: Settings, address: str, came: Came) -> None:
    with suppress(AwsError):  # what is not kept stays unknown
        keep(aws, settings, address, came)
