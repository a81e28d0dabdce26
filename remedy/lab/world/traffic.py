"""Requests that keep the instances busy, and the figures of them that CloudWatch has.

All requests together take so many percent of one instance, and those that serve share them. What a run waits for passes
`WAIT_FACTOR` times faster in the lab, so a second of traffic is told twice: as what is now, and as what is so many seconds later.
A day of usual traffic comes before it, for there has to be something to compare with.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from remedy.lab.environment import CACHE, GROUP
from remedy.lab.lab import WAIT_FACTOR

PERIOD = timedelta(minutes=5)
BEFORE, RISING = timedelta(hours=26), timedelta(minutes=25)
SOON = timedelta(seconds=10)
"""How far apart the values of the last two periods before now are, for the lab's alarms have short ones."""
REQUESTS = 10.0
"""Of a percent of an instance in five minutes."""
MONGODB, REDIS = 50.0, 100.0
"""Connections of an instance."""
Data = dict[str, Any]


class Serving(NamedTuple):
    """Who takes the requests; the target group and its balancer as dimensions of metrics name them."""

    target_group: str
    balancer: str
    instances: list[str]


@dataclass(frozen=True)
class Traffic:
    """What all requests take from some moment on, in percent of one instance; and what was usual before."""

    percent: float
    usual: float
    since: float

    def before(self, serving: Serving) -> Iterator[Data]:
        """Yield the figures of the day before: usual until lately."""
        now = datetime.fromtimestamp(self.since, UTC)
        at = now - BEFORE
        while at < now:
            load = self.percent if at >= now - RISING else self.usual
            span = SOON if at >= now - PERIOD else PERIOD
            yield from _figures(at, span, load, serving)
            at += span

    def told(self, serving: Serving) -> Iterator[Data]:
        """Yield the figures of this second."""
        now = time.time()
        for at, seconds in ((now, 1), (self.since + (now - self.since) * WAIT_FACTOR, WAIT_FACTOR)):
            moment, span = datetime.fromtimestamp(at, UTC), timedelta(seconds=seconds)
            yield from _figures(moment, span, self.percent, serving)


def _figures(at: datetime, span: timedelta, load: float, serving: Serving) -> Iterator[Data]:
    instances, target_group = serving.instances, serving.target_group
    number = max(1, len(instances))
    cpu = min(100.0, load / number)
    yield _value(at, "AWS/EC2", "CPUUtilization", cpu, AutoScalingGroupName=GROUP)
    for each in instances:
        yield _value(at, "AWS/EC2", "CPUUtilization", cpu, InstanceId=each)
    requests = REQUESTS * load / number * (span / PERIOD)
    yield _value(at, "AWS/ApplicationELB", "RequestCountPerTarget", requests, TargetGroup=target_group)
    healthy = {"TargetGroup": target_group, "LoadBalancer": serving.balancer}
    yield _value(at, "AWS/ApplicationELB", "HealthyHostCount", float(len(instances)), **healthy)
    yield _value(at, "StartTech", "MongoConnections", MONGODB * number, Environment="dev")
    yield _value(at, "AWS/ElastiCache", "CurrConnections", REDIS * number, CacheClusterId=CACHE)


def _value(at: datetime, namespace: str, metric: str, value: float, **dimensions: str) -> Data:
    named = [{"Name": name, "Value": each} for name, each in dimensions.items()]
    return {"Namespace": namespace, "MetricName": metric, "Dimensions": named, "Timestamp": at, "Value": value}
