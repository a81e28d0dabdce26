"""CloudWatch may answer a metric in parts: all of them are read, and what stays a part is an error."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from remediation.aws import load
from remediation.aws.load import Figure, Points
from remediation.core.errors import AwsError

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
FIVE = timedelta(minutes=5)
CPU = Figure(namespace="AWS/EC2", metric="CPUUtilization", dimensions={}, statistic="Average", period=FIVE)


def page(status: str, *values: float, first: int = 0) -> Any:
    at = [BEGIN + n * FIVE for n in range(first, first + len(values))]
    result = {"Id": "m0", "Timestamps": at, "Values": list(values), "StatusCode": status}
    return {"MetricDataResults": [result]}


def answering(pages: Sequence[Any]) -> Any:
    paginator = SimpleNamespace(paginate=lambda **_: pages)
    return SimpleNamespace(cloudwatch=SimpleNamespace(get_paginator=lambda _: paginator))


def read(pages: Sequence[Any]) -> Points:
    (found,) = load.read(answering(pages), [CPU], since=BEGIN, until=BEGIN + 4 * FIVE)
    return found


def test_parts_on_several_pages_make_one_whole() -> None:
    found = read([page("PartialData", 10.0, 20.0), page("Complete", 30.0, first=2)])
    assert [point.value for point in found] == [10.0, 20.0, 30.0]


@pytest.mark.parametrize("status", ["PartialData", "InternalError", "Forbidden"])
def test_what_stays_a_part_is_an_error_and_not_all_there_is(status: str) -> None:
    with pytest.raises(AwsError, match=f"did not answer all of AWS/EC2 CPUUtilization: {status}.") as failed:
        read([page(status, 10.0)])
    assert failed.value.code == status


def test_who_wants_only_the_values_gets_no_part_either() -> None:
    until = BEGIN + 4 * FIVE
    whole = answering([page("Complete", 10.0, 20.0)])
    assert load.values(whole, {"busy": CPU}, within=4 * FIVE, until=until) == {"busy": (10.0, 20.0)}
    with pytest.raises(AwsError, match="PartialData"):
        load.values(answering([page("PartialData", 10.0)]), {"busy": CPU}, within=4 * FIVE, until=until)


def test_a_metric_without_values_is_complete_and_empty() -> None:
    assert read([page("Complete")]) == ()
