"""ElastiCache: whether a cache is there, or still being made or changed."""

from typing import TYPE_CHECKING

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

AVAILABLE = "available"
MISSING = "not there"
_NONE = frozenset({"CacheClusterNotFound", "ReplicationGroupNotFoundFault"})


class Cache(Struct, frozen=True, kw_only=True):
    """A cache cluster or a replication group. `status` is AWS's own word, or `not there`."""

    id: str
    status: str


def cache_cluster(aws: "Clients", id_: str) -> Cache:
    """Describe one cache cluster."""
    try:
        (found,) = aws.elasticache.describe_cache_clusters(CacheClusterId=id_)["CacheClusters"]
    except AwsError as error:
        return _missing(id_, error)
    return Cache(id=id_, status=found.get("CacheClusterStatus", "unknown"))


def replication_group(aws: "Clients", id_: str) -> Cache:
    """Describe one replication group."""
    try:
        (found,) = aws.elasticache.describe_replication_groups(ReplicationGroupId=id_)["ReplicationGroups"]
    except AwsError as error:
        return _missing(id_, error)
    return Cache(id=id_, status=found.get("Status", "unknown"))


def _missing(id_: str, error: AwsError) -> Cache:
    if error.code not in _NONE:
        raise error
    return Cache(id=id_, status=MISSING)
