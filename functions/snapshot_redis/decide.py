"""Whether a cache is saved, whether an old snapshot goes, or why neither. Pure.

The rules are those of HAZARDS 1.2 (S1 to S8). A node that has no replica saves itself by forking, which takes memory and time
from everybody who uses it: a stressed one is not burdened. What is not known of its load is no reason to leave it unsaved.
"""

from datetime import datetime, timedelta

from remediation.aws.caches import AVAILABLE, MISSING, Cache, Kind
from remediation.aws.snapshots import Snapshot, newest_fresh
from remediation.core.verdict import Act, Attempt, Escalate, Nothing, Tell, Verdict, Wait
from snapshot_redis.facts import Facts, Judged, Saved
from snapshot_redis.naming import name_of
from snapshot_redis.settings import Settings
from snapshot_redis.wording import evidence, span, strain, told

TAKE, DELETE = "take-snapshot", "delete-snapshot"
DAY = timedelta(hours=24)
PER_NODE, PER_SERVERLESS = 20, 24
"""What AWS takes by hand within 24 hours: of each node, and of a serverless cache."""
FULL = 90.0
"""Percent of its memory from which on somebody is told, once a day."""
MEMORY, CPU = 75.0, 60.0
"""Percent of a single node beyond which it is left alone (HAZARDS S1: less than 25 % free)."""
BUSY = ("creating", "modifying", "rebooting", "snapshotting", "restoring")
"""How ElastiCache's words begin for a cache that is being worked on."""
TOO_SMALL = ("cache.t1.",)
AGAIN = timedelta(seconds=30)
Tried = tuple[Attempt[Judged], ...]


def decide(facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Judged]:
    """Look after one cache in a run: the first that needs something. The others are the next tick's."""
    began = tried[0].target.cache if tried else ""
    verdicts = [_one(saved, facts, settings, tried, now) for saved in facts.caches if began in {"", saved.cache.id}]
    well = [each for each in verdicts if isinstance(each, Nothing)]
    return next((each for each in verdicts if not isinstance(each, Nothing)), None) or Nothing(
        because=" ".join(each.because for each in well), tell=next((each.tell for each in well if each.tell), None)
    )


def _one(saved: Saved, facts: Facts, settings: Settings, tried: Tried, now: datetime) -> Verdict[Judged]:
    cache, mine = saved.cache, [each for each in tried if each.target.cache == saved.cache.id]
    if cache.status == MISSING:
        return Escalate(because=f"There is no cache {cache.id}.", next_steps=("Correct `caches` of snapshot-redis.",))
    last = mine[-1] if mine else None
    if last is not None and last.action == DELETE and last.result == "failed":
        return Escalate(because=f"{last.target.id} could not be deleted: {last.receipt}", evidence=evidence(saved))
    taken = next((each for each in reversed(mine) if each.action == TAKE), None)
    if taken is not None and (became := _became(saved, taken, now)) is not None:
        return became
    own = next((each for each in saved.snapshots if taken is not None and each.name == taken.target.id), None)
    fresh = (
        newest_fresh(saved.snapshots, cache, now, facts.within) or own
    )  # it may have taken longer than it may be old
    if fresh is None:
        return _take(saved, settings, now)
    because = f"{cache.id} is saved: {told(fresh)}."
    spare = None if facts.asked or tried else _spare(saved, settings, now)
    if spare is None:  # one goes in a run, and in none that did something else: the next tick goes on
        return Nothing(because=because, evidence=evidence(saved), tell=_full(saved, now))
    return _delete(saved, spare, settings, now)


def _full(saved: Saved, now: datetime) -> Tell | None:
    """Return what is told of a memory that is nearly full: a snapshot saves what is in it, and makes no room."""
    used = saved.load.memory
    if used is None or used < FULL:
        return None
    title = f"{saved.cache.id} is saved, and its memory is {used:.0f} % full: a larger node, or fewer keys"
    return Tell(id=f"memory/{saved.cache.id}/{now:%Y-%m-%d}", title=title)


def _became(saved: Saved, taken: Attempt[Judged], now: datetime) -> Verdict[Judged] | None:
    """Return what there is to say of the snapshot that this run asked for; nothing once it is good."""
    cache, name = saved.cache, taken.target.id
    found = next((each for each in saved.snapshots if each.name == name), None)
    if found is None and taken.result == "failed":
        return Escalate(because=f"{cache.id} could not be saved: {taken.receipt}", evidence=evidence(saved))
    if found is None and now - taken.at < timedelta(minutes=5):
        return Wait(because=f"{name} does not show yet.", for_=AGAIN, evidence=evidence(saved))
    if found is None:
        return Escalate(because=f"{name} was asked for and is not there.", evidence=evidence(saved))
    if found.complete(cache):
        return None
    if found.status == "creating":
        return Wait(because=f"{name} is being taken.", for_=AGAIN, evidence=evidence(saved))
    if found.status == AVAILABLE:
        return Escalate(
            because=f"{name} holds {found.shards} of {cache.shards} shards of {cache.id}; it is good for no restore.",
            evidence=evidence(saved),
        )
    return Escalate(because=f"{name} is {found.status}; {cache.id} is not saved.", evidence=evidence(saved))


def _take(saved: Saved, settings: Settings, now: datetime) -> Verdict[Judged]:
    cache = saved.cache
    if cache.engine == "memcached" or cache.node_type.startswith(TOO_SMALL):
        what = "Memcached" if cache.engine == "memcached" else cache.node_type
        return Escalate(
            because=f"{cache.id} cannot be saved: AWS takes no snapshots of {what}.", evidence=evidence(saved)
        )
    pending = next((each for each in saved.snapshots if each.status == "creating"), None)
    if pending is not None:
        return Wait(because=f"{pending.name} of {cache.id} is being taken.", for_=AGAIN, evidence=evidence(saved))
    if cache.status.startswith(BUSY):
        return Wait(because=f"{cache.id} is {cache.status}.", for_=AGAIN, evidence=evidence(saved))
    if cache.status != AVAILABLE:
        return Escalate(because=f"{cache.id} is {cache.status} and cannot be saved.", evidence=evidence(saved))
    lately = [each for each in saved.snapshots if each.manual and (each.at is None or now - each.at < DAY)]
    own = sum(each.named_by_us for each in lately)
    most = PER_SERVERLESS if cache.kind == "serverless" else PER_NODE
    if own >= settings.per_day or len(lately) >= most:
        return Escalate(
            because=(
                f"{cache.id} got {len(lately)} snapshots within 24 hours, {own} of them ours; the limits are {most} of AWS "
                f"and {settings.per_day} of ours (`per_day`)."
            ),
            evidence=evidence(saved),
        )
    if cache.single and (reasons := strain(saved.load, MEMORY, CPU)):
        return Escalate(
            because=f"{cache.id} is a single node and under strain: {' and '.join(reasons)}. A snapshot would add to it.",
            evidence=evidence(saved),
            next_steps=(f"Save it by hand when it is calm: remedy invoke snapshot-redis --target {cache.id} --apply",),
        )
    return _act(saved, now)


def _act(saved: Saved, now: datetime) -> Act[Judged]:
    cache, name = saved.cache, name_of(saved.cache.id, now)
    of = _saved_by(cache)
    newest = next((each for each in saved.snapshots if each.complete(cache)), None)
    since = f"the newest is {told(newest)}" if newest else "it has none"
    return Act(
        action=TAKE,
        target=Judged(id=name, cache=cache.id, of=of, kind=_kind(cache)),
        resource=f"cache {cache.id}",
        because=f"{cache.id} has no snapshot that is young enough: {since}. {of} saves it.",
        settle=AGAIN,
        evidence=evidence(saved),
    )


def _saved_by(cache: Cache) -> str:
    """Return what AWS is asked to save: a replica where one is enough, so that the primary is not burdened."""
    if cache.kind == "group" and cache.shards == 1 and not cache.clustered and cache.replicas:
        return cache.replicas[0].id
    return cache.id


def _kind(cache: Cache) -> Kind:
    return "cluster" if _saved_by(cache) != cache.id else cache.kind


def _spare(saved: Saved, settings: Settings, now: datetime) -> Snapshot | None:
    """Return the oldest of ours that may go: never one of the newest, never one without both marks, never a young one."""
    own = [each for each in saved.snapshots if each.named_by_us and each.complete(saved.cache)]
    newest = next((each for each in saved.snapshots if each.complete(saved.cache)), None)
    old = [
        each
        for each in own[settings.keep :]
        if each.name in saved.tagged
        and each is not newest
        and each.at is not None
        and now - each.at > settings.keep_for
    ]
    return old[-1] if old else None


def _delete(saved: Saved, spare: Snapshot, settings: Settings, now: datetime) -> Act[Judged]:
    age = span(now - spare.at) if spare.at else "unknown"
    return Act(
        action=DELETE,
        target=Judged(
            id=spare.name, cache=saved.cache.id, of=spare.name, kind="serverless" if spare.serverless else "cluster"
        ),
        resource=f"snapshots of {saved.cache.id}",  # the cache itself is not touched, nor are its budget and its lease
        because=f"{spare.name} is ours, {age} old, and {settings.keep} newer ones of {saved.cache.id} are kept.",
        settle=timedelta(seconds=5),
        evidence=evidence(saved),
    )
