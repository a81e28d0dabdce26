"""Read what a new cache is made of: from the snapshot, and from the cache that was saved, which knows more and may be gone.

A snapshot tells the engine, the node type, the groups of parameters and subnets, and the port. It does not tell the security
groups, the encryption, nor how one logs in (CreateSnapshot in the API Reference).
"""

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from remediation.aws.caches import MISSING, Cache, cache
from remediation.core.errors import AwsError
from restore_redis_snapshot.facts import Recipe
from restore_redis_snapshot.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients


def recipe(aws: "Clients", settings: Settings, name: str) -> Recipe | None:
    """Return the recipe of what a snapshot holds; None where there is no such snapshot. Raises AwsError."""
    try:
        (found,) = aws.elasticache.describe_snapshots(SnapshotName=name, ShowNodeGroupConfig=True)["Snapshots"]
    except AwsError as error:
        if error.code != "SnapshotNotFoundFault":
            raise
        return None
    alone = _told_by(found, settings)
    if not alone.ours:
        return alone
    source = cache(aws, alone.of)
    if source.status == MISSING:
        return replace(alone, gone=True, security_groups=settings.security_groups)
    return _completed(aws, alone, source)


def _told_by(found: Any, settings: Settings) -> Recipe:  # noqa: ANN401 - boto3's shape of a snapshot
    saved_of = found.get("ReplicationGroupId") or found.get("CacheClusterId", "")
    of = settings.called(saved_of)
    parts = found.get("NodeSnapshots", [])
    saved = [part["SnapshotCreateTime"] for part in parts if "SnapshotCreateTime" in part]
    shards = found.get("NumNodeGroups") or 1
    group = bool(found.get("ReplicationGroupId")) or shards > 1 or saved_of != (of or saved_of)
    return Recipe(
        snapshot=found["SnapshotName"],
        status=found.get("SnapshotStatus", "unknown"),
        of=of or saved_of,
        ours=bool(of),
        at=min(saved, default=None),
        size=", ".join(part.get("CacheSize", "") for part in parts),
        kind="group" if group else "cluster",
        engine=found.get("Engine", "redis"),
        version=found.get("EngineVersion", ""),
        node_type=found.get("CacheNodeType", ""),
        port=found.get("Port", 6379),
        subnet_group=found.get("CacheSubnetGroupName", ""),
        parameter_group=found.get("CacheParameterGroupName", ""),
        shards=shards,
        saved=len(saved),
        replicas=max((part.get("NodeGroupConfiguration", {}).get("ReplicaCount", 0) for part in parts), default=0),
        clustered=shards > 1,
        at_rest=group,  # what is known of a group that is gone: encrypted does no harm, the opposite may
        key=found.get("KmsKeyId", ""),
    )


def _completed(aws: "Clients", alone: Recipe, source: Cache) -> Recipe:
    """Return the recipe as the cache is now, which has been changed since, perhaps, by Terraform: what is there is meant."""
    now = replace(
        alone,
        kind=source.kind,
        node_type=source.node_type or alone.node_type,
        port=source.port or alone.port,
        subnet_group=source.subnet_group or alone.subnet_group,
        security_groups=source.security_groups,
        parameter_group=source.parameter_group or alone.parameter_group,
        clustered=source.clustered,
        replicas=max(0, len(source.nodes) // source.shards - 1),
        tls=source.tls,
        token=source.token,
    )
    if source.kind != "group":
        return replace(now, at_rest=False)
    (group,) = aws.elasticache.describe_replication_groups(ReplicationGroupId=source.id)["ReplicationGroups"]
    return replace(
        now,
        at_rest=group.get("AtRestEncryptionEnabled", False),
        token=group.get("AuthTokenEnabled", source.token),
        users=bool(group.get("UserGroupIds")),
        key=group.get("KmsKeyId", alone.key),
    )
