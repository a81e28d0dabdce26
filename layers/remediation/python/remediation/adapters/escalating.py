"""The composition root of `escalate-incident`: what its room is turned into a Lambda handler with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from remediation.adapters.alarms import CloudWatchAlarms
from remediation.adapters.clients import Clients
from remediation.adapters.durable import USER_AGENT, durable_handler
from remediation.adapters.environment import from_environment
from remediation.adapters.incidents import DynamoIncidents
from remediation.adapters.logs import logger
from remediation.adapters.notify import SnsNotifier
from remediation.adapters.surroundings import AwsSurroundings
from remediation.core.deployment import DEPLOYMENT, Deployment
from remediation.core.escalation import Duty, Task, follow_up
from remediation.core.narration import clip
from remediation.core.notice import Notice
from remediation.core.redact import redact, redacted
from remediation.core.steps import Steps


def escalation_handler() -> Callable[[Any, Any], Any]:
    """Return the handler of the function that follows incidents up. Raises MisconfiguredError."""
    deployment = from_environment(DEPLOYMENT, Deployment)
    aws = Clients(deployment.place)
    aws.prepare(reads=("cloudwatch", "dynamodb"), acts=("sns",), repeats=("dynamodb",))
    duty = composed(deployment, aws)
    log = logger()

    def carry(event: object, steps: Steps, _: Callable[[], timedelta]) -> dict[str, Any]:
        try:
            task = msgspec.convert(event, Task)
        except msgspec.ValidationError as error:
            return _misunderstood(error, steps, duty)
        ended = follow_up(task, steps, duty)
        answer: dict[str, Any] = redacted(msgspec.to_builtins(ended))
        log.info(f"{ended.end}: {answer['key']}", extra={"run": task.outcome.run, "pages": ended.pages})
        return answer

    return durable_handler(carry, aws.checkpointing(USER_AGENT))


def composed(deployment: Deployment, aws: Clients) -> Duty:
    """Return what a follow-up touches in a deployment."""

    def clock() -> datetime:
        return datetime.now(UTC)

    return Duty(
        deployment=deployment,
        notifier=SnsNotifier(aws, deployment),
        alarms=CloudWatchAlarms(aws),
        surroundings=AwsSurroundings(aws, deployment.watched, clock),
        incidents=DynamoIncidents(aws, table=deployment.ledger, environment=deployment.place.environment),
        clock=clock,
    )


def _misunderstood(error: msgspec.ValidationError, steps: Steps, duty: Duty) -> dict[str, Any]:
    """Tell infrastructure that something was to be followed up that cannot be understood."""
    environment = duty.deployment.place.environment
    now = steps.read("now", duty.clock, datetime)
    notice = Notice(
        kind="trouble",
        environment=environment,
        run=steps.run,
        incident=f"{environment}|escalate-incident",
        team="infrastructure",
        severity="critical",
        title="An incident cannot be followed up",
        because=clip(redact(f"escalate-incident was invoked with what is no incident: {error}.")),
        at=now,
        next_steps=(f"See what is open: remedy status --env {environment}",),
    )
    steps.read("trouble", lambda: duty.notifier.notify(notice, notice.team), None)
    return {"end": "rejected", "because": notice.because}
