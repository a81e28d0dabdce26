"""The composition root: what a function's room turns its runbook into a Lambda handler with.

Everything that every run needs is made while Lambda initialises, once per process; a run only adds its steps.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import msgspec
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

from remediation.adapters.alarms import CloudWatchAlarms
from remediation.adapters.approvals import DynamoApprovals
from remediation.adapters.backups import AwsBackups
from remediation.adapters.clients import Clients, Name
from remediation.adapters.durable import USER_AGENT, durable_handler
from remediation.adapters.environment import NAMESPACE, from_environment
from remediation.adapters.follow_up import LambdaFollowUp
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.ledger import DynamoLedger
from remediation.adapters.logs import logger
from remediation.adapters.notify import SnsNotifier
from remediation.adapters.sightings import Sightings
from remediation.adapters.surroundings import AwsSurroundings
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from remediation.core.engine import carry_out
from remediation.core.outcome import Outcome
from remediation.core.ports import NoBackups, World
from remediation.core.record import bounded_outcome
from remediation.core.redact import redacted
from remediation.core.spec import Allow, AnyRunbook, OnAlarm
from remediation.core.steps import Steps

_NAMES: tuple[Name, ...] = get_args(Name)
_LOOKS = ("Describe", "Get", "List")


def lambda_handler(runbook: AnyRunbook) -> Callable[[Any, Any], Any]:
    """Return the handler of a runbook's function. Raises MisconfiguredError."""
    deployment, settings = from_environment(DEPLOYMENT, Deployment), from_environment(SETTINGS, runbook.settings)
    place = deployment.place
    aws = Clients(place)
    aws.sightings = Sightings(aws, table=deployment.ledger, environment=place.environment, clock=_now)
    _prepare(aws, runbook, deployment)
    ledger = DynamoLedger(aws, table=deployment.ledger, environment=place.environment)
    notifier, alarms = SnsNotifier(aws, deployment), CloudWatchAlarms(aws)
    incidents = DynamoIncidents(aws, table=deployment.ledger, environment=place.environment)
    approvals = DynamoApprovals(aws, table=deployment.ledger, environment=place.environment)
    follow_up = LambdaFollowUp(aws, place)
    surroundings = AwsSurroundings(aws, deployment.watched, _now)
    backups = AwsBackups(aws, table=deployment.ledger) if runbook.snapshots else NoBackups()
    log, metrics = logger(), Metrics(namespace=NAMESPACE)
    told_of = {"environment": place.environment, "runbook": runbook.name}

    def carry(event: object, steps: Steps, remaining: Callable[[], timedelta]) -> dict[str, Any]:
        world = World(
            deployment=deployment,
            settings=settings,
            aws=aws,
            ledger=ledger,
            notifier=notifier,
            alarms=alarms,
            incidents=incidents,
            approvals=approvals,
            follow_up=follow_up,
            surroundings=surroundings,
            backups=backups,
            clock=_now,
            remaining=remaining,
        )
        outcome = carry_out(runbook, event, steps, world)
        _count(metrics, outcome, told_of)
        answer: dict[str, Any] = redacted(msgspec.to_builtins(bounded_outcome(outcome)))
        log.info(
            f"{outcome.status}: {answer['because']}", extra=told_of | {"run": outcome.run, "status": outcome.status}
        )
        return answer

    return durable_handler(carry, aws.checkpointing(USER_AGENT))


def _now() -> datetime:
    return datetime.now(UTC)


def _prepare(aws: Clients, runbook: AnyRunbook, deployment: Deployment) -> None:
    """Make the clients that every run needs, and those of what the runbook declares."""
    looks = [allow for allow in runbook.reads if allow.action.partition(":")[2].startswith(_LOOKS)]
    sends = [allow for allow in runbook.reads if allow not in looks]  # asking on an instance is a call made once
    needed: set[Name] = {"dynamodb"}
    if runbook.yields_to or any(isinstance(trigger, OnAlarm) for trigger in runbook.triggers):
        needed.add("cloudwatch")
    if "deploy" in runbook.yields_to and deployment.watched.deploys.asgs:
        needed.add("autoscaling")
    backing: set[Name] = {"elasticache"} if runbook.snapshots else set()
    aws.prepare(
        reads=tuple(needed | backing | _services(looks)),
        acts=tuple({"sns", *_services([*sends, *(runbook.writes if deployment.mode == "act" else ())])}),
        repeats=("dynamodb",),
    )


def _services(permissions: Iterable[Allow]) -> set[Name]:
    prefixes = {allow.action.partition(":")[0].replace("elasticloadbalancing", "elbv2") for allow in permissions}
    return {name for name in _NAMES if name in prefixes}


def _count(metrics: Metrics, outcome: Outcome, dimensions: dict[str, str]) -> None:
    """Count the outcome by its status, with the dimensions environment and runbook."""
    for name, value in dimensions.items():
        metrics.add_dimension(name=name, value=value)
    metrics.add_metric(name=outcome.status, unit=MetricUnit.Count, value=1)
    metrics.flush_metrics()
