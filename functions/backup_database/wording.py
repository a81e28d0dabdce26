"""What a person is told of a cluster and its snapshots, and what to type where no snapshot can be taken."""

from collections.abc import Iterator

from msgspec import Struct

from backup_database.facts import Facts
from remediation.atlas.facts import Cluster, Snapshot

_DUMP = (
    "Save it by hand, from a host that may connect, with the connection string in MONGODB_URI:",
    'mongodump --uri "${{MONGODB_URI:?}}" --gzip --archive={name}.archive.gz',
)


class Why(Struct, frozen=True, kw_only=True):
    """Why there is no backup, and what a person can do instead."""

    because: str
    next_steps: tuple[str, ...]


def none_possible(cluster: Cluster, facts: Facts) -> Why | None:
    """Say why Atlas takes no snapshot of a cluster on demand, if so."""
    name, listing = cluster.name, f"remedy database backups --env {facts.environment}"
    if cluster.state == "DELETING":
        because = f"{name} is being deleted, and Atlas takes no snapshot of it."
        return Why(because=because, next_steps=(listing, *_dump(name)))
    if cluster.tier == "M0":
        because = f"No backup exists: {name} is an M0 (free), and an M0 has none. Nothing can bring its data back."
        grown = f"A dedicated cluster (M10 or larger) has snapshots: change the tier of {name} in Terraform."
        return Why(because=because, next_steps=(*_dump(name), grown))
    if cluster.tier == "FLEX":
        because = f"{name} is a Flex cluster: Atlas saves it once a day by itself, and takes no snapshot on demand."
        return Why(because=because, next_steps=(listing, *_dump(name)))
    if not cluster.backups:
        because = f"No backup exists: Cloud Backup of {name} ({cluster.tier}) is switched off."
        return Why(because=because, next_steps=("In Terraform: backup_enabled = true, then `terraform apply`.",))
    if cluster.paused:
        because = f"{name} is paused, and Atlas takes no snapshot of it; its data does not change meanwhile."
        return Why(because=because, next_steps=(listing, f"atlas clusters start {name} --projectId {facts.project}"))
    return None


def told(snapshot: Snapshot) -> str:
    """Return a snapshot in a sentence."""
    id_, name = snapshot.id, snapshot.cluster
    match snapshot.state:
        case "queued" | "inProgress":
            return f"The snapshot {id_} of {name} is still being taken ({snapshot.state})."
        case "failed":
            return f"The snapshot {id_} of {name} failed."
        case "completed":
            taken = f" of {snapshot.at:%Y-%m-%d %H:%M} UTC" if snapshot.at else ""
            kept = f", kept until {snapshot.expires:%Y-%m-%d %H:%M} UTC" if snapshot.expires else ""
            return f"{name} is saved: the snapshot {id_}{taken} is completed ({_size(snapshot)}{kept})."


def evidence(facts: Facts) -> tuple[str, ...]:
    """Return what was seen, a line each."""
    return tuple(_evidence(facts))


def _evidence(facts: Facts) -> Iterator[str]:
    if (cluster := facts.cluster) is not None:
        saved = "backups on" if cluster.backups else "no backups"
        state = "paused" if cluster.paused else cluster.state
        yield f"{cluster.name}: {state}, {cluster.tier}, MongoDB {cluster.version}, {saved}"
    yield from (told(snapshot) for snapshot in facts.snapshots[:3])


def look(facts: Facts) -> tuple[str, ...]:
    """Return how a person looks further."""
    env, project = facts.environment, facts.project
    if facts.cluster is None:
        return (f"remedy database status --env {env}", f"atlas clusters list --projectId {project}")
    return (
        f"remedy database status --env {env}",
        f"remedy database backups --env {env}",
        f"atlas backups snapshots list {facts.name} --projectId {project}",
    )


def _dump(name: str) -> tuple[str, ...]:
    return tuple(step.format(name=name) for step in _DUMP)


def _size(snapshot: Snapshot) -> str:
    return "size unknown" if snapshot.size is None else f"{snapshot.size / 1024**2:,.0f} MB"
