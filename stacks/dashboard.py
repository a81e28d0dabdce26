"""The dashboard: a row per function, with what became of its runs, how long they took, and what went wrong."""

import json
from typing import Any, get_args

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct
from msgspec import Struct

from remediation.core.outcome import Status
from remediation.core.spec import AnyRunbook
from stacks.config import Config
from stacks.names import METRICS
from stacks.permissions import ATLAS_WRITER, ESCALATION, PROBE, SWEEP

HEIGHT, TITLE_HEIGHT, WIDTH = 6, 2, 8


class Row(Struct, frozen=True, kw_only=True):
    """A title, and graphs side by side: each its name, its metrics and the statistic."""

    title: str
    graphs: tuple[tuple[str, list[list[Any]], str], ...]


def body(catalog: tuple[AnyRunbook, ...], config: Config) -> dict[str, Any]:
    """Return the dashboard as CloudWatch reads it: a row per runbook, then one per function that belongs to none."""
    probe = (_probe(config),) if config.network is not None else ()
    writer = (_writer(config),) if config.writing is not None else ()
    system = (*writer, *probe, _sweep(config), _escalation(config))
    rows = (*(_runbook(runbook, config) for runbook in catalog), *system)
    widgets = (_row(row, config, number * (TITLE_HEIGHT + HEIGHT)) for number, row in enumerate(rows))
    return {"start": "-P1D", "widgets": [widget for row in widgets for widget in row]}


def _runbook(runbook: AnyRunbook, config: Config) -> Row:
    runs = ["environment", config.environment, "runbook", runbook.name]
    return Row(
        title=f"{runbook.name} ({config.runbooks[runbook.name].mode})\n{runbook.summary}",
        graphs=(
            ("Outcomes", [[METRICS, status, *runs] for status in get_args(Status)], "Sum"),
            ("How long runs were open (ms)", [_open(runbook.name, config)], "Maximum"),
            ("Trouble", _trouble(runbook.name, config, durable=True), "Sum"),
        ),
    )


def _probe(config: Config) -> Row:
    seen = [name for name in ("redis", "mongodb") if getattr(config.dependencies, name) is not None]
    down = [[METRICS, "DependencyDown", "environment", config.environment, "dependency", name] for name in seen]
    return Row(
        title=f"{PROBE}\nWhat the application depends on, seen from where it stands.",
        graphs=(
            ("Dependencies that are down", down, "Maximum"),
            ("Looks", [["AWS/Lambda", "Invocations", "FunctionName", f"{config.environment}-{PROBE}"]], "Sum"),
            ("Trouble", _trouble(PROBE, config, durable=False), "Sum"),
        ),
    )


def _writer(config: Config) -> Row:
    asked, took = (
        ["AWS/Lambda", name, "FunctionName", f"{config.environment}-{ATLAS_WRITER}"]
        for name in ("Invocations", "Duration")
    )
    return Row(
        title=f"{ATLAS_WRITER}\nWhat was asked of the one function that can write to Atlas.",
        graphs=(
            ("Requests", [asked], "Sum"),
            ("How long they took (ms)", [took], "Maximum"),
            ("Trouble", _trouble(ATLAS_WRITER, config, durable=False), "Sum"),
        ),
    )


def _sweep(config: Config) -> Row:
    ticks = ["environment", config.environment, "runbook", SWEEP]
    counted = ("offered", "held", "closed", "late", "recovered", "failures")
    return Row(
        title=f"{SWEEP}\nAlarms that are still in ALARM, and runs and incidents that were left lying.",
        graphs=(
            ("What ticks came to", [[METRICS, name, *ticks] for name in counted], "Sum"),
            ("Ticks", [["AWS/Lambda", "Invocations", "FunctionName", f"{config.environment}-{SWEEP}"]], "Sum"),
            ("Trouble", _trouble(SWEEP, config, durable=False), "Sum"),
        ),
    )


def _escalation(config: Config) -> Row:
    started = ["AWS/Lambda", "DurableExecutionStarted", "FunctionName", f"{config.environment}-{ESCALATION}"]
    return Row(
        title=f"{ESCALATION}\nIncidents that are followed up until somebody answers or the alarm is over.",
        graphs=(
            ("Incidents that were followed up", [started], "Sum"),
            ("How long they were open (ms)", [_open(ESCALATION, config)], "Maximum"),
            ("Trouble", _trouble(ESCALATION, config, durable=True), "Sum"),
        ),
    )


def _open(name: str, config: Config) -> list[Any]:
    return ["AWS/Lambda", "DurableExecutionDuration", "FunctionName", f"{config.environment}-{name}"]


def _trouble(name: str, config: Config, *, durable: bool) -> list[list[Any]]:
    wrong = ("Errors", "Throttles", "DurableExecutionTimedOut") if durable else ("Errors", "Throttles")
    trouble: list[list[Any]] = [
        ["AWS/Lambda", metric, "FunctionName", f"{config.environment}-{name}"] for metric in wrong
    ]
    queue = config.place.name(f"{name}-dlq")
    dead = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue, {"stat": "Maximum"}]
    return [*trouble, dead]


def _row(row: Row, config: Config, y: int) -> list[dict[str, Any]]:
    title = {
        "type": "text",
        "x": 0,
        "y": y,
        "width": len(row.graphs) * WIDTH,
        "height": TITLE_HEIGHT,
        "properties": {"markdown": f"## {row.title}"},
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
        for column, (name, metrics, stat) in enumerate(row.graphs)
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
