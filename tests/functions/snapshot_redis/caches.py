"""Caches of a night, and how snapshot-redis is asked about them."""

from datetime import UTC, datetime, timedelta

from remediation.aws.caches import Cache, Node
from remediation.aws.snapshots import Snapshot
from snapshot_redis.facts import Facts, Load, Saved
from snapshot_redis.settings import Settings

NOW = datetime(2026, 11, 23, 3, 40, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SETTINGS = Settings(caches=("dev-redis",))
CACHE = Cache(
    id="dev-redis",
    kind="cluster",
    status="available",
    engine="redis",
    version="7.0.7",
    node_type="cache.t3.micro",
    nodes=(Node(id="dev-redis", role="primary"),),
)
GROUP = Cache(
    id="dev-redis",
    kind="group",
    status="available",
    engine="redis",
    node_type="cache.t3.small",
    nodes=(Node(id="dev-redis-001", role="primary"), Node(id="dev-redis-002", role="replica")),
)


def snapshot(name: str = "remedy-dev-redis-202611221200", ago: timedelta | None = HOUR, **told: object) -> Snapshot:
    """Return a snapshot that was saved so long ago; None: it is not saved yet."""
    known = {
        "cache": "dev-redis",
        "status": "available" if ago is not None else "creating",
        "at": NOW - ago if ago is not None else None,
        "shards": 1 if ago is not None else 0,
        "manual": True,
    }
    return Snapshot(name=name, **(known | told))  # type: ignore[arg-type]


def facts(
    *found: Snapshot,
    cache: Cache = CACHE,
    load: Load | None = None,
    within: timedelta = DAY,
    asked: bool = False,
    tagged: tuple[str, ...] | None = None,
) -> Facts:
    """Return what is seen of one cache; what is named like ours bears our tag."""
    names = tuple(each.name for each in found if each.named_by_us) if tagged is None else tagged
    saved = Saved(cache=cache, snapshots=found, tagged=names, load=load or Load(memory=40, evictions=0, cpu=5))
    return Facts(caches=(saved,), within=within, asked=asked)
