"""A world of caches, as ElastiCache keeps them: clusters, groups, serverless caches, and snapshots that take their time."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

PLACE_ARN = "arn:aws:elasticache:us-east-1:123456789012"
TAKES = timedelta(minutes=3)
"""How long a snapshot is `creating`, and a cache too."""
PER_DAY = 20
_NAME = re.compile(r"[A-Za-z](?:-?[A-Za-z0-9])*")


@dataclass(kw_only=True)
class Kept:
    """One snapshot. `of` are the cache clusters (nodes) that were saved; `by` is what was asked for."""

    name: str
    by: str
    group: bool
    of: tuple[str, ...]
    begun: datetime
    tags: dict[str, str] = field(default_factory=dict)
    source: str = "manual"
    status: str = ""
    """Only where it is not what its age says."""
    lost: int = 0
    """How many of its shards were not saved."""


@dataclass(kw_only=True)
class CacheWorld:
    """What there is. `measured` are values of metrics by name, newest first; `refuses` are codes by operation."""

    clock: Callable[[], datetime]
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    serverless: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshots: dict[str, Kept] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    measured: dict[str, list[float]] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    made: dict[str, datetime] = field(default_factory=dict)
    """Since when a cache is being made that was asked for."""

    def cluster(self, name: str, **told: Any) -> None:
        """Add a node-based cache."""
        self.clusters[name] = {
            "CacheClusterId": name,
            "CacheClusterStatus": "available",
            "Engine": "redis",
            "EngineVersion": "7.0.7",
            "CacheNodeType": "cache.t3.micro",
            "NumCacheNodes": 1,
            "CacheSubnetGroupName": "dev-elasticache-subnets",
            "SecurityGroups": [{"SecurityGroupId": "sg-0c0c0c0c0c0c0c0c0", "Status": "active"}],
            "CacheParameterGroup": {"CacheParameterGroupName": "dev-redis7", "CacheNodeIdsToReboot": []},
            "TransitEncryptionEnabled": False,
            "AuthTokenEnabled": False,
            "CacheNodes": [
                {
                    "CacheNodeId": "0001",
                    "CacheNodeStatus": "available",
                    "Endpoint": {"Address": f"{name}.abc123.0001.use1.cache.amazonaws.com", "Port": 6379},
                }
            ],
        } | told

    def group(self, name: str, *, shards: int = 1, replicas: int = 1, clustered: bool = False) -> None:
        """Add a replication group with its nodes."""
        node_groups = []
        for shard in range(1, shards + 1):
            members = []
            for copy in range(1, replicas + 2):
                member = f"{name}-{shard:04d}-{copy:03d}" if clustered else f"{name}-{copy:03d}"
                self.cluster(member, ReplicationGroupId=name)
                role = {} if clustered else {"CurrentRole": "primary" if copy == 1 else "replica"}
                members.append({"CacheClusterId": member, "CacheNodeId": "0001", **role})
            at = {"Address": f"{name}.abc123.ng.0001.use1.cache.amazonaws.com", "Port": 6379}
            node_groups.append(
                {
                    "NodeGroupId": f"{shard:04d}",
                    "Status": "available",
                    "NodeGroupMembers": members,
                    **({} if clustered else {"PrimaryEndpoint": at}),
                }
            )
        at = {"Address": f"{name}.abc123.clustercfg.use1.cache.amazonaws.com", "Port": 6379}
        self.groups[name] = {
            "ReplicationGroupId": name,
            "Description": name,
            "Status": "available",
            "ClusterEnabled": clustered,
            "NodeGroups": node_groups,
            "CacheNodeType": "cache.t3.small",
            **({"ConfigurationEndpoint": at} if clustered else {}),
        }

    def kept(self, name: str, by: str, ago: timedelta, **told: Any) -> Kept:
        """Add a snapshot that was begun so long ago."""
        group = by in self.groups
        of = self.primaries(by) if group else (by,)
        self.snapshots[name] = Kept(name=name, by=by, group=group, of=of, begun=self.clock() - ago, **told)
        return self.snapshots[name]

    def primaries(self, group: str) -> tuple[str, ...]:
        """Return one node for each shard of a group."""
        return tuple(shard["NodeGroupMembers"][0]["CacheClusterId"] for shard in self.groups[group]["NodeGroups"])

    def status(self, kept: Kept) -> str:
        """Return what a snapshot is by now."""
        return kept.status or ("available" if self.clock() - kept.begun >= TAKES else "creating")

    def sound(self, name: str) -> bool:
        """Tell whether AWS takes a name."""
        return len(name) <= 255 and bool(_NAME.fullmatch(name))
