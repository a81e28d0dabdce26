"""What is said of caches and snapshots."""

from datetime import timedelta

from remediation.aws.caches import Cache
from remediation.aws.snapshots import Snapshot
from snapshot_redis.facts import Load, Saved


def told(snapshot: Snapshot) -> str:
    """Return a snapshot as evidence tells it."""
    when = f"{snapshot.at:%Y-%m-%d %H:%M} UTC" if snapshot.at else "not saved yet"
    return f"{snapshot.name}: {snapshot.status}, {when}, {snapshot.shards} shard(s), {snapshot.size or 'size unknown'}"


def described(cache: Cache) -> str:
    """Return a cache in one line."""
    kinds = {"cluster": "cache cluster", "group": "replication group", "serverless": "serverless cache"}
    made = f"{cache.engine} {cache.version}".strip() or "engine unknown"
    return (
        f"{cache.id}: {kinds[cache.kind]}, {cache.status}, {made}, {cache.node_type or 'no node type'}, "
        f"{cache.shards} shard(s), {len(cache.replicas)} replica(s)"
    )


def evidence(saved: Saved) -> tuple[str, ...]:
    """Return what was seen of a cache: itself, its load, and its newest snapshots."""
    load = saved.load
    measured = f"memory {_percent(load.memory)}, evictions in 10 minutes {_number(load.evictions)}, engine CPU {_percent(load.cpu)}"
    return (described(saved.cache), measured, *map(told, saved.snapshots[:3]))


def span(time: timedelta) -> str:
    """Return a time as people say it."""
    minutes = round(time.total_seconds() / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"


def strain(load: Load, memory: float, cpu: float) -> tuple[str, ...]:
    """Return why a single node is not to be burdened with a snapshot, one reason each."""
    return (
        *([f"its memory is {load.memory:.0f} % full (at most {memory:.0f} %)"] if (load.memory or 0) > memory else []),
        *([f"it evicted {load.evictions:.0f} keys in 10 minutes"] if load.evictions else []),
        *([f"its CPU is at {load.cpu:.0f} % (at most {cpu:.0f} %)"] if (load.cpu or 0) > cpu else []),
    )


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} %"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f}"
