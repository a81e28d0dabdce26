"""Where outcomes and pages go: one topic for every outcome, and one for each contact of RUNBOOK.md."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.config import Contacts
from stacks.names import Names


class Topics(Construct):
    """Encrypted topics that take messages over TLS only; alarms of this account may publish to the contacts'."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, key: kms.IKey, contacts: Contacts) -> None:
        super().__init__(scope, id_)
        self._names, self._key = names, key
        self.outcomes = self._topic("outcomes")
        for team, contact in contacts.by_team().items():
            topic = self._topic(team)
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="AlarmsOfThisAccount",
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": names.place.account}},
                )
            )
            for email in contact.emails:
                topic.add_subscription(subscriptions.EmailSubscription(email))

    def _topic(self, purpose: str) -> sns.Topic:
        return sns.Topic(
            self,
            purpose.capitalize(),
            topic_name=self._names.place.name(purpose),
            display_name=f"{self._names.place.environment} remediation: {purpose}",
            master_key=self._key,
            enforce_ssl=True,
        )
