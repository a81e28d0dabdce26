"""Which figures of CloudWatch a look takes, in two calls: of the last hour or so, and of the last 24 hours."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from relieve_high_cpu.facts import Fullness, Requests
from relieve_high_cpu.settings import Dependency, Settings
from remediation.aws import load
from remediation.aws.load import Figure, Points, mean

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RECENT = 3
"""How many of the newest values of requests are `now`."""
FRESH = 2
"""So many periods old a value may be that says how something is now: a metric that stopped says nothing."""


class Seen(Struct, frozen=True, kw_only=True):
    """What CloudWatch says."""

    group: Points
    cpu: Mapping[str, Points]
    credits: Mapping[str, float | None]
    requests: Requests
    usual_hosts: float | None
    databases: tuple[Fullness, ...]
    caches: tuple[Fullness, ...]


def seen(aws: "Clients", settings: Settings, ids: Sequence[str], now: datetime) -> Seen:
    """Read every figure. Periods that have not ended are left out: they hold a part of their values."""
    back = max(settings.out_of_line_for, settings.evaluate * settings.period) + RECENT * settings.period
    until = ended(now, settings.period)
    leans_on = (*settings.databases, *settings.caches)
    figures = [
        _ec2("CPUUtilization", "AutoScalingGroupName", settings.asg, settings.period),
        *(_ec2("CPUUtilization", "InstanceId", id_, settings.period) for id_ in ids),
        *(_ec2("CPUCreditBalance", "InstanceId", id_, settings.period) for id_ in ids),
        _balancer(settings, "RequestCountPerTarget", "Sum", settings.period),
        *(_dependency(each, settings.period) for each in leans_on),
    ]
    found = load.read(aws, figures, since=ended(now - back, settings.period), until=until)
    of_instances = found[1 : 1 + 2 * len(ids)]
    requests, *full = found[1 + 2 * len(ids) :]
    today = [_balancer(settings, "RequestCountPerTarget", "Sum", HOUR), _balancer(settings, "HealthyHostCount", "Average", HOUR)]  # fmt: skip
    usual, hosts = load.read(aws, today, since=ended(now - DAY, HOUR), until=ended(now, HOUR))
    per_hour, oldest = _per_hour(usual, ended(now, HOUR)), until - FRESH * settings.period
    fullness = tuple(_fullness(each, points, oldest) for each, points in zip(leans_on, full, strict=True))
    return Seen(
        group=found[0],
        cpu=dict(zip(ids, of_instances, strict=False)),
        credits={id_: _last(points, oldest) for id_, points in zip(ids, of_instances[len(ids) :], strict=True)},
        requests=Requests(
            now=mean(requests[-RECENT:]) if _last(requests, oldest) is not None else None,
            usual=None if per_hour is None else per_hour * (settings.period / HOUR),
        ),
        usual_hosts=mean(hosts),
        databases=fullness[: len(settings.databases)],
        caches=fullness[len(settings.databases) :],
    )


def ended(instant: datetime, period: timedelta) -> datetime:
    """Return when the last period ended."""
    return instant - timedelta(seconds=instant.timestamp() % period.total_seconds())


def _ec2(metric: str, name: str, value: str, period: timedelta) -> Figure:
    return Figure(namespace="AWS/EC2", metric=metric, dimensions={name: value}, statistic="Average", period=period)


def _balancer(settings: Settings, metric: str, statistic: str, period: timedelta) -> Figure:
    dimensions = {"TargetGroup": settings.target_group, "LoadBalancer": settings.load_balancer}
    if metric == "RequestCountPerTarget":
        dimensions.pop("LoadBalancer")
    return Figure(
        namespace="AWS/ApplicationELB", metric=metric, dimensions=dimensions, statistic=statistic, period=period
    )


def _dependency(each: Dependency, period: timedelta) -> Figure:
    return Figure(
        namespace=each.namespace,
        metric=each.metric,
        dimensions=each.dimensions,
        statistic=each.statistic,
        period=period,
    )


def _fullness(each: Dependency, points: Points, oldest: datetime) -> Fullness:
    last = _last(points, oldest)
    return Fullness(name=each.name, used=None if last is None else last / each.full, per_instance=each.per_instance)


def _per_hour(points: Points, until: datetime) -> float | None:
    """Return the mean of an hour since the first one that is known: a balancer says nothing of an hour without requests."""
    return sum(point.value for point in points) / ((until - points[0].at) / HOUR) if points else None


def _last(points: Points, oldest: datetime) -> float | None:
    return points[-1].value if points and points[-1].at >= oldest else None
