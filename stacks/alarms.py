"""Alarms: those that runbooks bring along, and those on the remediation itself.

An alarm that starts a runbook has no action of its own: its event reaches EventBridge, and the runbook pages whom it has to.
An alarm on the remediation itself means that nobody is healing, so it pages a person.
"""

from collections.abc import Iterable, Iterator

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct
from msgspec import Struct

from remediation.core.spec import Alarm, AnyRunbook, fill
from stacks.names import Names
from stacks.runbook_function import asking

AT_LEAST = "GreaterThanOrEqualToThreshold"
BELOW = "LessThanThreshold"
MARGIN = 120_000
"""Milliseconds beyond `heal_within` within which a run has to be closed."""


class Watch(Struct, frozen=True, kw_only=True):
    """An alarm on one function: it fires when the metric reaches the threshold in one period of five minutes.

    With `below`, it fires when the metric stays below the threshold, or is silent, for some `periods`: a dead man's switch.
    """

    name: str
    because: str
    namespace: str
    metric: str
    statistic: str = "Sum"
    threshold: float = 1
    below: bool = False
    periods: int = 1


def watches(runbook: AnyRunbook, ask_first: tuple[str, ...] = ()) -> Iterator[Watch]:
    """Yield the alarms on a runbook's function."""
    heal_within = runbook.guardrails.heal_within + asking(runbook, ask_first)
    limit = round(heal_within.total_seconds() * 1000) + MARGIN
    yield from function_watches(durable=True)
    yield Watch(
        name="too-long",
        because=f"A run was open for more than {limit // 1000} s, which is longer than the runbook allows itself.",
        namespace="AWS/Lambda",
        metric="DurableExecutionDuration",
        statistic="Maximum",
        threshold=limit,
    )


def function_watches(*, durable: bool) -> Iterator[Watch]:
    """Yield the alarms on any function."""
    lambda_ = "AWS/Lambda"
    yield Watch(
        name="dlq",
        because="An event was not handled; it lies in the dead-letter queue.",
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
    )
    yield Watch(name="errors", because="The function raised, timed out or crashed.", namespace=lambda_, metric="Errors")
    yield Watch(
        name="throttles", because="There was no concurrency left to start it.", namespace=lambda_, metric="Throttles"
    )
    yield Watch(
        name="lost",
        because="An event that failed could not even be kept in the dead-letter queue.",
        namespace=lambda_,
        metric="DeadLetterErrors",
    )
    if not durable:
        return
    yield Watch(
        name="failed",
        because="A run ended without an outcome.",
        namespace=lambda_,
        metric="DurableExecutionFailed",
    )
    # How long a run is open is only known per function when it ends, and Lambda ends it at its execution timeout at the
    # latest. (ApproximateRunningDurableExecutions counts all functions of the account together.)
    yield Watch(
        name="timed-out",
        because="A run was still open at its execution timeout; Lambda ended it.",
        namespace=lambda_,
        metric="DurableExecutionTimedOut",
    )


class SystemAlarms(Construct):
    """The alarms on one function and its queue; `name` is what it is called after the environment."""

    def __init__(self, scope: Construct, id_: str, *, name: str, watches: Iterable[Watch], names: Names) -> None:
        super().__init__(scope, id_)
        queue, function = names.place.name(f"{name}-dlq"), f"{names.place.environment}-{name}"
        for watch in watches:
            on = ("QueueName", queue) if watch.namespace == "AWS/SQS" else ("FunctionName", function)
            cloudwatch.CfnAlarm(
                self,
                watch.name,
                alarm_name=names.place.name(f"{name}-{watch.name}"),
                alarm_description=f"{name} in {names.place.environment}: {watch.because}",
                namespace=watch.namespace,
                metric_name=watch.metric,
                dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=on[0], value=on[1])],
                statistic=watch.statistic,
                period=300,
                evaluation_periods=watch.periods,
                comparison_operator=BELOW if watch.below else AT_LEAST,
                threshold=watch.threshold,
                treat_missing_data="breaching" if watch.below else "notBreaching",
                alarm_actions=[names.topic("infrastructure")],
                ok_actions=[names.topic("infrastructure")],
            )


class RunbookAlarms(Construct):
    """The alarms that a runbook brings along, because the environment's own cannot fire.

    No data means nothing to heal (a metric of a target group without targets is not published), so the alarm goes back to
    OK and the next breach is a transition again.
    """

    def __init__(
        self, scope: Construct, id_: str, *, alarms: tuple[Alarm, ...], names: Names, settings: Struct
    ) -> None:
        super().__init__(scope, id_)
        for alarm in alarms:
            namespace = fill(alarm.namespace, names.place, settings)
            if alarm.lines is not None:
                logs.CfnMetricFilter(
                    self,
                    f"{alarm.name}-lines",
                    filter_name=names.place.name(alarm.name),
                    filter_pattern=alarm.lines.pattern,
                    log_group_name=fill(alarm.lines.group, names.place, settings),
                    metric_transformations=[
                        logs.CfnMetricFilter.MetricTransformationProperty(
                            metric_namespace=namespace, metric_name=alarm.metric, metric_value="1", default_value=0
                        )
                    ],
                )
            cloudwatch.CfnAlarm(
                self,
                alarm.name,
                alarm_name=names.place.name(alarm.name),
                alarm_description=alarm.summary,
                namespace=namespace,
                metric_name=alarm.metric,
                dimensions=[
                    cloudwatch.CfnAlarm.DimensionProperty(name=name, value=fill(template, names.place, settings))
                    for name, template in alarm.dimensions.items()
                ],
                statistic=alarm.statistic,
                period=round(alarm.period.total_seconds()),
                evaluation_periods=alarm.evaluate,
                datapoints_to_alarm=alarm.breach,
                comparison_operator=BELOW if alarm.below else AT_LEAST,
                threshold=alarm.limit(settings),
                treat_missing_data="notBreaching",
            )
