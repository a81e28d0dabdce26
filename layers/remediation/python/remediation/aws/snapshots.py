"""Snapshots of caches: which there are, which of them are ours, and whether one is good for a restore.

The rule of the domain (HAZARDS S5): `creating` is not safe. A snapshot is good when it is `available`, holds every shard of the
cache, and is young enough for what is going to be risked.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.aws.caches import Cache

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

PREFIX = "remedy-"
"""How the names of our own snapshots begin; nobody else's are deleted."""
TAG, OURS = "ManagedBy", "remediation"
"""The tag that our own snapshots bear besides."""
FRESH = timedelta(minutes=30)
"""Younger than that, a snapshot is good enough to risk what the cache holds (HAZARDS S5)."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """One snapshot. `at` is when the first of its shards was saved, so none is older; None while that is not known."""

    name: str
    cache: str
    status: str
    at: datetime | None
    shards: int
    manual: bool
    size: str = ""
    engine: str = ""
    serverless: bool = False

    @property
    def named_by_us(self) -> bool:
        """Tell whether its name is one that we give."""
        return self.manual and self.name.startswith(PREFIX)

    def complete(self, of: Cache) -> bool:
        """Tell whether it is available and holds all of a cache."""
        return self.status == "available" and self.cache == of.id and self.at is not None and self.shards >= of.shards

    def fresh(self, of: Cache, now: datetime, within: timedelta = FRESH) -> bool:
        """Tell whether it is good for a restore of what the cache held lately."""
        return self.complete(of) and self.at is not None and timedelta(0) <= now - self.at <= within


def snapshots(aws: "Clients", of: Cache) -> tuple[Snapshot, ...]:
    """Return the snapshots of a cache, newest first; before them those that are not ready. Raises AwsError."""
    found = _serverless(aws, of) if of.kind == "serverless" else _node_based(aws, of)
    return tuple(sorted(found, key=lambda each: (each.at is None, each.at or _NEVER, each.name), reverse=True))


def newest_fresh(found: Iterable[Snapshot], of: Cache, now: datetime, within: timedelta = FRESH) -> Snapshot | None:
    """Return the newest snapshot that is good for a restore, if there is one."""
    return next((each for each in found if each.fresh(of, now, within)), None)


def ours(aws: "Clients", arn: str) -> bool:
    """Tell whether a snapshot bears our tag. Raises AwsError."""
    tags = aws.elasticache.list_tags_for_resource(ResourceName=arn)["TagList"]
    return {"Key": TAG, "Value": OURS} in [{"Key": tag.get("Key"), "Value": tag.get("Value")} for tag in tags]


_NEVER = datetime.min.replace(tzinfo=UTC)


def _node_based(aws: "Clients", of: Cache) -> Iterator[Snapshot]:
    """Yield those of a cluster or a group: one that was taken of a replica is filed under that replica."""
    nodes = {of.id, *(node.id for node in of.nodes)}
    for page in aws.elasticache.get_paginator("describe_snapshots").paginate():
        for each in page["Snapshots"]:
            if not ({each.get("ReplicationGroupId", ""), each.get("CacheClusterId", "")} & nodes):
                continue
            saved = [
                node["SnapshotCreateTime"] for node in each.get("NodeSnapshots", []) if "SnapshotCreateTime" in node
            ]
            yield Snapshot(
                name=each["SnapshotName"],
                cache=of.id,
                status=each.get("SnapshotStatus", "unknown"),
                at=min(saved, default=None),
                shards=len(saved),
                manual=each.get("SnapshotSource", "manual") in {"manual", "user"},
                size=", ".join(node.get("CacheSize", "") for node in each.get("NodeSnapshots", [])),
                engine=f"{each.get('Engine', '')} {each.get('EngineVersion', '')}".strip(),
            )


def _serverless(aws: "Clients", of: Cache) -> Iterator[Snapshot]:
    pages = aws.elasticache.get_paginator("describe_serverless_cache_snapshots").paginate(ServerlessCacheName=of.id)
    for page in pages:
        for each in page["ServerlessCacheSnapshots"]:
            available = each.get("Status") == "available"
            yield Snapshot(
                name=each["ServerlessCacheSnapshotName"],
                cache=of.id,
                status=each.get("Status", "unknown"),
                at=each.get("CreateTime") if available else None,
                shards=1 if available else 0,
                manual=each.get("SnapshotType", "") == "manual",
                size=each.get("BytesUsedForCache", ""),
                serverless=True,
            )
