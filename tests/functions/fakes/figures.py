"""What CloudWatch answers of a metric."""

from datetime import datetime, timedelta
from typing import Any


def complete(query: Any, newest_first: list[float], until: datetime) -> dict[str, Any]:
    """Return the whole answer to a query: one value for each period before an instant."""
    period = timedelta(seconds=query["MetricStat"]["Period"])
    at = [until - (n + 1) * period for n in range(len(newest_first))]
    return {"Id": query["Id"], "Timestamps": at, "Values": newest_first, "StatusCode": "Complete"}
