"""Look at Redis from within the VPC, at what AWS says of it, and at the way to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from remediation.aws.caches import MISSING, Cache, cache, events
from remediation.aws.cloudtrail import Change, changes
from remediation.aws.load import Figure, values
from remediation.aws.probing import probe
from remediation.aws.rules import ingress_rules
from remediation.aws.snapshots import snapshots
from remediation.core.errors import AwsError
from remediation.core.probed import Probed
from restore_redis_access.facts import Facts
from restore_redis_access.rule import opens
from restore_redis_access.settings import Incident, Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LATELY, PERIOD = timedelta(minutes=10), timedelta(minutes=5)
EVENTS_OF = timedelta(hours=1)
REMOVED_WITHIN = timedelta(hours=24)
WATCHED = timedelta(minutes=10)
"""What was not looked at for so long may have been there meanwhile: since when it is missing begins anew."""
REMOVING = frozenset({"RevokeSecurityGroupIngress", "ModifySecurityGroupRules"})


def diagnose(aws: "Clients", settings: Settings, incident: Incident) -> Facts:
    """Describe the cache and its group, and ask the probe; who took the rule away is asked only where it is missing.

    The probe comes after the rules: what another run mends meanwhile is not taken for a fault of something else.
    """
    found, rules = cache(aws, settings.cache), ingress_rules(aws, settings.group)
    probed, unasked = _probed(aws)
    there = rules is None or any(opens(rule, settings) for rule in rules)
    seen = None if there else aws.sightings.see(subject(settings), "missing", "", within=WATCHED)
    if there:
        aws.sightings.see(subject(settings), "there", "")
    kept = aws.sightings.kept(subject(settings))
    return Facts(
        environment=aws.place.environment,
        cache=found,
        probed=probed,
        unasked=unasked,
        events=_or_unread(lambda: events(aws, found, EVENTS_OF)) if found.status != MISSING else (),
        rules=rules,
        missing_since=seen.at if seen else None,
        removals=() if there else _removals(aws, settings, aws.now() - REMOVED_WITHIN),
        restored_at=datetime.fromisoformat(kept) if kept else None,
        saved=_saved(aws, found),
        **_load(aws, found),
    )


def subject(settings: Settings) -> str:
    """Return what the sightings of the rule are about."""
    return f"rule/{settings.group}/{settings.source}/{settings.port}"


def _probed(aws: "Clients") -> tuple[Probed | None, str]:
    try:
        return probe(aws, "redis"), ""
    except AwsError as error:
        return None, str(error)


def _or_unread(read: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """Return what helps a person, or that it could not be read: nothing is decided by it."""
    try:
        return read()
    except AwsError as error:
        return (f"Not read: {error.operation} ({error.code}).",)


def _removals(aws: "Clients", settings: Settings, since: datetime) -> tuple[Change, ...] | None:
    try:
        return changes(aws, settings.group, REMOVING, since)
    except AwsError:
        return None  # and who cannot be asked may have been anybody


def _load(aws: "Clients", found: Cache) -> dict[str, float | None]:
    if not found.nodes:
        return {}
    on = {"CacheClusterId": next((node.id for node in found.nodes if node.role == "primary"), found.nodes[0].id)}
    wanted = {
        name: Figure(namespace="AWS/ElastiCache", metric=metric, dimensions=on, statistic=statistic, period=PERIOD)
        for name, metric, statistic in (
            ("connections", "CurrConnections", "Maximum"),
            ("evictions", "Evictions", "Sum"),
            ("memory", "DatabaseMemoryUsagePercentage", "Maximum"),
        )
    }
    try:
        seen = values(aws, wanted, within=LATELY, until=aws.now())
    except AwsError:
        return {}  # unknown, as where there is no data
    return {
        "connections": max(seen["connections"], default=None),
        "evictions": sum(seen["evictions"]) if seen["evictions"] else None,
        "memory": max(seen["memory"], default=None),
    }


def _saved(aws: "Clients", found: Cache) -> str:
    if found.status == MISSING:
        return ""
    try:
        newest = next((each for each in snapshots(aws, found) if each.complete(found)), None)
    except AwsError as error:
        return f"not known ({error.operation}: {error.code})"
    return f"{newest.name} of {newest.at:%Y-%m-%d %H:%M} UTC" if newest and newest.at else ""
