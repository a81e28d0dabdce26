"""What moto leaves out of ElastiCache: nodes with an endpoint, a status that takes its time, and snapshots that have to be made.

A snapshot is really saved by the Redis behind the cache where there is one, and is `creating` until that is done.
"""

import time
from datetime import UTC, datetime
from typing import Any

from remedy.lab.world.dependencies import Redis

TAKES = 4.0
"""Seconds at least for which a snapshot is being taken, and a cache is being made or rebooted."""


class Caches:
    """The caches of the environment; `redis` is what is behind the one that it began with."""

    def __init__(self, backend: Any, redis: Redis, name: str) -> None:  # noqa: ANN401 - moto's backend
        self._backend, self._redis, self._name = backend, redis, name
        self._begun: dict[str, float] = {}

    def tend(self) -> None:
        """Move everything that takes time on by as much as has passed."""
        for cluster in list(self._backend.cache_clusters.values()):
            self._cluster(cluster)
        for snapshot in list(self._backend.snapshots.values()):
            self._snapshot(snapshot)

    def _cluster(self, cluster: Any) -> None:  # noqa: ANN401
        host, port = self._redis.address.split(":")
        ours = cluster.cache_cluster_id == self._name
        if not ours and not self._over(f"cluster {cluster.cache_cluster_id}"):
            cluster.cache_cluster_status = "creating"
            return
        taking = any(
            each.cache_cluster_id == cluster.cache_cluster_id and each.snapshot_status == "creating"
            for each in self._backend.snapshots.values()
        )
        cluster.cache_cluster_status = "snapshotting" if taking else "available"
        cluster.security_groups = [{"SecurityGroupId": id_, "Status": "active"} for id_ in cluster.security_group_ids]
        endpoint = {"Address": host, "Port": int(port)}
        cluster.cache_nodes = [{"CacheNodeId": "0001", "CacheNodeStatus": "available", "Endpoint": endpoint}]

    def _snapshot(self, snapshot: Any) -> None:  # noqa: ANN401
        if getattr(snapshot, "node_snapshots", None):
            return
        first = snapshot.snapshot_name not in self._begun
        if first and snapshot.cache_cluster_id == self._name:
            self._redis.save()
        if not self._over(snapshot.snapshot_name) or self._redis.saving:
            snapshot.snapshot_status = "creating"
            return
        node = {
            "CacheClusterId": snapshot.cache_cluster_id,
            "CacheNodeId": "0001",
            "CacheSize": f"{max(1, self._redis.saved // 2**20)} MB",
            "SnapshotCreateTime": datetime.now(UTC),
        }
        snapshot.node_snapshots, snapshot.snapshot_status = [node], "available"

    def _over(self, what: str) -> bool:
        return time.monotonic() - self._begun.setdefault(what, time.monotonic()) >= TAKES
