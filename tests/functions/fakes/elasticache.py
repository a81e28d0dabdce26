"""A fake of ElastiCache, and of the metrics of its nodes: it refuses what AWS refuses, with AWS's codes (HAZARDS 1.2)."""

from datetime import timedelta
from typing import Any

from tests.functions.fakes.caches import PER_DAY, PLACE_ARN, TAKES, CacheWorld, Kept
from tests.functions.fakes.figures import complete
from tests.functions.fakes.strict import Calls, Fake, Pages


class ElastiCache(Fake):
    """ElastiCache."""

    service = "elasticache"

    def __init__(self, world: CacheWorld, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._world = world

    def get_paginator(self, operation: str) -> Pages:
        """Answer a paginator of an operation that lists."""
        return Pages(
            {"describe_snapshots": self.describe_snapshots, "describe_events": self.describe_events}.get(
                operation, self.describe_serverless_cache_snapshots
            )
        )

    # ---------------------------------------------------------------------------------------------------------- caches

    def describe_cache_clusters(self, **asked: Any) -> Any:
        """Describe one."""
        self._asked("DescribeCacheClusters", asked)
        found = self._cluster("DescribeCacheClusters", asked["CacheClusterId"])
        shown = dict(found)
        if not asked.get("ShowCacheNodeInfo"):
            shown.pop("CacheNodes")
        return self._answered("DescribeCacheClusters", {"CacheClusters": [shown]})

    def describe_replication_groups(self, **asked: Any) -> Any:
        """Describe one."""
        self._asked("DescribeReplicationGroups", asked)
        group = self._group("DescribeReplicationGroups", asked["ReplicationGroupId"])
        return self._answered("DescribeReplicationGroups", {"ReplicationGroups": [group]})

    def describe_serverless_caches(self, **asked: Any) -> Any:
        """Describe one."""
        self._asked("DescribeServerlessCaches", asked)
        cache = self._serverless("DescribeServerlessCaches", asked["ServerlessCacheName"])
        return self._answered("DescribeServerlessCaches", {"ServerlessCaches": [cache]})

    def describe_events(self, **asked: Any) -> Any:
        """List what happened."""
        self._asked("DescribeEvents", asked)
        return self._answered("DescribeEvents", {"Events": self._world.events})

    def reboot_cache_cluster(self, **asked: Any) -> Any:
        """Reboot nodes of a cluster: it is not available meanwhile, and empty afterwards."""
        self._may("RebootCacheCluster", asked)
        found = self._cluster("RebootCacheCluster", asked["CacheClusterId"])
        if found["CacheClusterStatus"] != "available":
            self._refuse("RebootCacheCluster", "InvalidCacheClusterState", f"it is {found['CacheClusterStatus']}")
        assert asked["CacheNodeIdsToReboot"] == [node["CacheNodeId"] for node in found["CacheNodes"]]
        found["CacheClusterStatus"] = "rebooting cluster nodes"
        return self._answered("RebootCacheCluster", {"CacheCluster": found})

    def create_cache_cluster(self, **asked: Any) -> Any:
        """Make one, from a snapshot."""
        self._may("CreateCacheCluster", asked)
        name = asked["CacheClusterId"]
        if name in self._world.clusters:
            self._refuse("CreateCacheCluster", "CacheClusterAlreadyExists", name)
        self._from("CreateCacheCluster", asked["SnapshotName"])
        self._world.cluster(
            name,
            CacheClusterStatus="creating",
            CacheSubnetGroupName=asked["CacheSubnetGroupName"],
            CacheNodeType=asked["CacheNodeType"],
            SecurityGroups=[{"SecurityGroupId": id_, "Status": "active"} for id_ in asked["SecurityGroupIds"]],
            CacheParameterGroup={"CacheParameterGroupName": asked["CacheParameterGroupName"]},
        )
        self._world.made[name] = self._world.clock()
        return self._answered("CreateCacheCluster", {"CacheCluster": self._world.clusters[name]})

    def create_replication_group(self, **asked: Any) -> Any:
        """Make one, from a snapshot."""
        self._may("CreateReplicationGroup", asked)
        name = asked["ReplicationGroupId"]
        if name in self._world.groups:
            self._refuse("CreateReplicationGroup", "ReplicationGroupAlreadyExists", name)
        kept = self._from("CreateReplicationGroup", asked["SnapshotName"])
        self._world.group(name, shards=len(kept.of), replicas=1, clustered=len(kept.of) > 1)
        self._world.groups[name]["Status"] = "creating"
        self._world.made[name] = self._world.clock()
        return self._answered("CreateReplicationGroup", {"ReplicationGroup": self._world.groups[name]})

    def tend(self) -> None:
        """Let what was made become available in its time."""
        for name, since in self._world.made.items():
            if self._world.clock() - since >= TAKES:
                if name in self._world.groups:
                    self._world.groups[name]["Status"] = "available"
                else:
                    self._world.clusters[name]["CacheClusterStatus"] = "available"

    # ------------------------------------------------------------------------------------------------------- snapshots

    def describe_snapshots(self, **asked: Any) -> Any:
        """List those of clusters and groups."""
        self._asked("DescribeSnapshots", asked)
        world = self._world
        listed = [self._shown(kept) for kept in world.snapshots.values() if kept.by not in world.serverless]
        return self._answered("DescribeSnapshots", {"Snapshots": listed})

    def describe_serverless_cache_snapshots(self, **asked: Any) -> Any:
        """List those of a serverless cache."""
        self._asked("DescribeServerlessCacheSnapshots", asked)
        listed = [
            {
                "ServerlessCacheSnapshotName": kept.name,
                "SnapshotType": kept.source,
                "Status": self._world.status(kept),
                "CreateTime": kept.begun,
                "BytesUsedForCache": "1048576",
            }
            for kept in self._world.snapshots.values()
            if kept.by == asked["ServerlessCacheName"]
        ]
        return self._answered("DescribeServerlessCacheSnapshots", {"ServerlessCacheSnapshots": listed})

    def list_tags_for_resource(self, **asked: Any) -> Any:
        """List the tags of a snapshot."""
        self._asked("ListTagsForResource", asked)
        start, _, name = asked["ResourceName"].rpartition(":")
        kept = self._kept("ListTagsForResource", name)
        kind = "serverlesscachesnapshot" if kept.by in self._world.serverless else "snapshot"
        assert start == f"{PLACE_ARN}:{kind}"
        tags = [{"Key": key, "Value": value} for key, value in kept.tags.items()]
        return self._answered("ListTagsForResource", {"TagList": tags})

    def create_snapshot(self, **asked: Any) -> Any:
        """Begin one of a cluster or a group."""
        self._may("CreateSnapshot", asked)
        world, name = self._world, asked["SnapshotName"]
        cluster, group = asked.get("CacheClusterId"), asked.get("ReplicationGroupId")
        if bool(cluster) == bool(group):
            self._refuse("CreateSnapshot", "InvalidParameterCombination", "either a cluster or a group")
        found = self._cluster("CreateSnapshot", cluster) if cluster else self._group("CreateSnapshot", str(group))
        member = world.groups.get(found.get("ReplicationGroupId", "")) if cluster else None
        if member and member["ClusterEnabled"]:
            self._refuse("CreateSnapshot", "InvalidParameterCombination", "cluster mode is saved by its group")
        engine = found.get("Engine", "redis")
        if engine == "memcached" or found["CacheNodeType"] == "cache.t1.micro":
            self._refuse("CreateSnapshot", "SnapshotFeatureNotSupportedFault", engine)
        status = found["CacheClusterStatus"] if cluster else found["Status"]
        if status != "available":
            code = "InvalidCacheClusterState" if cluster else "InvalidReplicationGroupState"
            self._refuse("CreateSnapshot", code, f"it is {status}")
        self._begin("CreateSnapshot", name, str(cluster or group), asked["Tags"], group=bool(group))
        return self._answered("CreateSnapshot", {"Snapshot": self._shown(world.snapshots[name])})

    def create_serverless_cache_snapshot(self, **asked: Any) -> Any:
        """Begin one of a serverless cache."""
        self._may("CreateServerlessCacheSnapshot", asked)
        cache = self._serverless("CreateServerlessCacheSnapshot", asked["ServerlessCacheName"])
        if cache["Status"] != "available":
            self._refuse("CreateServerlessCacheSnapshot", "InvalidServerlessCacheStateFault", cache["Status"])
        name = asked["ServerlessCacheSnapshotName"]
        self._begin("CreateServerlessCacheSnapshot", name, asked["ServerlessCacheName"], asked["Tags"], group=False)
        return self._answered("CreateServerlessCacheSnapshot", {})

    def delete_snapshot(self, **asked: Any) -> Any:
        """Delete one of a cluster or a group."""
        self._may("DeleteSnapshot", asked)
        kept = self._kept("DeleteSnapshot", asked["SnapshotName"])
        assert kept.by not in self._world.serverless
        if self._world.status(kept) == "creating":
            self._refuse("DeleteSnapshot", "InvalidSnapshotState", "it is creating")
        del self._world.snapshots[kept.name]
        return self._answered("DeleteSnapshot", {"Snapshot": self._shown(kept)})

    def delete_serverless_cache_snapshot(self, **asked: Any) -> Any:
        """Delete one of a serverless cache."""
        self._may("DeleteServerlessCacheSnapshot", asked)
        kept = self._kept("DeleteServerlessCacheSnapshot", asked["ServerlessCacheSnapshotName"])
        del self._world.snapshots[kept.name]
        return self._answered("DeleteServerlessCacheSnapshot", {})

    # --------------------------------------------------------------------------------------------------------- refusing

    def _may(self, operation: str, asked: Any) -> None:
        assert self._acting, f"{operation} changes something and was asked of a client that looks"
        self._asked(operation, asked)
        if code := self._world.refuses.get(operation):
            self._refuse(operation, code, "as the test says")

    def _begin(self, operation: str, name: str, by: str, tags: Any, *, group: bool) -> None:
        world = self._world
        serverless = "Serverless" in operation
        if not world.sound(name):
            self._refuse(operation, "InvalidParameterValue", f"{name} is no name of a snapshot")
        if name in world.snapshots:
            code = "ServerlessCacheSnapshotAlreadyExistsFault" if serverless else "SnapshotAlreadyExistsFault"
            self._refuse(operation, code, name)
        lately = [each for each in world.snapshots.values() if world.clock() - each.begun < timedelta(hours=24)]
        if sum(each.by == by and each.source == "manual" for each in lately) >= PER_DAY:
            code = "ServerlessCacheSnapshotQuotaExceededFault" if serverless else "SnapshotQuotaExceededFault"
            self._refuse(operation, code, "too many within 24 hours")
        told = {tag["Key"]: tag["Value"] for tag in tags}
        world.kept(name, by, timedelta(0), tags=told)
        assert world.snapshots[name].group == group

    def _shown(self, kept: Kept) -> dict[str, Any]:
        status = self._world.status(kept)
        saved = kept.of[kept.lost :] if status == "available" else ()
        return {
            "SnapshotName": kept.name,
            "SnapshotStatus": status,
            "SnapshotSource": kept.source,
            "Engine": "redis",
            "EngineVersion": "7.0.7",
            "NumNodeGroups": len(kept.of),
            ("ReplicationGroupId" if kept.group else "CacheClusterId"): kept.by,
            "NodeSnapshots": [
                {"CacheClusterId": node, "CacheSize": "4 MB", "SnapshotCreateTime": kept.begun + TAKES}
                for node in saved
            ],
        }

    def _from(self, operation: str, name: str) -> Kept:
        kept = self._kept(operation, name)
        if self._world.status(kept) != "available":
            self._refuse(operation, "InvalidSnapshotState", self._world.status(kept))
        return kept

    def _kept(self, operation: str, name: str) -> Kept:
        if name not in self._world.snapshots:
            self._refuse(operation, "SnapshotNotFoundFault", name)
        return self._world.snapshots[name]

    def _cluster(self, operation: str, name: str) -> dict[str, Any]:
        self.tend()
        if name not in self._world.clusters:
            self._refuse(operation, "CacheClusterNotFound", name)
        return self._world.clusters[name]

    def _group(self, operation: str, name: str) -> dict[str, Any]:
        self.tend()
        if name not in self._world.groups:
            self._refuse(operation, "ReplicationGroupNotFoundFault", name)
        return self._world.groups[name]

    def _serverless(self, operation: str, name: str) -> dict[str, Any]:
        if name not in self._world.serverless:
            self._refuse(operation, "ServerlessCacheNotFoundFault", name)
        return self._world.serverless[name]


class Measurements(Fake):
    """CloudWatch, as far as it is asked for values."""

    service = "cloudwatch"

    def __init__(self, world: CacheWorld, calls: Calls) -> None:
        super().__init__(calls)
        self._world = world

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of GetMetricData."""
        assert operation == "get_metric_data"
        return Pages(self.get_metric_data)

    def get_metric_data(self, **asked: Any) -> Any:
        """Answer the values that the world has, newest first."""
        self._asked("GetMetricData", asked)
        measured = self._world.measured
        results = [
            complete(query, measured.get(query["MetricStat"]["Metric"]["MetricName"], []), asked["EndTime"])
            for query in asked["MetricDataQueries"]
        ]
        return self._answered("GetMetricData", {"MetricDataResults": results})


class CacheClients:
    """What a runbook about caches is handed as `aws`."""

    def __init__(self, world: CacheWorld, place: Any) -> None:
        self.place, self.calls, self.now = place, Calls(), world.clock
        self.elasticache = ElastiCache(world, self.calls)
        self.cloudwatch, self.secretsmanager = Measurements(world, self.calls), Secrets(self.calls)
        self.acting = Acting(ElastiCache(world, self.calls, acting=True))

    @property
    def mutations(self) -> list[str]:
        """Return what was changed."""
        return [call.operation for call in self.calls.made if call.acting]


class Acting:
    """The clients that change something."""

    def __init__(self, elasticache: ElastiCache) -> None:
        self.elasticache = elasticache


class Secrets(Fake):
    """Secrets Manager, with one secret."""

    service = "secretsmanager"

    def get_secret_value(self, **asked: Any) -> Any:
        """Answer it."""
        self._asked("GetSecretValue", asked)
        return self._answered("GetSecretValue", {"SecretString": "canary-of-a-token-4711"})
