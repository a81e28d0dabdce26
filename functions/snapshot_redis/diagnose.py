"""Look at the caches, at their snapshots, and at how hard the nodes work."""

from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.aws.caches import MISSING, Cache, cache
from remediation.aws.measured import Wanted, measured
from remediation.aws.snapshots import ours, snapshots
from snapshot_redis.facts import Facts, Load, Saved
from snapshot_redis.naming import arn
from snapshot_redis.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LATELY, PERIOD = timedelta(minutes=10), timedelta(minutes=5)


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Describe each cache that the incident is about. Tags are read only of what might be deleted."""
    names = (settings.called(incident.cache),) if incident.cache else settings.caches
    within = timedelta(minutes=incident.fresh_within) if incident.fresh_within else settings.every
    return Facts(
        caches=tuple(_saved(aws, settings, name) for name in names),
        within=within,
        asked=bool(incident.fresh_within),
    )


def _saved(aws: "Clients", settings: Settings, name: str) -> Saved:
    found = cache(aws, name)
    if found.status == MISSING:
        return Saved(cache=found)
    known = snapshots(aws, found)
    spare = [each for each in known if each.named_by_us and each.status == "available"][settings.keep :]
    return Saved(
        cache=found,
        snapshots=known,
        tagged=tuple(each.name for each in spare if ours(aws, arn(aws.place, each))),
        load=_load(aws, found),
    )


def _load(aws: "Clients", found: Cache) -> Load:
    """Measure the node that would be saved where there is no replica to save."""
    if found.kind == "serverless" or found.replicas or not found.nodes:
        return Load()
    on = {"CacheClusterId": found.nodes[0].id}
    wanted = {
        "memory": Wanted(
            namespace="AWS/ElastiCache", metric="DatabaseMemoryUsagePercentage", dimensions=on, statistic="Maximum"
        ),
        "evictions": Wanted(namespace="AWS/ElastiCache", metric="Evictions", dimensions=on, statistic="Sum"),
        "cpu": Wanted(namespace="AWS/ElastiCache", metric="EngineCPUUtilization", dimensions=on, statistic="Maximum"),
    }
    found_values = measured(aws, wanted, aws.now(), LATELY, PERIOD)
    return Load(
        memory=max(found_values["memory"], default=None),
        evictions=sum(found_values["evictions"]) if found_values["evictions"] else None,
        cpu=max(found_values["cpu"], default=None),
    )
