"""Take one snapshot, or delete one of ours. Each is one call; what was made before is met again, not made twice."""

from typing import TYPE_CHECKING

from remediation.aws.snapshots import OURS, TAG
from remediation.core.errors import AwsError, LeftAloneError
from snapshot_redis.facts import Judged
from snapshot_redis.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_elasticache.type_defs import TagTypeDef

    from remediation.adapters.clients import Clients

_THERE = frozenset({"SnapshotAlreadyExistsFault", "ServerlessCacheSnapshotAlreadyExistsFault"})
_BUSY = frozenset({"InvalidCacheClusterState", "InvalidReplicationGroupState", "InvalidServerlessCacheStateFault"})
"""Somebody began to work on it since it was judged: the next look waits for that (HAZARDS S7)."""
_GONE = frozenset({"SnapshotNotFoundFault", "ServerlessCacheSnapshotNotFoundFault"})


def take_snapshot(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Have AWS save a cache. Raises AwsError, and LeftAloneError where it is not available any more."""
    tags: list[TagTypeDef] = [
        {"Key": TAG, "Value": OURS},
        {"Key": "Environment", "Value": aws.place.environment},
    ]
    elasticache = aws.acting.elasticache
    try:
        match target.kind:
            case "cluster":
                elasticache.create_snapshot(SnapshotName=target.id, CacheClusterId=target.of, Tags=tags)
            case "group":
                elasticache.create_snapshot(SnapshotName=target.id, ReplicationGroupId=target.of, Tags=tags)
            case "serverless":
                elasticache.create_serverless_cache_snapshot(
                    ServerlessCacheSnapshotName=target.id, ServerlessCacheName=target.of, Tags=tags
                )
    except AwsError as error:
        if error.code in _THERE:
            return f"{target.id} was asked for before."
        if error.code in _BUSY:
            raise LeftAloneError(f"{target.of} is not available any more.") from error
        raise
    return f"{target.of} is being saved as {target.id}."


def delete_snapshot(aws: "Clients", settings: Settings, target: Judged) -> str:
    """Delete a snapshot of ours. Raises AwsError, and LeftAloneError where it is gone."""
    elasticache = aws.acting.elasticache
    try:
        if target.kind == "serverless":
            elasticache.delete_serverless_cache_snapshot(ServerlessCacheSnapshotName=target.id)
        else:
            elasticache.delete_snapshot(SnapshotName=target.id)
    except AwsError as error:
        if error.code in _GONE:
            raise LeftAloneError(f"{target.id} is gone already.") from error
        raise
    return f"{target.id} is deleted."
