"""See the project at MongoDB Atlas: `remedy database status` and `remedy database backups`.

It asks Atlas itself, with the reader's key from the secret that backup-database names, which is read with the caller's rights.
Nothing is changed, and a key that may do nothing but read is all that there is here.
"""

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count

from msgspec import Struct

from backup_database.settings import Settings
from remediation.atlas import reads
from remediation.atlas.client import Atlas, atlas
from remediation.atlas.facts import Access, Cluster, Snapshot
from remediation.atlas.lines import block, strangers
from remediation.core.errors import AwsError
from remedy.aws import Aws, asking
from remedy.environment import Environment
from remedy.telling import MistakeError, TroubleError
from remedy.times import clock, span
from restore_database.settings import Settings as Restoring

RUNBOOK, RESTORE = "backup-database", "restore-database"


class ClusterRow(Struct, frozen=True, kw_only=True):
    """One cluster. `backups` says what there is; `host` is the name in its `mongodb+srv` string."""

    name: str
    state: str
    tier: str
    version: str
    where: str
    backups: str
    host: str
    ours: bool
    """Whether it is the environment's."""


class Standing(Struct, frozen=True, kw_only=True):
    """How a project stands. `findings` are what somebody ought to do something about, a sentence each."""

    environment: str
    at: datetime
    project: str
    clusters: tuple[ClusterRow, ...]
    findings: tuple[str, ...]


class SnapshotRow(Struct, frozen=True, kw_only=True):
    """One snapshot; `taken` is None while that is not known, and `size` is in bytes."""

    id: str
    cluster: str
    kind: str
    state: str
    restorable: bool
    taken: datetime | None = None
    age: timedelta | None = None
    kept_until: datetime | None = None
    size: int | None = None
    description: str = ""


class Backups(Struct, frozen=True, kw_only=True):
    """The snapshots of a cluster, newest first, and what they are good for."""

    environment: str
    at: datetime
    cluster: str
    snapshots: tuple[SnapshotRow, ...]
    because: str


def standing(aws: Aws, environment: Environment, now: datetime) -> Standing:
    """Return how the environment's project stands. Raises RemedyError."""
    settings = _settings(environment)
    with _asking(environment):
        project = atlas(aws.clients, settings.reader, settings.project)
        found, access = reads.clusters(project), reads.access(project)
    return Standing(
        environment=environment.place.environment,
        at=now,
        project=settings.project,
        clusters=tuple(_cluster(each, settings) for each in found),
        findings=tuple(_findings(found, strangers(access, now), settings)),
    )


def backups(aws: Aws, environment: Environment, now: datetime, name: str = "") -> Backups:
    """Return the snapshots of the environment's cluster, or of another one of its project. Raises RemedyError."""
    settings = _settings(environment)
    with _asking(environment):
        project = atlas(aws.clients, settings.reader, settings.project)
        clusters = {each.name: each for each in reads.clusters(project)}
        cluster = _named(project, clusters, name or settings.cluster)
        found = reads.snapshots(project, cluster) if cluster.backups else ()
    return Backups(
        environment=environment.place.environment,
        at=now,
        cluster=cluster.name,
        snapshots=tuple(_snapshot(each, now) for each in found),
        because=_said(cluster, found, environment, clusters, now),
    )


def _settings(environment: Environment) -> Settings:
    settings = environment.settings(environment.runbook(RUNBOOK))
    assert isinstance(settings, Settings), "the runbook's own"
    return settings


def _named(project: Atlas, found: Mapping[str, Cluster], name: str) -> Cluster:
    if name not in found:
        there = f"there are: {', '.join(found)}" if found else "there is none"
        raise MistakeError(f"There is no cluster {name!r} in the project {project.project}; {there}.")
    return found[name]


@contextmanager
def _asking(environment: Environment) -> Iterator[None]:
    """Turn what Atlas answers instead of an answer into a RemedyError; its sentences say themselves what to do."""
    with asking(environment):
        try:
            yield
        except AwsError as error:
            if not error.operation.startswith("Atlas"):
                raise
            raise TroubleError(str(error)) from error


# ------------------------------------------------------------------------------------------------------------- clusters


def _cluster(found: Cluster, settings: Settings) -> ClusterRow:
    return ClusterRow(
        name=found.name,
        state="paused" if found.paused else found.state,
        tier=found.tier,
        version=found.version,
        where=f"{found.provider} {found.region}".strip(),
        backups=_backups(found),
        host=found.host,
        ours=found.name == settings.cluster,
    )


def _backups(found: Cluster) -> str:
    match found.tier:
        case "M0":
            return "none: an M0 has none"
        case "FLEX":
            return "daily, by Atlas" if found.backups else "off"
        case _:
            return "on" if found.backups else "off"


def _findings(clusters: tuple[Cluster, ...], wide: tuple[Access, ...], settings: Settings) -> Iterator[str]:
    if settings.cluster not in {each.name for each in clusters}:
        yield f"There is no cluster {settings.cluster} (setting `cluster` of {RUNBOOK})."
    for each in clusters:
        if each.tier == "M0":
            yield f"{each.name} is an M0: it has no backups, and nothing brings its data back. From M10 on there are snapshots."
        elif not each.backups:
            yield f"{each.name} ({each.tier}) has no backups: Cloud Backup is switched off."
        if each.paused:
            how = f"atlas clusters start {each.name} --projectId {settings.project}"
            yield f"{each.name} is paused: nobody can connect to it. Resume it with: {how}"
    for line in wide:
        until = f" It is there until {clock(line.until)}." if line.until else ""
        yield f"{_wide(line)}{until}"


def _wide(line: Access) -> str:
    """Say what is wrong with a line that lets strangers in."""
    found, comment = block(line), f" ({line.comment})" if line.comment else ""
    assert found is not None, "a line of an address block"
    if found.prefixlen == 0:
        return f"{line.cidr} is on the access list{comment}: everybody on the internet may try passwords. List our NAT addresses."
    return f"{line.cidr} is on the access list{comment}: it lets {found.num_addresses:,} public addresses in."


# ------------------------------------------------------------------------------------------------------------ snapshots


def _snapshot(found: Snapshot, now: datetime) -> SnapshotRow:
    return SnapshotRow(
        id=found.id,
        cluster=found.cluster,
        kind="by hand" if found.on_demand else "schedule",
        state=found.state,
        restorable=found.state == "completed",
        taken=found.at,
        age=now - found.at if found.at else None,
        kept_until=found.expires,
        size=found.size,
        description=found.description,
    )


def _said(
    cluster: Cluster, found: tuple[Snapshot, ...], environment: Environment, clusters: Container[str], now: datetime
) -> str:
    """Return what can be restored, and what to type."""
    name, ours = cluster.name, _settings(environment).cluster
    if cluster.tier == "M0":
        return f"No backup exists: {name} is an M0 (free), and an M0 has none."
    if not cluster.backups:
        return f"No backup exists: Cloud Backup of {name} ({cluster.tier}) is switched off."
    newest = next((each for each in found if each.state == "completed"), None)
    if newest is None:
        how = _saved(cluster, environment) if name == ours else f"by hand in Atlas; {RUNBOOK} saves {ours} only."
        return f"No snapshot of {name} is completed: {how}"
    age = f", {span(now - newest.at)} old," if newest.at else ""
    which = f"{newest.id}{age} is the newest that can be restored"
    if cluster.tier == "FLEX":
        return f"{which}: to a Flex cluster, by hand in Atlas."
    if name != ours:
        return f"{which}: by hand in Atlas; {RESTORE} restores {ours} only."
    return f"{which}, to a new cluster: {_restored(newest, environment, clusters)}"


def _saved(cluster: Cluster, environment: Environment) -> str:
    if cluster.tier == "FLEX":
        return "Atlas takes one a day by itself."
    return f"remedy invoke {RUNBOOK} --env {environment.place.environment} --apply"


def _restored(newest: Snapshot, environment: Environment, clusters: Container[str]) -> str:
    env = environment.place.environment
    if RESTORE not in environment.runbooks:
        return f"by hand in Atlas; {RESTORE} is not deployed in {env}."
    settings = environment.settings(environment.runbook(RESTORE))
    assert isinstance(settings, Restoring), "the runbook's own"
    new = next(name for n in count(1) if (name := f"{settings.prefix}{n}") not in clusters)
    return f"remedy invoke {RESTORE} --target {new} --set snapshot={newest.id} --env {env}"
