"""Look at MongoDB from within the VPC, at what Atlas says of it, and at the addresses by which we get there. Reads only."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from remediation.atlas import reads
from remediation.atlas.client import Atlas, atlas
from remediation.atlas.facts import Cluster, Happening
from remediation.aws.egress import egress
from remediation.aws.probing import probe
from remediation.core.errors import AwsError
from remediation.core.probed import Probed
from restore_database_access.busy import busy
from restore_database_access.facts import Facts
from restore_database_access.logged import MANY, errors
from restore_database_access.once import kept
from restore_database_access.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LATELY = timedelta(hours=6)
"""Of which Atlas' events are read, and told to whoever is called."""
WATCHED = timedelta(minutes=10)
"""A run looks every minute while it waits. What was not looked at for longer is of another incident."""
NO_READER = "Atlas is not read: the setting `reader` of restore-database-access is empty."
NONE: tuple[Happening, ...] = ()
T = TypeVar("T")


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Ask Atlas, EC2 and the probe. What cannot be read is a sentence: it is told, and nothing is changed then.

    The probe comes after the list: whom another run lets in meanwhile is not taken for shut out by something else.
    """
    now = aws.now()
    unread: list[str] = []
    project = _connected(aws, settings, unread)
    found: Cluster | None = _told(project, lambda told: reads.cluster(told, settings.cluster), None, unread)
    happenings = _told(project, lambda told: reads.happenings(told, now - LATELY), NONE, unread)
    alerts = _told(project, reads.alerts, NONE, unread)
    access = _told(project, reads.access, None, unread)
    ours: tuple[str, ...] | None = _or(lambda: tuple(sorted(egress(aws, settings.subnets))), None, unread)
    probed, unasked = _probed(aws)
    about = tuple(each for each in happenings if each.cluster in {"", settings.cluster})
    logged = errors(aws, settings)
    many = "many" if (logged or 0) >= MANY else "few"
    at_it = busy(found, about, probed, now)
    return Facts(
        environment=aws.place.environment,
        probed=probed,
        unasked=unasked,
        cluster=found,
        access=access,
        maintenance=_told(project, reads.maintenance, None, unread),
        happenings=about,
        alerts=tuple(each for each in alerts if each.cluster in {"", settings.cluster}),
        addresses=ours,
        busy=at_it,
        busy_since=_since(aws, f"database/{settings.cluster}", at_it or "idle"),
        errors=logged,
        errors_since=None if logged is None else _since(aws, f"errors/{settings.cluster}", many),
        allowed=kept(aws, settings, ours or ()),
        unread=tuple(unread),
    )


def _since(aws: "Clients", subject: str, what: str) -> datetime:
    """Return since when it is so, as far as somebody has looked all the time."""
    return aws.sightings.see(subject, what, "", within=WATCHED).at


def _probed(aws: "Clients") -> tuple[Probed | None, str]:
    try:
        return probe(aws, "mongodb"), ""
    except AwsError as error:
        return None, str(error)


def _connected(aws: "Clients", settings: Settings, unread: list[str]) -> Atlas | None:
    if not settings.reader:
        unread.append(NO_READER)
        return None
    connected: Atlas | None = _or(lambda: atlas(aws, settings.reader, settings.project), None, unread)
    return connected


def _told(project: Atlas | None, read: Callable[[Atlas], T], otherwise: T, unread: list[str]) -> T:
    return otherwise if project is None else _or(lambda: read(project), otherwise, unread)


def _or(read: Callable[[], T], otherwise: T, unread: list[str]) -> T:
    try:
        return read()
    except AwsError as error:
        unread.append(f"Not read: {error}")
        return otherwise
