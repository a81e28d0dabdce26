"""Make the new cache that was approved, in one call. AWS refuses a name that is taken, so nothing can be overwritten."""

from typing import TYPE_CHECKING, Any

from remediation.core.errors import AwsError, LeftAloneError
from restore_redis_snapshot.facts import Recipe, Restore
from restore_redis_snapshot.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

_TAKEN = frozenset({"CacheClusterAlreadyExists", "ReplicationGroupAlreadyExists"})
WITHOUT_PATCH = 6
"""From this major version on, ElastiCache chooses the patch, and refuses to be told it."""


def restore(aws: "Clients", settings: Settings, target: Restore) -> str:
    """Make a cache cluster or a replication group. Raises AwsError, and LeftAloneError where the name is taken by now."""
    recipe = target.recipe
    elasticache = aws.acting.elasticache
    try:
        if recipe.kind == "cluster":
            elasticache.create_cache_cluster(CacheClusterId=target.id, NumCacheNodes=1, **_common(aws, recipe))
        else:
            elasticache.create_replication_group(
                ReplicationGroupId=target.id,
                ReplicationGroupDescription=f"Restored from {recipe.snapshot}",
                TransitEncryptionEnabled=recipe.tls,
                AtRestEncryptionEnabled=recipe.at_rest,
                AutomaticFailoverEnabled=recipe.clustered or recipe.replicas > 0,
                **_size(recipe),
                **_common(aws, recipe),
            )
    except AwsError as error:
        if error.code in _TAKEN:
            raise LeftAloneError(f"Somebody has made {target.id} meanwhile; it is not overwritten.") from error
        raise
    return f"{target.id} is being made from {recipe.snapshot}."


def _common(aws: "Clients", recipe: Recipe) -> dict[str, Any]:
    tags = {"ManagedBy": "remediation", "Environment": aws.place.environment, "RestoredFrom": recipe.snapshot}
    return {
        "SnapshotName": recipe.snapshot,
        "Engine": recipe.engine,
        "EngineVersion": asked_version(recipe.version),
        "CacheNodeType": recipe.node_type,
        "CacheParameterGroupName": recipe.parameter_group,
        "CacheSubnetGroupName": recipe.subnet_group,
        "SecurityGroupIds": list(recipe.security_groups),
        "Port": recipe.port,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def _size(recipe: Recipe) -> dict[str, Any]:
    if recipe.clustered:
        return {"NumNodeGroups": recipe.shards, "ReplicasPerNodeGroup": recipe.replicas}
    return {"NumCacheClusters": 1 + recipe.replicas}


def asked_version(version: str) -> str:
    """Return a version as ElastiCache takes it: `7.0.7` is asked for as `7.0`, and `5.0.6` as it is."""
    major, _, rest = version.partition(".")
    return f"{major}.{rest.partition('.')[0]}" if int(major or 0) >= WITHOUT_PATCH else version
