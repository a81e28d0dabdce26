"""Whether a snapshot becomes a new cache, once a person has agreed, and whether that has become one that answers. Pure.

Never is anything overwritten: what exists under the name and was not made by this run stays as it is.
"""

from datetime import datetime, timedelta

from remediation.aws.caches import AVAILABLE, MISSING
from remediation.core.probed import OWN_FAULTS, Fault
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict, Wait
from restore_redis_snapshot.facts import Facts, Recipe, Restore
from restore_redis_snapshot.settings import Settings
from restore_redis_snapshot.wording import answers, asked_about, by_hand, evidence, next_steps, serverless, told

RESTORE = "restore-snapshot"
AGAIN = timedelta(seconds=60)
SHOWS_WITHIN = timedelta(minutes=5)
BUSY = ("creating", "modifying", "snapshotting", "restoring")
"""How ElastiCache's words begin for a cache that is being made."""
SETTLING: frozenset[Fault] = frozenset(
    {"name-unknown", "name-unanswered", "refused", "no-answer", "cut-off", "loading", "busy", *OWN_FAULTS}
)
"""What is wrong with a cache that has just been made, or with who looks at it, and passes."""
Tried = tuple[Attempt[Restore], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Restore]:
    """Make it once; then wait until it answers."""
    if tried:
        return _became(facts, tried[-1], now)
    new, recipe = facts.new, facts.recipe
    if new.status != MISSING:
        return Escalate(
            because=f"{new.id} exists ({new.status}) and is not overwritten; give the new cache another name.",
            evidence=evidence(facts),
        )
    if recipe is None:
        because = f"There is no snapshot {facts.name} of a cache cluster or a replication group."
        return Escalate(because=because, next_steps=("remedy snapshots", serverless(facts.name, new.id)))
    if recipe.status == "creating":
        return Wait(because=f"{recipe.snapshot} is still being taken.", for_=AGAIN, evidence=evidence(facts))
    if why := _unfit(recipe, settings):
        return Escalate(because=why, evidence=evidence(facts), next_steps=by_hand(recipe, new.id))
    return Act(
        action=RESTORE,
        target=Restore(id=new.id, recipe=recipe),
        resource=f"cache {new.id}",
        because=f"{told(recipe)} It becomes the new cache {new.id}; {recipe.of} stays as it is.",
        settle=timedelta(seconds=30),
        evidence=evidence(facts),
        approval=Approval(because=asked_about(recipe, new.id)),
    )


def _unfit(recipe: Recipe, settings: Settings) -> str:
    """Say why this cannot become a cache like the one that was saved; nothing if it can."""
    if not recipe.ours:
        return f"{recipe.snapshot} is of {recipe.of}; the caches of this environment are {', '.join(settings.caches)}."
    if recipe.status != AVAILABLE:
        return f"{recipe.snapshot} is {recipe.status}: it is good for no restore."
    if recipe.saved < recipe.shards:
        return f"{recipe.snapshot} holds {recipe.saved} of {recipe.shards} shards: it is good for no restore."
    if recipe.kind == "serverless":
        return f"{recipe.of} is a serverless cache by now, and a new one of that kind is made by hand."
    if not recipe.security_groups:
        return f"{recipe.of} is gone and its security groups with it: say them in `security_groups` of restore-redis-snapshot."
    if recipe.key:
        return f"{recipe.of} is encrypted with the key {recipe.key}, which this may not use: restore it by hand."
    return ""


def _became(facts: Facts, made: Attempt[Restore], now: datetime) -> Verdict[Restore]:
    """Return what there is to say of the cache that this run asked for."""
    new, seen = facts.new, evidence(facts)
    if made.result == "failed":
        return Escalate(because=f"{new.id} could not be made: {made.receipt}", evidence=seen)
    if new.status == MISSING:
        if now - made.at < SHOWS_WITHIN:
            return Wait(because=f"{new.id} does not show yet.", for_=AGAIN, evidence=seen)
        return Escalate(because=f"{new.id} was asked for and is not there.", evidence=seen)
    if new.status.startswith(BUSY):
        return Wait(because=f"{new.id} is {new.status}.", for_=AGAIN, evidence=seen)
    if new.status != AVAILABLE:
        return Escalate(because=f"{new.id} is {new.status}; nothing was restored.", evidence=seen)
    return _answers(facts, made.target.recipe)


def _answers(facts: Facts, recipe: Recipe) -> Verdict[Restore]:
    """Return whether the new cache answers. One that wants no token, where the old one did, answers as it has to."""
    new, seen = facts.new, evidence(facts)
    if facts.probed is None:
        why = facts.unprobed or "it has no endpoint yet"
        return Wait(
            because=f"{new.id} is available, and whether it answers is not known: {why}", for_=AGAIN, evidence=seen
        )
    failed = facts.probed.failed
    if failed is None or (failed.fault == "token-not-wanted" and recipe.logs_in):
        steps = next_steps(new, recipe)
        return Nothing(because=answers(new, recipe), evidence=seen, next_steps=steps)
    because = f"{new.id} is available at {new.host}:{new.port} and does not answer: {failed.because}"
    if failed.fault in SETTLING:
        return Wait(because=because, for_=AGAIN, evidence=seen)
    return Escalate(because=because, evidence=seen, next_steps=next_steps(new, recipe))
