"""What starts a function: EventBridge rules, and topics that exist already. What they cannot deliver is kept."""

from dataclasses import dataclass

from aws_cdk import Acknowledgment, Validations
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from remediation.core.gates import LARGEST_AGE
from remediation.core.spec import AnyRunbook
from stacks.names import ALIAS, Names
from stacks.patterns import Rule


@dataclass(frozen=True, kw_only=True)
class Starts:
    """What is started, for which account, and where goes what cannot be delivered."""

    alias: lambda_.IAlias
    queue: sqs.IQueue
    account: str

    @property
    def target(self) -> events.CfnRule.TargetProperty:
        """Return the alias as a rule's target."""
        return events.CfnRule.TargetProperty(
            id=ALIAS,
            arn=self.alias.function_arn,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.queue.queue_arn),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=LARGEST_AGE.total_seconds(), maximum_retry_attempts=3
            ),
        )

    def let(self, service: str, name: str, source: str) -> None:
        """Let this rule or topic, and no other of any account, invoke the alias and use the dead-letter queue."""
        principal = iam.ServicePrincipal(f"{service}.amazonaws.com")
        self.alias.add_permission(f"{name}-starts", principal=principal, source_arn=source, source_account=self.account)
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[principal],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": source},
                    "StringEquals": {"aws:SourceAccount": self.account},
                },
            )
        )


class Rules(Construct):
    """One rule per trigger. An event that is older than what the gates let pass is not worth delivering."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        runbook: AnyRunbook,
        rules: tuple[Rule, ...],
        names: Names,
        starts: Starts,
    ) -> None:
        super().__init__(scope, id_)
        for number, rule in enumerate(rules, start=1):
            made = events.CfnRule(
                self,
                f"{rule.kind}{number}",
                name=names.rule(runbook, rule.kind, number),
                description=f"Starts {names.function(runbook)}",
                event_pattern=rule.pattern,
                schedule_expression=rule.schedule,
                state="ENABLED",
                targets=[starts.target],
            )
            starts.let("events", made.node.id, made.attr_arn)


class AlarmTopics(Construct):
    """Subscriptions to topics that the environment's alarms publish to already."""

    def __init__(self, scope: Construct, id_: str, *, topics: tuple[str, ...], starts: Starts) -> None:
        super().__init__(scope, id_)
        for number, topic in enumerate(topics, start=1):
            subscription = sns.CfnSubscription(
                self,
                f"topic{number}",
                topic_arn=topic,
                protocol="lambda",
                endpoint=starts.alias.function_arn,
                redrive_policy={"deadLetterTargetArn": starts.queue.queue_arn},
            )
            Validations.of(subscription).acknowledge(
                Acknowledgment(
                    id="CloudFormation-Validate::W3694",
                    reason="An alias is a function's ARN too, and a durable function is only invoked by a qualified one.",
                )
            )
            starts.let("sns", f"topic{number}", topic)
