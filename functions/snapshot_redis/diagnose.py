"""Look at the caches, at their snapshots, and at how hard the nodes work."""

from datetime import timedelta
from typing import TYPE_CHECKING

from remediation.aws.caches import MISSING, Cache, cache
from remediation.aws.load import Figure, values
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
        name: Figure(namespace="AWS/ElastiCache", metric=metric, dimensions=on, statistic=statistic, period=PERIOD)
        for name, metric, statistic in (
            ("memory", "DatabaseMemoryUsagePercentage", "Maximum"),
            ("evictions", "Evictions", "Sum"),
            ("cpu", "EngineCPUUtilization", "Maximum"),
        )
    }
    seen = values(aws, wanted, within=LATELY, until=aws.now())
    return Load(
        memory=max(seen["memory"], default=None),
        evictions=sum(seen["evictions"]) if seen["evictions"] else None,
        cpu=max(seen["cpu"], default=None),
    )
