"""CloudWatch's figures: many metrics in as few calls as there can be, each as its points, oldest first.

The rule of the domain: no data is not zero. A metric that has no points answers none, and who asks says what that means.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

AT_ONCE = 500
"""Metrics that one call answers."""
COMPLETE = "Complete"


class Figure(Struct, frozen=True, kw_only=True):
    """One metric that is asked for."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: timedelta


class Point(Struct, frozen=True, kw_only=True):
    """What a metric was in the period that began then."""

    at: datetime
    value: float


Points = tuple[Point, ...]


def read(aws: "Clients", figures: Sequence[Figure], *, since: datetime, until: datetime) -> tuple[Points, ...]:
    """Return the points of each of these metrics between two instants, in the order in which they were asked for.

    Raises AwsError, also where CloudWatch answers a part of a metric only: that is not all there is, and not none either.
    """
    found: list[Points] = []
    for start in range(0, len(figures), AT_ONCE):
        asked = figures[start : start + AT_ONCE]
        points: dict[str, list[Point]] = {}
        status: dict[str, str] = {}
        pages = aws.cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[_query(n, figure) for n, figure in enumerate(asked)], StartTime=since, EndTime=until
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                status[result["Id"]] = result.get(
                    "StatusCode", COMPLETE
                )  # `PartialData` until the last page of a metric
                values = zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
                points.setdefault(result["Id"], []).extend(
                    Point(at=at.astimezone(UTC), value=value) for at, value in values
                )
        _all_of_it(asked, status)
        found += (tuple(sorted(points.get(_id(n), ()), key=lambda point: point.at)) for n, _ in enumerate(asked))
    return tuple(found)


def _all_of_it(asked: Sequence[Figure], status: Mapping[str, str]) -> None:
    for n, figure in enumerate(asked):
        if (code := status.get(_id(n), COMPLETE)) != COMPLETE:
            raise AwsError(
                f"CloudWatch did not answer all of {figure.namespace} {figure.metric}: {code}.",
                operation="GetMetricData",
                code=code,
            )


def _id(n: int) -> str:
    return f"m{n}"


def _query(n: int, figure: Figure) -> Any:  # noqa: ANN401 - botocore-stubs have a type of their own for every shape
    dimensions = [{"Name": name, "Value": value} for name, value in figure.dimensions.items()]
    metric = {"Namespace": figure.namespace, "MetricName": figure.metric, "Dimensions": dimensions}
    period = int(figure.period.total_seconds())
    return {"Id": _id(n), "MetricStat": {"Metric": metric, "Period": period, "Stat": figure.statistic}}


def values(
    aws: "Clients", figures: Mapping[str, Figure], *, within: timedelta, until: datetime
) -> dict[str, tuple[float, ...]]:
    """Return only the values of each metric in the time before an instant, oldest first. The keys are the caller's own names."""
    found = read(aws, tuple(figures.values()), since=until - within, until=until)
    return {name: tuple(point.value for point in points) for name, points in zip(figures, found, strict=True)}


def mean(points: Points) -> float | None:
    """Return the mean of some points; None where there are none."""
    return sum(point.value for point in points) / len(points) if points else None
