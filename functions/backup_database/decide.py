"""Whether a snapshot is taken now, and whether the one that was asked for has become a backup. Pure."""

from datetime import datetime, timedelta

from backup_database.facts import Facts, Save
from backup_database.settings import Settings
from backup_database.wording import evidence, look, none_possible, told
from remediation.atlas.facts import Cluster, Snapshot
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Verdict, Wait

SAVE = "take-snapshot"
AGAIN = timedelta(seconds=60)
SHOWS_WITHIN = timedelta(minutes=10)
ROUNDED = timedelta(hours=1)
"""So much less than whole days a snapshot may be kept, and still be kept for as many days."""
UNDER_WAY = frozenset({"queued", "inProgress"})
Tried = tuple[Attempt[Save], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Save]:
    """Take one, unless one is being taken or has just been taken; then wait until it is completed."""
    cluster, seen = facts.cluster, evidence(facts)
    if cluster is None:
        because = f"There is no cluster {facts.name} in the project {settings.project} (settings of backup-database)."
        return Escalate(because=because, next_steps=look(facts))
    if why := none_possible(cluster, facts):
        return Escalate(because=why.because, evidence=seen, next_steps=why.next_steps)
    if tried:
        return _became(facts, tried[-1], now)
    return _already(facts, settings, now) or _when_idle(facts, cluster, settings, now)


def _already(facts: Facts, settings: Settings, now: datetime) -> Verdict[Save] | None:
    """Return that somebody is at it, or was so lately that this snapshot is as good as another one."""
    for snapshot in facts.snapshots:
        if snapshot.state in UNDER_WAY:
            because = f"{told(snapshot)} It is waited for; Atlas takes one at a time."
            return Wait(because=because, for_=AGAIN, evidence=evidence(facts), next_steps=look(facts))
    for snapshot in facts.snapshots:
        if _fresh(snapshot, settings, now):
            because = f"{told(snapshot)} It is younger than {_minutes(settings.fresh)} min, so no second one is taken."
            return Nothing(because=because, evidence=evidence(facts))
    return None


def _when_idle(facts: Facts, cluster: Cluster, settings: Settings, now: datetime) -> Verdict[Save]:
    if cluster.state != "IDLE":
        because = f"{cluster.name} is {cluster.state}: Atlas is working on it, and it is saved when that is over."
        return Wait(because=because, for_=AGAIN, evidence=evidence(facts), next_steps=look(facts))
    kept = f"Atlas keeps it for {settings.keep_days} days, until {now + timedelta(days=settings.keep_days):%Y-%m-%d}."
    description = f"backup-database {now:%Y-%m-%d %H:%M:%S.%f} UTC"
    return Act(
        action=SAVE,
        target=Save(id=cluster.name, description=description, days=settings.keep_days),
        resource=f"database {cluster.name}",
        because=f"A snapshot of {cluster.name} was asked for. {kept}",
        settle=AGAIN,
        evidence=evidence(facts),
        next_steps=look(facts),
    )


def _became(facts: Facts, asked: Attempt[Save], now: datetime) -> Verdict[Save]:
    """Return what there is to say of the snapshot that this run asked for."""
    seen, steps, name = evidence(facts), look(facts), facts.name
    if asked.result == "failed":
        return Escalate(because=f"{name} could not be saved: {asked.receipt}", evidence=seen, next_steps=steps)
    mine = next((each for each in facts.snapshots if each.description == asked.target.description), None)
    if mine is None:
        if now - asked.at < SHOWS_WITHIN:
            return Wait(because=f"The snapshot of {name} does not show yet.", for_=AGAIN, evidence=seen)
        because = f"A snapshot of {name} was asked for and is not there. {asked.receipt}"
        return Escalate(because=because, evidence=seen, next_steps=steps)
    match mine.state:
        case "completed":
            return Nothing(because=told(mine), evidence=seen)
        case "failed":
            because = f"The snapshot {mine.id} of {name} failed: there is no backup of this moment."
            return Escalate(because=because, evidence=seen, next_steps=steps)
        case "queued" | "inProgress":
            return Wait(because=told(mine), for_=AGAIN, evidence=seen, next_steps=steps)


def _fresh(snapshot: Snapshot, settings: Settings, now: datetime) -> bool:
    """Tell whether somebody has taken it lately, to be kept as long as is asked for here. A schedule has days of its own."""
    at, expires = snapshot.at, snapshot.expires
    if snapshot.state != "completed" or not snapshot.on_demand or at is None or expires is None:
        return False
    return now - at < settings.fresh and expires - at >= timedelta(days=settings.keep_days) - ROUNDED


def _minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)
