"""Which step comes next on the way from a snapshot to a new cluster that was counted. Pure.

What Atlas says decides, and not what this run remembers: a run that was ended half-way is gone on with by asking for the same
again. Only the approval is remembered: who agreed to the new cluster agreed to what it gets.
"""

from datetime import datetime, timedelta
from typing import Literal

from remediation.atlas.facts import Cluster, Restore
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict, Wait
from restore_database.facts import Counts, Facts, New, Uncounted
from restore_database.settings import Settings
from restore_database.wording import (
    amount,
    asked_about,
    asked_to_fill,
    by_hand,
    counted_both,
    evidence,
    many,
    next_steps,
    no_backup,
    told,
    vanishing,
    with_backups,
)

CREATE, REFILL = "create-cluster", "restore-snapshot"
AGAIN = timedelta(minutes=2)
SHOWS_WITHIN = timedelta(minutes=10)
FILLED_WITHIN = timedelta(hours=24)
"""The writer fills no cluster that is older: by then somebody may have put something into it."""
TWO: Literal[2] = 2
"""People who have to agree."""
Tried = tuple[Attempt[New], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[New]:
    """Make the new cluster, fill it, and count what is in it; each step once, and only when the one before is done."""
    source = facts.source
    if source is None:
        because = (
            f"There is no cluster {facts.name} in the project {settings.project}, so its snapshots cannot be seen."
        )
        return Escalate(because=because, evidence=evidence(facts), next_steps=by_hand(facts))
    if why := no_backup(source):
        return Escalate(because=why, evidence=evidence(facts), next_steps=with_backups(source, facts))
    if facts.new is None:
        return _to_be_made(facts, source, tried, now)
    return _taken(facts, facts.new) or _on_its_way(facts, facts.new, tried, now)


def _to_be_made(facts: Facts, source: Cluster, tried: Tried, now: datetime) -> Verdict[New]:
    """Return that the new cluster is to be made, or what became of having it made."""
    seen, new = evidence(facts), facts.new_name
    if tried:
        return _not_there(facts, tried[-1], now)
    snapshot = facts.snapshot
    if snapshot is None:
        which = f"no snapshot {facts.asked}" if facts.asked else "no completed snapshot"
        because = f"There is {which} of {source.name}: there is nothing to restore."
        return Escalate(because=because, evidence=seen, next_steps=by_hand(facts))
    if source.state == "DELETING":
        return Escalate(because=vanishing(source), evidence=seen, next_steps=by_hand(facts))
    match snapshot.state:
        case "queued" | "inProgress":
            return Wait(because=told(snapshot), for_=AGAIN, evidence=seen, next_steps=by_hand(facts))
        case "failed":
            because = f"{told(snapshot)} It is good for no restore."
            return Escalate(because=because, evidence=seen, next_steps=by_hand(facts))
        case "completed":
            return Act(
                action=CREATE,
                target=New(id=new, like=source.name, snapshot=snapshot.id, at=snapshot.at),
                resource=f"database {new}",
                because=f"{told(snapshot)} It becomes the new cluster {new}; {source.name} stays as it is.",
                settle=AGAIN,
                evidence=seen,
                next_steps=by_hand(facts),
                approval=Approval(because=asked_about(source, snapshot, new), people=TWO),
            )


def _not_there(facts: Facts, made: Attempt[New], now: datetime) -> Verdict[New]:
    new, seen = facts.new_name, evidence(facts)
    if made.result == "failed":
        because = f"{new} could not be made: {made.receipt}"
    elif now - made.at < SHOWS_WITHIN:
        return Wait(because=f"{new} does not show yet.", for_=AGAIN, evidence=seen, next_steps=by_hand(facts))
    else:
        because = f"{new} was asked for and is not there. {made.receipt}"
    return Escalate(because=because, evidence=seen, next_steps=by_hand(facts))


def _taken(facts: Facts, new: Cluster) -> Verdict[New] | None:
    """Refuse a cluster that was not made here to hold this very data."""
    if facts.ours:
        return None
    because = (
        f"{new.name} exists ({new.state}, {new.tier}) and was not made here for {facts.name}; it is not written over."
    )
    steps = ("Ask again with another `new_cluster`.", *by_hand(facts))
    return Escalate(because=because, evidence=evidence(facts), next_steps=steps)


def _on_its_way(facts: Facts, new: Cluster, tried: Tried, now: datetime) -> Verdict[New]:
    """Return what comes next where the new cluster is there and ours."""
    seen, steps = evidence(facts), by_hand(facts)
    if new.paused or new.state in {"DELETING", "OTHER"}:
        state = "paused" if new.paused else new.state
        because = f"{new.name} is {state}: somebody else is at it, and nothing is restored to it."
        return Escalate(because=because, evidence=seen, next_steps=steps)
    wanted = tried[0].target.snapshot if tried else facts.asked
    job = facts.job
    if job is None:
        return _to_be_filled(facts, new, tried, now)
    if wanted and job.snapshot != wanted:
        because = f"{new.name} gets the snapshot {job.snapshot}, and {wanted} was asked for; it is filled once only."
        return Escalate(because=because, evidence=seen, next_steps=steps)
    if not job.finished:
        because = f"Atlas restores the snapshot {job.snapshot} to {new.name} (job {job.id})."
        return Wait(because=because, for_=AGAIN, evidence=seen, next_steps=steps)
    if new.state != "IDLE":
        because = f"The restore to {new.name} has finished, and {new.name} is still {new.state}."
        return Wait(because=because, for_=AGAIN, evidence=seen, next_steps=steps)
    return _verified(facts, new, job)


def _to_be_filled(facts: Facts, new: Cluster, tried: Tried, now: datetime) -> Verdict[New]:
    """Return that the snapshot is to be restored, once the new cluster is idle, or what became of asking for it.

    What failed for another run may be begun again, if people agree to that.
    """
    seen, steps, last = evidence(facts), by_hand(facts), tried[-1] if tried else None
    if last is not None and last.action == REFILL:
        if last.result != "failed" and now - last.at < SHOWS_WITHIN:
            return Wait(because=f"The restore to {new.name} does not show yet.", for_=AGAIN, evidence=seen)
        job = f"Atlas's job {facts.jobs[0].id} failed." if facts.jobs and last.result != "failed" else last.receipt
        because = f"The snapshot {last.target.snapshot} could not be restored to {new.name}: {job}"
        return Escalate(because=because, evidence=seen, next_steps=steps)
    if new.state != "IDLE":
        because = f"{new.name} is {new.state}; it is filled when it is idle."
        return Wait(because=because, for_=AGAIN, evidence=seen, next_steps=steps)
    if facts.origin is None or now - facts.origin.at > FILLED_WITHIN:
        because = f"{new.name} was made more than 24 hours ago and is not filled any more: somebody may be using it."
        return Escalate(because=because, evidence=seen, next_steps=steps)
    if isinstance(held := facts.held, Counts) and held.documents:
        because = f"{new.name} is not filled here and holds data: {amount(held)}. It is not written over."
        steps = ("Ask again with another `new_cluster`.", *steps)
        return Escalate(because=because, evidence=seen, next_steps=steps)
    if facts.source is not None and facts.source.state == "DELETING":
        return Escalate(because=vanishing(facts.source), evidence=seen, next_steps=steps)
    return _fill(facts, new, last)


def _fill(facts: Facts, new: Cluster, made: Attempt[New] | None) -> Verdict[New]:
    """Restore what was approved with the new cluster; where another run made it, people are asked again."""
    snapshot = facts.snapshot
    if made is not None:
        target, approval, how = made.target, None, "new"
    elif snapshot is not None and snapshot.state == "completed":
        target = New(id=new.name, like=facts.name, snapshot=snapshot.id, at=snapshot.at)
        approval, how = Approval(because=asked_to_fill(snapshot, new, facts.held), people=TWO), "there"
    else:
        because = f"{new.name} is there, and there is no completed snapshot {facts.asked} to fill it with."
        return Escalate(because=because, evidence=evidence(facts), next_steps=by_hand(facts))
    return Act(
        action=REFILL,
        target=target,
        resource=f"database {new.name}",
        because=f"{new.name} is {how} and idle: it gets the snapshot {target.snapshot} of {facts.name}.",
        settle=AGAIN,
        evidence=evidence(facts),
        next_steps=by_hand(facts),
        approval=approval,
    )


def _verified(facts: Facts, new: Cluster, job: Restore) -> Verdict[New]:
    """Return whether there is something in it. Whether that is all is for people to say: both counts are in the answer."""
    seen, steps = evidence(facts), next_steps(facts, new)
    match facts.restored:
        case None:
            return Wait(because=f"{new.name} is filled, and is counted next.", for_=AGAIN, evidence=seen)
        case Uncounted(because=why, passes=True):
            because = f"{new.name} is filled (job {job.id}), and what is in it is not known: {why}"
            return Wait(because=because, for_=AGAIN, evidence=seen, next_steps=steps)
        case Uncounted(because=why):
            because = f"{new.name} is filled (job {job.id}) and could not be counted: {why} No credential was changed."
            return Escalate(because=because, evidence=seen, next_steps=steps)
        case Counts() as counts if not counts.documents:
            because = (
                f"{new.name} is filled (job {job.id}), and its database {counts.database} is empty "
                f"({many(len(counts.collections), 'collection')}, no document): this is no restored database."
            )
            return Escalate(because=because, evidence=seen, next_steps=steps)
        case Counts() as counts:
            return Nothing(because=counted_both(facts, new, counts), evidence=seen, next_steps=steps)
