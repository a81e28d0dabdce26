"""The dashboard: a row per runbook, with what became of its runs, how long they took, and what went wrong."""

import json
from typing import Any, get_args

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from remediation.core.outcome import Status
from remediation.core.spec import AnyRunbook
from stacks.config import Config
from stacks.names import METRICS, Names

HEIGHT, TITLE_HEIGHT, WIDTH = 6, 2, 8


def body(catalog: tuple[AnyRunbook, ...], config: Config) -> dict[str, Any]:
    """Return the dashboard as CloudWatch reads it."""
    rows = (_row(runbook, config, number * (TITLE_HEIGHT + HEIGHT)) for number, runbook in enumerate(catalog))
    return {"start": "-P1D", "widgets": [widget for row in rows for widget in row]}


def _row(runbook: AnyRunbook, config: Config, y: int) -> list[dict[str, Any]]:
    names, mode = Names(config.place), config.runbooks[runbook.name].mode
    runs = ["environment", config.environment, "runbook", runbook.name]
    function, queue = ["FunctionName", names.function(runbook)], ["QueueName", names.queue(runbook)]
    trouble = [["AWS/Lambda", name, *function] for name in ("Errors", "Throttles", "DurableExecutionTimedOut")]
    dead = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", *queue, {"stat": "Maximum"}]
    graphs = (
        ("Outcomes", [[METRICS, status, *runs] for status in get_args(Status)], "Sum"),
        ("How long runs were open (ms)", [["AWS/Lambda", "DurableExecutionDuration", *function]], "Maximum"),
        ("Trouble", [*trouble, dead], "Sum"),
    )
    title = {
        "type": "text",
        "x": 0,
        "y": y,
        "width": len(graphs) * WIDTH,
        "height": TITLE_HEIGHT,
        "properties": {"markdown": f"## {runbook.name} ({mode})\n{runbook.summary}"},
    }
    return [title] + [
        {
            "type": "metric",
            "x": column * WIDTH,
            "y": y + TITLE_HEIGHT,
            "width": WIDTH,
            "height": HEIGHT,
            "properties": {"title": name, "metrics": metrics, "stat": stat, "period": 300, "region": config.region},
        }
        for column, (name, metrics, stat) in enumerate(graphs)
    ]


class Dashboard(Construct):
    """One dashboard per environment."""

    def __init__(self, scope: Construct, id_: str, *, catalog: tuple[AnyRunbook, ...], config: Config) -> None:
        super().__init__(scope, id_)
        cloudwatch.CfnDashboard(
            self,
            "Dashboard",
            dashboard_name=f"{config.environment}-remediation",
            dashboard_body=json.dumps(body(catalog, config)),
        )
