"""Publish what a load balancer publishes about its targets, and what a probe of the dependencies does, from what really is."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import boto3
from moto.elbv2.models import FakeTargetGroup

from remedy.lab.world.dependencies import Dependency
from remedy.lab.world.targets import Targets

BALANCERS, PROBE = "AWS/ApplicationELB", "Remediation"
MOST = 1000
"""Values that one call takes."""


class Metrics:
    """The way to CloudWatch, which is in the emulator."""

    def __init__(self, endpoint: str, region: str) -> None:
        session = boto3.Session("test", "test", region_name=region)
        self._cloudwatch = session.client("cloudwatch", endpoint_url=endpoint)

    def publish(self, groups: list[FakeTargetGroup], targets: Targets) -> None:
        """Put HealthyHostCount and UnHealthyHostCount of every target group that a load balancer uses."""
        data: list[Any] = []
        for group in groups:
            for balancer in group.load_balancer_arns:
                dimensions = [
                    {"Name": "TargetGroup", "Value": group.arn.rsplit(":", 1)[1]},
                    {"Name": "LoadBalancer", "Value": balancer.split(":loadbalancer/", 1)[1]},
                ]
                for name, state in {"HealthyHostCount": "healthy", "UnHealthyHostCount": "unhealthy"}.items():
                    count = float(targets.count(group, state))
                    data.append({"MetricName": name, "Dimensions": dimensions, "Value": count, "Unit": "Count"})
        if data:
            self._cloudwatch.put_metric_data(Namespace=BALANCERS, MetricData=data)

    def probe(self, dependencies: Iterable[Dependency]) -> None:
        """Put DependencyDown of each dependency: 1 while nobody can reach it ([[causes]] in config/dev.toml)."""
        data: list[Any] = [
            {
                "MetricName": "DependencyDown",
                "Dimensions": [{"Name": "environment", "Value": "dev"}, {"Name": "dependency", "Value": each.name}],
                "Value": float(not each.reachable),
                "Unit": "Count",
            }
            for each in dependencies
        ]
        self._cloudwatch.put_metric_data(Namespace=PROBE, MetricData=data)

    def put(self, data: Iterable[dict[str, Any]]) -> None:
        """Put values, each with its namespace."""
        of: dict[str, list[Any]] = defaultdict(list)
        for each in data:
            of[each["Namespace"]].append({name: value for name, value in each.items() if name != "Namespace"})
        for namespace, found in of.items():
            for start in range(0, len(found), MOST):
                self._cloudwatch.put_metric_data(Namespace=namespace, MetricData=found[start : start + MOST])
