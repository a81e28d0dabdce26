"""What one runbook is deployed as: a durable function behind the alias `live`, its role, queue, log and rules."""

from datetime import timedelta
from pathlib import Path

import msgspec
from aws_cdk import Annotations, Duration, IgnoreMode, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from remediation.core.deployment import DEPLOYMENT, SETTINGS, Contact, Deployment
from remediation.core.gates import LARGEST_AGE
from remediation.core.spec import AnyRunbook, Manual
from stacks.config import Config
from stacks.documents import Documents
from stacks.layers import NOT_SHIPPED
from stacks.names import ALIAS, Names
from stacks.patterns import rules
from stacks.permissions import declared, documents, engine
from stacks.roles import FunctionRole
from stacks.rules import AlarmTopics, Rules, Starts
from stacks.shared import Shared

FUNCTIONS = Path(__file__).resolve().parent.parent / "functions"

INVOCATION = Duration.seconds(120)
"""One invocation. A run is many of them, and costs nothing while it waits."""
SYNCHRONOUS = timedelta(minutes=15)
"""Lambda answers a synchronous invocation of a durable function only up to this execution timeout."""
CLOSING = timedelta(minutes=5)
"""Time to close and tell, beyond a runbook's own limit."""


def execution_timeout(runbook: AnyRunbook) -> timedelta:
    """Return how long a run may stay open; Lambda ends it then, and its event goes to the dead-letter queue."""
    if any(isinstance(trigger, Manual) for trigger in runbook.triggers):
        return SYNCHRONOUS
    return runbook.guardrails.heal_within + CLOSING


def environment(runbook: AnyRunbook, config: Config) -> dict[str, str]:
    """Return a function's environment variables: two typed values as JSON, and the log level."""
    names, own = Names(config.place), config.runbooks[runbook.name]
    deployment = Deployment(
        place=config.place,
        mode=own.mode,
        ledger=names.table,
        outcomes=names.topic("outcomes"),
        contacts={
            team: Contact(topic=names.topic(team), response=contact.response)
            for team, contact in config.contacts.by_team().items()
        },
        drills_act=config.drills_act,
    )
    return {
        DEPLOYMENT: msgspec.json.encode(deployment).decode(),
        SETTINGS: msgspec.json.encode(own.settings).decode(),
        "POWERTOOLS_LOG_LEVEL": "INFO",
    }


class RunbookFunction(Construct):
    """One runbook in one environment."""

    def __init__(self, scope: Construct, id_: str, *, runbook: AnyRunbook, shared: Shared) -> None:
        super().__init__(scope, id_)
        names, own = shared.names, shared.config.runbooks[runbook.name]
        Documents(self, "Documents", names=names, documents=documents(runbook, own.mode))
        queue = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=names.queue(runbook),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        alias = self._alias(self._function(runbook, shared, queue))
        starts = Starts(alias=alias, queue=queue, account=names.place.account)
        wanted = rules(runbook, names.place, own.settings)
        Rules(self, "Rules", runbook=runbook, rules=wanted, names=names, starts=starts)
        AlarmTopics(self, "AlarmTopics", topics=own.alarm_topics, starts=starts)

    def _function(self, runbook: AnyRunbook, shared: Shared, queue: sqs.IQueue) -> lambda_.Function:
        names, config = shared.names, shared.config
        own = config.runbooks[runbook.name]
        role = FunctionRole(
            self,
            "Role",
            description=f"{runbook.name} in {config.environment}, mode {own.mode}",
            policies={
                "engine": tuple(engine(runbook, names, shared.key.key_arn)),
                "runbook": declared(runbook, own.mode, names, own.settings),
            },
        )
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=names.log_group(runbook),
            encryption_key=shared.key,
            removal_policy=shared.removal,
        )
        log.node.default_child.retention_in_days = config.log_retention_days  # type: ignore[union-attr]
        function = lambda_.Function(
            self,
            "Function",
            function_name=names.function(runbook),
            description=runbook.summary,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{runbook.package}.handler.handler",
            code=room(runbook),
            layers=shared.layers,
            role=role.role,
            environment=environment(runbook, config),
            memory_size=own.memory_mb,
            timeout=INVOCATION,
            durable_config=lambda_.DurableConfig(
                execution_timeout=Duration.seconds(execution_timeout(runbook).total_seconds()),
                retention_period=Duration.days(30),
            ),
            reserved_concurrent_executions=own.reserved_concurrency,
            log_group=log,
            # Lambda supports no destinations on durable functions. The dead-letter queue gets what could not be started,
            # and the event of every run that ends FAILED, STOPPED or TIMED_OUT.
            dead_letter_queue=queue,
            # A run in progress goes on with the version it started on, so a deploy must not delete that.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        Annotations.of(function).acknowledge_info(
            "aws-lambda:Function.DurableConfig", "Durable from the first deploy on, so nothing is replaced."
        )
        return function

    def _alias(self, function: lambda_.Function) -> lambda_.Alias:
        alias = lambda_.Alias(
            self, "Live", alias_name=ALIAS, version=function.current_version, description="What rules and people invoke"
        )
        asynchronously = lambda_.CfnEventInvokeConfig(
            self,
            "Asynchronously",
            function_name=function.function_name,
            qualifier=alias.alias_name,
            maximum_event_age_in_seconds=LARGEST_AGE.total_seconds(),
            # Lambda does not repeat a durable run that failed; this is for one that could not be started.
            maximum_retry_attempts=1,
        )
        asynchronously.node.add_dependency(alias)  # it names the alias, which CloudFormation does not see
        return alias


def room(runbook: AnyRunbook) -> lambda_.AssetCode:
    """Return the code of one room, without any other room's."""
    only = ["*", f"!{runbook.package}", f"!{runbook.package}/**", *NOT_SHIPPED]
    return lambda_.Code.from_asset(str(FUNCTIONS), exclude=only, ignore_mode=IgnoreMode.DOCKER)
