"""Make metrics of what functions log in CloudWatch's embedded metric format; stock ministack leaves it in the log."""

import json
import time
from collections.abc import Iterator
from typing import Any

from remedy.lab.emulator.ministack import service


def install() -> None:
    """Read what every invocation logged."""
    functions = service("lambda_svc")
    stock = functions._emit_lambda_logs

    def emit(func: Any, request: str, text: str, *more: Any, **named: Any) -> None:  # noqa: ANN401
        stock(func, request, text, *more, **named)
        cloudwatch, found = service("cloudwatch"), list(data(text))
        for namespace, name, dimensions, value, unit in found:
            cloudwatch._store_datum(namespace, name, dimensions, time.time(), unit, value, None, None, None)
        if found:
            cloudwatch._evaluate_all_alarms()

    functions._emit_lambda_logs = emit


def data(log: str) -> Iterator[tuple[str, str, dict[str, str], float, str]]:
    """Yield the datapoints of a log: namespace, metric, dimensions, value and unit."""
    for line in log.splitlines():
        document = _document(line)
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = {name: str(document[name]) for name in names}
                for metric in directive["Metrics"]:
                    found = document[metric["Name"]]
                    for value in found if isinstance(found, list) else [found]:
                        unit = metric.get("Unit", "None")
                        yield directive["Namespace"], metric["Name"], dimensions, float(value), unit


def _document(line: str) -> dict[str, Any]:
    if '"_aws"' not in line:
        return {}
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
