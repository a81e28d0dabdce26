"""What every function is deployed as: behind the alias `live`, with its role, its dead-letter queue and its log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from aws_cdk import Annotations, Duration, RemovalPolicy
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from remediation.core.gates import LARGEST_AGE
from stacks.names import ALIAS
from stacks.network import Network
from stacks.permissions import Statement
from stacks.roles import FunctionRole
from stacks.rules import Starts
from stacks.shared import Shared

INVOCATION = Duration.seconds(120)
"""One invocation. A run is many of them, and costs nothing while it waits."""
LARGEST_ENVIRONMENT = 4096
"""Bytes of all environment variables of a function together."""
KEPT = Duration.days(30)
"""How long the history of an execution is kept after it ended."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One function. `name` is what it is called after the environment, and `package` its room."""

    name: str
    package: str
    summary: str
    code: lambda_.Code
    environment: Mapping[str, str]
    policies: Mapping[str, tuple[Statement, ...]]
    role: str
    """The role's description."""
    durable_for: timedelta | None
    """After so long Lambda ends an execution; None: not durable, one invocation is all there is."""
    memory_mb: int = 512
    network: Network | None = None
    """Where it stands; None: outside of any VPC."""
    extras: tuple[str, ...] = ()
    """Packages that it needs besides what every function has."""
    concurrency: int | None = None
    doors: Mapping[str, str] = field(default_factory=dict)
    """Aliases besides `live`, each with what it is for: where a right to invoke is to be a right to one thing only."""
    retries: int = 1
    """Lambda does not repeat a durable run that failed; this is for one that could not be started."""


class EnvironmentTooLargeError(ValueError):
    """What a function has to be told does not fit into its environment variables."""


class LiveFunction(Construct):
    """One function in one environment."""

    def __init__(self, scope: Construct, id_: str, *, plan: Plan, shared: Shared) -> None:
        super().__init__(scope, id_)
        place = shared.names.place
        self.queue = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=place.name(f"{plan.name}-dlq"),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        function = self._function(plan, shared)
        self.alias = self._alias(function, "Live", ALIAS, "What rules and people invoke", plan.retries)
        for name, summary in plan.doors.items():
            self._alias(function, f"Through-{name}", name, summary, plan.retries)
        self.starts = Starts(alias=self.alias, queue=self.queue, account=place.account)

    def _function(self, plan: Plan, shared: Shared) -> lambda_.Function:
        called = f"{shared.config.environment}-{plan.name}"
        if (size := environment_size(plan.environment)) > LARGEST_ENVIRONMENT:
            raise EnvironmentTooLargeError(
                f"{called} would be told {size} bytes in environment variables, and Lambda takes {LARGEST_ENVIRONMENT}."
            )
        role = FunctionRole(self, "Role", description=plan.role, policies=plan.policies)
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{called}",
            encryption_key=shared.key,
            removal_policy=shared.removal,
        )
        log.node.default_child.retention_in_days = shared.config.log_retention_days  # type: ignore[union-attr]
        function = lambda_.Function(
            self,
            "Function",
            function_name=called,
            description=plan.summary,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"{plan.package}.handler.handler",
            code=plan.code,
            layers=[*shared.layers, *(shared.extras[name] for name in plan.extras)],
            role=role.role,
            environment=dict(plan.environment),
            memory_size=plan.memory_mb,
            timeout=INVOCATION,
            durable_config=_durable(plan.durable_for) if plan.durable_for is not None else None,
            reserved_concurrent_executions=plan.concurrency,
            log_group=log,
            # Lambda supports no destinations on durable functions. The dead-letter queue gets what could not be started,
            # and the event of every run that ends FAILED, STOPPED or TIMED_OUT.
            dead_letter_queue=self.queue,
            # A run in progress goes on with the version it started on, so a deploy must not delete that.
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        if plan.network is not None:
            # By hand, because the construct would want to give the role a managed policy on all interfaces.
            function.node.default_child.vpc_config = lambda_.CfnFunction.VpcConfigProperty(  # type: ignore[union-attr]
                subnet_ids=list(plan.network.subnets), security_group_ids=list(plan.network.security_groups)
            )
        if plan.durable_for is not None:
            Annotations.of(function).acknowledge_info(
                "aws-lambda:Function.DurableConfig", "Durable from the first deploy on, so nothing is replaced."
            )
        return function

    def _alias(self, function: lambda_.Function, id_: str, name: str, summary: str, retries: int) -> lambda_.Alias:
        alias = lambda_.Alias(self, id_, alias_name=name, version=function.current_version, description=summary)
        asynchronously = lambda_.CfnEventInvokeConfig(
            self,
            "Asynchronously" if name == ALIAS else f"Asynchronously-{name}",
            function_name=function.function_name,
            qualifier=alias.alias_name,
            maximum_event_age_in_seconds=LARGEST_AGE.total_seconds(),
            maximum_retry_attempts=retries,
        )
        asynchronously.node.add_dependency(alias)  # it names the alias, which CloudFormation does not see
        return alias


def environment_size(variables: Mapping[str, str]) -> int:
    """Return how many bytes environment variables take."""
    return sum(len(name.encode()) + len(value.encode()) for name, value in variables.items())


def _durable(limit: timedelta) -> lambda_.DurableConfig:
    return lambda_.DurableConfig(execution_timeout=Duration.seconds(limit.total_seconds()), retention_period=KEPT)
