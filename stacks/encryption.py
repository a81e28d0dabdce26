"""The environment's key: the ledger, the topics and the logs are encrypted with it."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.names import Names


class EnvironmentKey(Construct):
    """A customer-managed key with rotation, that AWS services may use for this account only."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, removal: RemovalPolicy) -> None:
        super().__init__(scope, id_)
        place = names.place
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{place.environment}-remediation",
            description=f"Ledger, topics and logs of the remediation in {place.environment}",
            enable_key_rotation=True,
            pending_window=Duration.days(7 if removal == RemovalPolicy.DESTROY else 30),
            removal_policy=removal,
        )
        self._allow(
            "cloudwatch.amazonaws.com",  # alarms publish to the encrypted topics
            ["kms:Decrypt", "kms:GenerateDataKey*"],
            {"StringEquals": {"aws:SourceAccount": place.account}},
        )
        logs = names.arn("logs", f"log-group:/aws/lambda/{place.environment}-*")
        self._allow(
            f"logs.{place.region}.amazonaws.com",
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
        )

    def _allow(self, service: str, actions: list[str], conditions: dict[str, dict[str, str]]) -> None:
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)], actions=actions, resources=["*"], conditions=conditions
            )
        )
