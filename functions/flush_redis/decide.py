"""Whether the cache is flushed: only the one server that holds all of it, asked for by one person and agreed to by another."""

from datetime import datetime, timedelta

from flush_redis.facts import Facts, Flush
from flush_redis.settings import Settings
from remediation.core.verdict import Act, Approval, Attempt, Escalate, Nothing, Verdict, Wait

FLUSH = "flush-cache"
BUSY = ("creating", "modifying", "rebooting", "snapshotting")
"""How ElastiCache's words begin for a cache that is being worked on."""
AGAIN = timedelta(seconds=60)


def decide(facts: Facts, settings: Settings, tried: tuple[Attempt[Flush], ...], now: datetime) -> Verdict[Flush]:
    """Flush it once; what the application has put into it since is not counted against that."""
    before = next((attempt for attempt in tried if attempt.result != "failed"), None)
    if facts.status.startswith(BUSY):
        return Wait(because=f"{facts.cache} is {facts.status}; nothing is flushed meanwhile.", for_=AGAIN)
    if facts.keys is None:
        return Escalate(because=f"{facts.cache} cannot be looked at: {facts.unseen}", next_steps=_looking(facts))
    if before is not None:
        return _afterwards(facts, before)
    if tried:
        return Escalate(
            because=f"{facts.cache} could not be flushed: {tried[-1].receipt}",
            evidence=_evidence(facts),
            next_steps=_looking(facts),
        )
    if facts.sharded:
        return Escalate(
            because=f"{facts.cache} has several shards, and FLUSHALL empties one of them; flush each primary by hand.",
            evidence=_evidence(facts),
        )
    if facts.role != "master":
        return Escalate(
            because=f"{facts.host} is a replica of {facts.cache} and takes no FLUSHALL; its primary does.",
            evidence=_evidence(facts),
        )
    if facts.keys == 0:
        return Nothing(because=f"{facts.cache} holds no key.")
    return _flush(facts)


def _flush(facts: Facts) -> Act[Flush]:
    loses = (
        f"All {facts.keys:,} keys of {facts.cache} are lost, and the database bears the load until it is warm again."
    )
    saved = (
        "No snapshot is taken: nothing brings them back."
        if facts.without_snapshot
        else "A fresh snapshot is taken first."
    )
    return Act(
        action=FLUSH,
        target=Flush(id=facts.cache, host=facts.host, port=facts.port, tls=facts.tls, keys=facts.keys or 0),
        resource=f"cache {facts.cache}",
        because=f"FLUSHALL ASYNC on {facts.host}:{facts.port} was asked for.",
        settle=timedelta(seconds=2),
        evidence=_evidence(facts),
        approval=Approval(because=f"{loses} {saved}", people=2),
        after_snapshot="" if facts.without_snapshot else facts.cache,
    )


def _afterwards(facts: Facts, flushed: Attempt[Flush]) -> Verdict[Flush]:
    keys, had = facts.keys or 0, flushed.target.keys
    if flushed.result == "done":
        return Nothing(because=f"{facts.cache} was flushed: {flushed.receipt} DBSIZE is {keys:,} now.")
    if keys < had:
        return Nothing(because=f"{facts.cache} was flushed: it had {had:,} keys, and DBSIZE is {keys:,} now.")
    return Escalate(
        because=f"Whether {facts.cache} was flushed is not known: it had {had:,} keys, and DBSIZE is {keys:,} now.",
        evidence=_evidence(facts),
        next_steps=_looking(facts),
    )


def _evidence(facts: Facts) -> tuple[str, ...]:
    return (
        f"{facts.host}:{facts.port}: {facts.role or 'unknown role'}, DBSIZE {facts.keys:,}, {facts.cache} is {facts.status}",
    )


def _looking(facts: Facts) -> tuple[str, ...]:
    return (f"aws elasticache describe-cache-clusters --show-cache-node-info  # {facts.cache}", "remedy snapshots")
