"""CloudWatch: what a metric said lately, many metrics in one call."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

Statistic: TypeAlias = Literal["Average", "Maximum", "Minimum", "Sum", "SampleCount"]


class Wanted(Struct, frozen=True, kw_only=True):
    """One metric, and how the values within each period become one."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: Statistic = "Average"


def measured(
    aws: "Clients", wanted: Mapping[str, Wanted], now: datetime, within: timedelta, period: timedelta
) -> dict[str, tuple[float, ...]]:
    """Return the values of each metric within this time, one per period, newest first; none where there is no data.

    The keys are the caller's own names. At most 500 metrics. Raises AwsError.
    """
    keys = list(wanted)
    queries: list[Any] = [_query(f"m{number}", wanted[key], period) for number, key in enumerate(keys)]
    found: dict[str, list[float]] = {key: [] for key in keys}
    pages = aws.cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=now - within, EndTime=now, ScanBy="TimestampDescending"
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[keys[int(result["Id"][1:])]] += result.get("Values", [])
    return {key: tuple(values) for key, values in found.items()}


def _query(id_: str, wanted: Wanted, period: timedelta) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in wanted.dimensions.items()]
    metric = {"Namespace": wanted.namespace, "MetricName": wanted.metric, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": round(period.total_seconds()), "Stat": wanted.statistic}
    return {"Id": id_, "MetricStat": stat}
