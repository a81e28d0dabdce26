"""What people are told: before they agree, what is made and what stays; afterwards, where it is and how to go on."""

from collections.abc import Iterator

from remediation.atlas.facts import Cluster, Snapshot
from restore_database.facts import Counts, Facts, Uncounted

KEPT = "72 hours"
"""So long the old cluster is kept after a change-over (HAZARDS 1.9)."""
_SHOWN = 20
"""Collections that are told of one by one."""


def no_backup(source: Cluster) -> str:
    """Say why there can be no snapshot to restore from, if so."""
    match source.tier:
        case "M0":
            return f"No backup exists: {source.name} is an M0 (free), and an M0 has none. Nothing can be restored."
        case "FLEX":
            return f"{source.name} is a Flex cluster: its snapshots go to Flex clusters only, by hand in Atlas."
        case _ if not source.backups:
            return f"No backup exists: Cloud Backup of {source.name} ({source.tier}) is switched off."
        case _:
            return ""


def with_backups(source: Cluster, facts: Facts) -> tuple[str, ...]:
    """Return what a person can do where there is no snapshot to restore from."""
    off = source.tier not in {"M0", "FLEX"}
    from_now_on = ("So that there are backups from now on, in Terraform: backup_enabled = true.",) if off else ()
    return (*from_now_on, *by_hand(facts))


def vanishing(source: Cluster) -> str:
    """Say that the snapshots may be gone before they are restored."""
    return (
        f"{source.name} is being deleted, and its snapshots go with it unless whoever deletes it has them kept: no restore is "
        "begun that may end half-way."
    )


def told(snapshot: Snapshot) -> str:
    """Return a snapshot in a sentence."""
    match snapshot.state:
        case "queued" | "inProgress":
            return f"The snapshot {snapshot.id} of {snapshot.cluster} is still being taken ({snapshot.state})."
        case "failed":
            return f"The snapshot {snapshot.id} of {snapshot.cluster} failed."
        case "completed":
            size = "size unknown" if snapshot.size is None else sized(snapshot.size)
            return f"The snapshot {snapshot.id} holds {snapshot.cluster} as of {_when(snapshot)} ({size})."


def asked_about(source: Cluster, snapshot: Snapshot, new: str) -> str:
    """Return what two people are asked to agree to, both steps of it."""
    made = f"{source.tier}, {source.provider} {source.region}, MongoDB {source.version}"
    return (
        f"{new} is made new, in the shape of {source.name} ({made}), and gets the snapshot {snapshot.id}: what was written after "
        f"{_when(snapshot)} is not in it. {source.name} stays as it is, and the application goes on with it. "
        f"It costs what {source.name} costs, until somebody deletes it."
    )


def asked_to_fill(snapshot: Snapshot, new: Cluster, held: Counts | Uncounted | None) -> str:
    """Return what two people are asked to agree to, where an earlier run has made the new cluster."""
    return (
        f"{new.name} was made by an earlier run, and no restore to it has succeeded. {_looked_at(held)} It gets the snapshot "
        f"{snapshot.id} of {_when(snapshot)}; what anybody has put into {new.name} since is lost. {snapshot.cluster} stays as it is."
    )


def _looked_at(held: Counts | Uncounted | None) -> str:
    """Say what is known of the new cluster before it is filled: of its other databases nothing ever is."""
    match held:
        case Counts():
            return f"Its database {held.database} has no document; others were not looked at."
        case Uncounted(because=why):
            return f"What is in it could not be looked at: {why}"
        case None:
            return "What is in it was not looked at."


def counted_both(facts: Facts, new: Cluster, counts: Counts) -> str:
    """Return that the new cluster holds data, how much, and how much the live one has."""
    return f"{new.name} is restored at {new.host}: {amount(counts)}. {_beside(facts)}"


def _beside(facts: Facts) -> str:
    match facts.live:
        case Counts() as live:
            return f"{facts.name}, which is live, has {amount(live)}."
        case Uncounted(because=why):
            return f"{facts.name}, which is live, could not be counted: {why}"
        case None:
            return f"{facts.name} was not counted."


def amount(counts: Counts) -> str:
    """Return how much there is in a database."""
    within = many(len(counts.collections), "collection")
    documents = f"{many(counts.documents, 'document')} in {within} of {counts.database}"
    said = f"{many(counts.objects, 'object')}, {sized(counts.data)}, {many(counts.indexes, 'index', 'indexes')}"
    return f"{documents} (dbStats: {said})"


def many(number: int, one: str, several: str = "") -> str:
    """Return a number of things."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def evidence(facts: Facts) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(facts))


def _evidence(facts: Facts) -> Iterator[str]:
    for cluster in (facts.source, facts.new):
        if cluster is not None:
            state = "paused" if cluster.paused else cluster.state
            yield f"{cluster.name}: {state}, {cluster.tier}, MongoDB {cluster.version}, {cluster.host or 'no host yet'}"
    if facts.snapshot is not None:
        yield told(facts.snapshot)
    for job in facts.jobs:
        became = "finished" if job.finished else "failed" if job.failed else "goes on"
        yield f"job {job.id}, snapshot {job.snapshot} to {job.target}: {became}"
    yield from _compared(facts)


def _compared(facts: Facts) -> Iterator[str]:
    """Yield each collection with both its counts: a person sees at once what is missing."""
    if not isinstance(facts.restored, Counts):
        return
    restored = {each.name: each.documents for each in facts.restored.collections}
    live = {each.name: each.documents for each in facts.live.collections} if isinstance(facts.live, Counts) else None
    names = sorted({*restored, *(live or ())})
    for name in names[:_SHOWN]:
        has = f"{restored[name]:,} restored" if name in restored else "not restored"
        beside = "" if live is None else f", {live[name]:,} live" if name in live else ", not live"
        yield f"{facts.restored.database}.{name}: {has}{beside}"
    if len(names) > _SHOWN:
        yield f"... and {len(names) - _SHOWN} more collections"


def next_steps(facts: Facts, new: Cluster) -> tuple[str, ...]:
    """Return how a person goes on with a new cluster that is filled: sentences, and commands to paste. Nothing is done here."""
    name, project = new.name, facts.project
    return (
        "Look at it before anybody relies on it:",
        f'read -rp "User of MongoDB: " user && mongosh "mongodb+srv://{new.host}/" --username "$user"',
        f"To change over: put {new.host} into the application's connection string and replace the instances; nothing has changed it.",
        f"Keep {facts.name} for at least {KEPT} after that: it has what was written since the snapshot.",
        "Terraform does not know the new cluster: write a resource `restored` for it, and then:",
        f"terraform import mongodbatlas_advanced_cluster.restored {project}-{name}",
        f"Not needed? It is protected: switch that off, wait until it is IDLE, and delete {name}, not {facts.name}:",
        f"atlas clusters update {name} --disableTerminationProtection --projectId {project}",
        f"atlas clusters delete {name} --projectId {project}",
    )


def by_hand(facts: Facts) -> tuple[str, ...]:
    """Return how a person looks further, or goes on where this cannot."""
    env, project = facts.environment, facts.project
    if facts.source is None:
        return (f"remedy database status --env {env}", f"atlas clusters list --projectId {project}")
    jobs = (f"atlas backups restores list {facts.name} --projectId {project}",) if facts.source.backups else ()
    return (f"remedy database status --env {env}", f"remedy database backups --env {env}", *jobs)


def sized(size: int) -> str:
    """Return a size as people say it."""
    return f"{size / 1024**2:,.1f} MB" if size >= 1024**2 else f"{size / 1024:,.1f} kB"


def _when(snapshot: Snapshot) -> str:
    return f"{snapshot.at:%Y-%m-%d %H:%M} UTC" if snapshot.at else "an unknown time"
