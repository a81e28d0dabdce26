"""A fake of ElastiCache where caches are made from snapshots, which refuses what AWS refuses; and of the probe in the VPC."""

import io
import json
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec

from remediation.core.errors import AwsError
from remediation.core.probed import Fault, Layer, Probed, Step
from remediation.core.spec import Place
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import ElastiCache
from tests.functions.fakes.strict import Calls

SUBNETS, PARAMETERS, SHARDED_PARAMETERS = "dev-elasticache-subnets", "dev-redis7", "dev-redis7.cluster.on"
GROUP = "sg-0c0c0c0c0c0c0c0c0"
_LONGEST = {"CreateCacheCluster": 50, "CreateReplicationGroup": 40}


class Restoring(ElastiCache):
    """ElastiCache, asked for one snapshot and to make caches of it."""

    def describe_snapshots(self, **asked: Any) -> Any:
        """Describe one by its name, with what it remembers of its cache."""
        self._asked("DescribeSnapshots", asked)
        kept = self._kept("DescribeSnapshots", asked["SnapshotName"])
        sharded = len(kept.of) > 1
        remembered = {
            "CacheNodeType": "cache.t3.small" if kept.group else "cache.t3.micro",
            "Port": 6379,
            "CacheSubnetGroupName": SUBNETS,
            "CacheParameterGroupName": SHARDED_PARAMETERS if sharded else PARAMETERS,
        }
        shown = self._shown(kept) | remembered
        if sharded:
            for part in shown["NodeSnapshots"]:
                part["NodeGroupConfiguration"] = {"ReplicaCount": 1}
        return self._answered("DescribeSnapshots", {"Snapshots": [shown]})

    def create_cache_cluster(self, **asked: Any) -> Any:
        """Make a cluster of one node."""
        self._may("CreateCacheCluster", asked)
        name = asked["CacheClusterId"]
        self._fit("CreateCacheCluster", name, "CacheClusterAlreadyExists", asked)
        if len(self._world.snapshots[asked["SnapshotName"]].of) > 1:
            self._refuse("CreateCacheCluster", "InvalidParameterCombination", "the snapshot has several shards")
        self._world.cluster(name, CacheClusterStatus="creating", **_made_of(asked))
        self._world.made[name] = self._world.clock()
        return self._answered("CreateCacheCluster", {"CacheCluster": self._world.clusters[name]})

    def create_replication_group(self, **asked: Any) -> Any:
        """Make a group: of several nodes of one shard, or in cluster mode."""
        operation, name = "CreateReplicationGroup", asked["ReplicationGroupId"]
        self._may(operation, asked)
        self._fit(operation, name, "ReplicationGroupAlreadyExists", asked)
        shards = len(self._world.snapshots[asked["SnapshotName"]].of)
        sharded = "NumNodeGroups" in asked
        if sharded == ("NumCacheClusters" in asked):
            self._refuse(operation, "InvalidParameterCombination", "either nodes or shards")
        if sharded != asked["CacheParameterGroupName"].endswith(".cluster.on"):
            self._refuse(operation, "InvalidParameterCombination", "the parameter group is of the other mode")
        if asked.get("NumNodeGroups", 1) < shards:
            self._refuse(operation, "InvalidParameterValue", "fewer shards than the snapshot has")
        copies = asked["ReplicasPerNodeGroup"] + 1 if sharded else asked["NumCacheClusters"]
        if asked["AutomaticFailoverEnabled"] != (sharded or copies > 1):
            self._refuse(
                operation, "InvalidParameterCombination", "failover takes a replica, and cluster mode failover"
            )
        self._world.group(name, shards=asked.get("NumNodeGroups", 1), replicas=copies - 1, clustered=sharded)
        self._world.groups[name] |= {
            "Status": "creating",
            "AtRestEncryptionEnabled": asked["AtRestEncryptionEnabled"],
            "TransitEncryptionEnabled": asked["TransitEncryptionEnabled"],
        }
        self._world.made[name] = self._world.clock()
        return self._answered(operation, {"ReplicationGroup": self._world.groups[name]})

    def _fit(self, operation: str, name: str, taken: str, asked: Any) -> None:
        world = self._world
        if not world.sound(name) or len(name) > _LONGEST[operation]:
            self._refuse(operation, "InvalidParameterValue", f"{name} is no name")
        if name in world.clusters or name in world.groups:
            self._refuse(operation, taken, name)
        self._from(operation, asked["SnapshotName"])
        if asked["CacheSubnetGroupName"] != SUBNETS:
            self._refuse(operation, "CacheSubnetGroupNotFoundFault", asked["CacheSubnetGroupName"])
        if asked["CacheParameterGroupName"] not in {PARAMETERS, SHARDED_PARAMETERS}:
            self._refuse(operation, "CacheParameterGroupNotFound", asked["CacheParameterGroupName"])
        if not all(group.startswith("sg-") for group in asked["SecurityGroupIds"]):
            self._refuse(operation, "InvalidParameterValue", "no such security group")
        if asked["EngineVersion"].count(".") != 1:
            self._refuse(operation, "InvalidParameterCombination", f"cannot find version {asked['EngineVersion']}")


class Probe:
    """The probe's function. `fails` is what it finds wrong with what layer; `down` says that it does not answer itself."""

    def __init__(self, calls: Calls, world: CacheWorld) -> None:
        self._calls, self._world = calls, world
        self.fails: tuple[Layer, Fault] | None = None
        self.down = False
        self.asked: list[tuple[str, int]] = []

    def invoke(self, **asked: Any) -> Any:
        """Look at one endpoint."""
        assert asked["FunctionName"] == "dev-probe-dependencies:live"
        if self.down:
            raise AwsError("Lambda did not answer.", operation="Lambda:Invoke", code="ReadTimeoutError")
        told = json.loads(asked["Payload"])
        assert told["probe"] == "redis"
        self.asked.append((told["host"], told["port"]))
        layer: Layer = self.fails[0] if self.fails else "ping"
        fault = self.fails[1] if self.fails else None
        step = Step(layer=layer, because=f"Redis was asked to {layer}.", fault=fault)
        at = self._world.clock() + timedelta(seconds=1)
        found = Probed(dependency="redis", host=told["host"], port=told["port"], at=at, steps=(step,))
        return {"StatusCode": 200, "Payload": io.BytesIO(msgspec.json.encode(found))}


class RestoringClients:
    """What the runbook is handed as `aws`."""

    def __init__(self, world: CacheWorld, place: Place) -> None:
        self.place, self.calls = place, Calls()
        self.elasticache = Restoring(world, self.calls)
        self.probe = Probe(self.calls, world)
        self.acting = SimpleNamespace(elasticache=Restoring(world, self.calls, acting=True), lambda_=self.probe)

    @property
    def mutations(self) -> list[str]:
        """Return what was changed."""
        return [call.operation for call in self.calls.made if call.acting]


def _made_of(asked: Any) -> dict[str, Any]:
    return {
        "CacheSubnetGroupName": asked["CacheSubnetGroupName"],
        "CacheNodeType": asked["CacheNodeType"],
        "SecurityGroups": [{"SecurityGroupId": id_, "Status": "active"} for id_ in asked["SecurityGroupIds"]],
        "CacheParameterGroup": {"CacheParameterGroupName": asked["CacheParameterGroupName"]},
    }
