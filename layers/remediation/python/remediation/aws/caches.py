"""ElastiCache: what a cache is made of, whichever of AWS's three kinds of thing it is.

The rule of the domain (HAZARDS S4): a name says nothing about the kind. A node-based cache cluster, a replication group (whose
nodes are cache clusters too) and a serverless cache are described, snapshot and restored by calls of their own, so the name is
resolved by describing it, and what it turned out to be is a fact.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

Kind: TypeAlias = Literal["cluster", "group", "serverless"]
AVAILABLE = "available"
MISSING = "not there"
_NONE = frozenset({"CacheClusterNotFound", "ReplicationGroupNotFoundFault", "ServerlessCacheNotFoundFault"})


class Node(Struct, frozen=True, kw_only=True):
    """One node: the cache cluster that it is, what it does, and the shard that it belongs to."""

    id: str
    role: Literal["primary", "replica", "unknown"]
    shard: str = "0001"


class Cache(Struct, frozen=True, kw_only=True):
    """A cache as AWS describes it. `status` is AWS's own word, or `not there`; `host` is where writes go."""

    id: str
    kind: Kind
    status: str
    engine: str = ""
    version: str = ""
    node_type: str = ""
    nodes: tuple[Node, ...] = ()
    shards: int = 1
    clustered: bool = False
    """Cluster mode: its keys are spread over its shards, and clients are told where."""
    host: str = ""
    port: int = 0
    tls: bool = False
    token: bool = False
    subnet_group: str = ""
    security_groups: tuple[str, ...] = ()
    parameter_group: str = ""

    @property
    def replicas(self) -> tuple[Node, ...]:
        """Return the nodes that only follow."""
        return tuple(node for node in self.nodes if node.role == "replica")

    @property
    def single(self) -> bool:
        """Tell whether all that it holds is on one node, and nowhere else."""
        return self.kind == "cluster"


def cache(aws: "Clients", id_: str) -> Cache:
    """Describe a cache by its name, whatever it is. Raises AwsError."""
    for describe in (_cluster, _group, _serverless):
        try:
            return describe(aws, id_)
        except AwsError as error:
            if error.code not in _NONE:
                raise
    return Cache(id=id_, kind="cluster", status=MISSING)


def events(aws: "Clients", of: Cache, within: timedelta) -> tuple[str, ...]:
    """Return what ElastiCache says has happened to a cache lately, newest first, as lines. Raises AwsError."""
    if of.kind == "serverless":
        return ()
    source: Literal["cache-cluster", "replication-group"] = (
        "cache-cluster" if of.kind == "cluster" else "replication-group"
    )
    pages = aws.elasticache.get_paginator("describe_events").paginate(
        SourceType=source, SourceIdentifier=of.id, Duration=round(within.total_seconds() / 60)
    )
    found = [(each["Date"], each.get("Message", "")) for page in pages for each in page["Events"] if "Date" in each]
    return tuple(f"{at:%H:%M} UTC: {message}" for at, message in sorted(found, reverse=True))


def _cluster(aws: "Clients", id_: str) -> Cache:
    (found,) = aws.elasticache.describe_cache_clusters(CacheClusterId=id_, ShowCacheNodeInfo=True)["CacheClusters"]
    nodes = found.get("CacheNodes") or [{}]
    at: Any = found.get("ConfigurationEndpoint") or nodes[0].get("Endpoint") or {}
    return Cache(
        id=id_,
        kind="cluster",
        status=found.get("CacheClusterStatus", "unknown"),
        nodes=(Node(id=id_, role="primary"),),
        host=at.get("Address", ""),
        port=at.get("Port", 0),
        **_made_of(found),
    )


def _group(aws: "Clients", id_: str) -> Cache:
    (found,) = aws.elasticache.describe_replication_groups(ReplicationGroupId=id_)["ReplicationGroups"]
    shards = found.get("NodeGroups", [])
    clustered = found.get("ClusterEnabled", False)
    at: Any = found.get("ConfigurationEndpoint") if clustered else (shards[0] if shards else {}).get("PrimaryEndpoint")
    nodes = tuple(
        Node(
            id=member["CacheClusterId"],
            role=_ROLES.get(member.get("CurrentRole", ""), "unknown"),
            shard=shard.get("NodeGroupId", "0001"),
        )
        for shard in shards
        for member in shard.get("NodeGroupMembers", [])
    )
    member: Any = {}
    if nodes:  # what it is made of is told of its members only
        (member,) = aws.elasticache.describe_cache_clusters(CacheClusterId=nodes[0].id)["CacheClusters"]
    return Cache(
        id=id_,
        kind="group",
        status=found.get("Status", "unknown"),
        nodes=nodes,
        shards=max(1, len(shards)),
        clustered=clustered,
        host=(at or {}).get("Address", ""),
        port=(at or {}).get("Port", 0),
        **_made_of({**member, "CacheNodeType": found.get("CacheNodeType", member.get("CacheNodeType", ""))}),
    )


def _serverless(aws: "Clients", id_: str) -> Cache:
    (found,) = aws.elasticache.describe_serverless_caches(ServerlessCacheName=id_)["ServerlessCaches"]
    at: Any = found.get("Endpoint") or {}
    return Cache(
        id=id_,
        kind="serverless",
        status=found.get("Status", "unknown"),
        engine=found.get("Engine", ""),
        version=found.get("FullEngineVersion", ""),
        clustered=True,
        host=at.get("Address", ""),
        port=at.get("Port", 0),
        tls=True,
        security_groups=tuple(found.get("SecurityGroupIds", ())),
    )


_ROLES: dict[str, Literal["primary", "replica"]] = {"primary": "primary", "replica": "replica"}


def _made_of(cluster: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's many shapes of the same thing
    return {
        "engine": cluster.get("Engine", ""),
        "version": cluster.get("EngineVersion", ""),
        "node_type": cluster.get("CacheNodeType", ""),
        "tls": cluster.get("TransitEncryptionEnabled", False),
        "token": cluster.get("AuthTokenEnabled", False),
        "subnet_group": cluster.get("CacheSubnetGroupName", ""),
        "security_groups": tuple(each["SecurityGroupId"] for each in cluster.get("SecurityGroups", ())),
        "parameter_group": cluster.get("CacheParameterGroup", {}).get("CacheParameterGroupName", ""),
    }
