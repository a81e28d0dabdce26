"""What one runbook is deployed as: a durable function behind the alias `live`, its role, queue, log and rules."""

from datetime import timedelta
from pathlib import Path

import msgspec
from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from remediation.core.deployment import DEPLOYMENT, SETTINGS
from remediation.core.spec import AnyRunbook, Manual, answers_in_time
from remediation.core.verdict import LONGEST_ASKED
from stacks.config import Config
from stacks.deployments import deployment
from stacks.documents import Documents
from stacks.layers import NOT_SHIPPED
from stacks.live_function import LiveFunction, Plan
from stacks.patterns import rules
from stacks.permissions import documents, policies
from stacks.rules import AlarmTopics, Rules
from stacks.shared import Shared

FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"

SYNCHRONOUS = timedelta(minutes=15)
"""Lambda answers a synchronous invocation of a durable function only up to this execution timeout."""
CLOSING = timedelta(minutes=5)
"""Time to close and tell, beyond a runbook's own limit."""


def execution_timeout(runbook: AnyRunbook, ask_first: tuple[str, ...] = ()) -> timedelta:
    """Return how long a run may stay open; Lambda ends it then, and its event goes to the dead-letter queue."""
    by_hand = any(isinstance(trigger, Manual) for trigger in runbook.triggers)
    if by_hand and answers_in_time(runbook, ask_first):
        return SYNCHRONOUS
    return runbook.guardrails.heal_within + asking(runbook, ask_first) + CLOSING


def asking(runbook: AnyRunbook, ask_first: tuple[str, ...] = ()) -> timedelta:
    """Return how long people may take at most: where they are asked, each act may have to wait for them."""
    return runbook.guardrails.max_acts * LONGEST_ASKED if runbook.asks or ask_first else timedelta(0)


def environment(runbook: AnyRunbook, config: Config) -> dict[str, str]:
    """Return a function's environment variables: two typed values as JSON, and the log level."""
    return {
        DEPLOYMENT: msgspec.json.encode(deployment(runbook, config)).decode(),
        SETTINGS: msgspec.json.encode(config.runbooks[runbook.name].settings).decode(),
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


class RunbookFunction(LiveFunction):
    """One runbook in one environment."""

    def __init__(self, scope: Construct, id_: str, *, runbook: AnyRunbook, shared: Shared) -> None:
        names, config, own = shared.names, shared.config, shared.config.runbooks[runbook.name]
        plan = Plan(
            name=runbook.name,
            package=runbook.package,
            summary=runbook.summary,
            code=room(runbook.package),
            environment=environment(runbook, config),
            policies=policies(runbook, config, shared.key.key_arn),
            role=f"{runbook.name} in {config.environment}, mode {own.mode}",
            durable_for=execution_timeout(runbook, own.ask_first),
            memory_mb=own.memory_mb,
            concurrency=own.reserved_concurrency,
            network=config.network if runbook.speaks else None,
            extras=runbook.speaks,
        )
        super().__init__(scope, id_, plan=plan, shared=shared)
        Documents(self, "Documents", names=names, documents=documents(runbook, own.mode))
        wanted = rules(runbook, names.place, own.settings)
        Rules(self, "Rules", runbook=runbook, rules=wanted, names=names, starts=self.starts)
        AlarmTopics(self, "AlarmTopics", topics=own.alarm_topics, starts=self.starts)


def room(package: str) -> lambda_.AssetCode:
    """Return the code of one room, without any other room's."""
    only = ["*", f"!{package}", f"!{package}/**", *NOT_SHIPPED]
    return lambda_.Code.from_asset(str(FUNCTIONS), exclude=only, ignore_mode=IgnoreMode.DOCKER)
